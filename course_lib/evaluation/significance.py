"""What chance alone could do: intervals by resampling, p values by flipping signs, correction for several comparisons.

Scores come as arrays of shape (seeds, groups): one row a training seed, one column a group of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(scores: np.ndarray, resamples: int, seed: int) -> Interval:
    """The mean of scores (seeds, groups), with the percentile interval that `difference` describes."""
    return difference(scores, np.zeros((1, scores.shape[1])), resamples, seed)


def difference(candidate: np.ndarray, baseline: np.ndarray, resamples: int, seed: int) -> Interval:
    """Mean of candidate (seeds, groups) minus baseline (other seeds, the same groups), with its percentile interval.

    Each resample draws groups and, for each side, seeds: with replacement, independently of each other (Owen, The
    pigeonhole bootstrap, 2007; with one seed a side it is Efron's, 1979). So the interval holds the chance of having
    asked these queries and the chance of having trained with these seeds; with one seed a side, of the queries alone.
    Where seeds move the mean more than queries do, an interval from three of them is still somewhat narrow.
    """
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, candidate.shape[1], (resamples, candidate.shape[1]))
    per_group = _mean_over_drawn_seeds(candidate, resamples, rng) - _mean_over_drawn_seeds(baseline, resamples, rng)
    means = np.take_along_axis(per_group, groups, axis=1).mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float((candidate.mean(axis=0) - baseline.mean(axis=0)).mean()), float(low), float(high))


def _mean_over_drawn_seeds(scores: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Shape (resamples, groups).

    Drawing S seeds out of S shows (S - 1) / S of the variance between them, so they are spread by as much before
    (Rao and Wu, Resampling inference with complex survey data, 1988).
    """
    seeds, centre = len(scores), scores.mean(axis=0)
    if seeds > 1:
        scores = centre + (scores - centre) * np.sqrt(seeds / (seeds - 1))
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds @ scores


def permutation_p(differences: np.ndarray, resamples: int, seed: int) -> float:
    """Two-sided p value of a mean of zero, by flipping the signs of paired differences, shape (groups,).

    Exact where there are no more than `resamples` ways to flip; else of that many drawn ones, counted with the observed
    one, so that it is never zero (Phipson and Smyth, 2010). Source: Smucker, Allan and Carterette, CIKM 2007.
    """
    if len(differences) < 2:
        return 1.0  # of the two ways, both are as far from zero
    found = permutation_test(
        (differences,),
        lambda values, axis: values.mean(axis=axis),
        vectorized=True,
        permutation_type="samples",
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted so that calling those below a level real errs in any of them with at most that probability.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics, 1979.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted.tolist()

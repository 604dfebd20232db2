"""Scores with intervals, and one verdict line for two retrievers on one task.

Queries of one group are averaged first, and every interval is a bootstrap over groups: three scenarios of one concept
are not three independent observations. A trained retriever may be judged by its scores from several training seeds.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from course_lib.errors import CourseError
from course_lib.evaluation import readings, significance
from course_lib.evaluation.metrics import HEADLINE, METRICS, score
from course_lib.evaluation.retrievers import Retriever
from course_lib.evaluation.significance import Interval
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.files import write_atomically

LEVEL = 0.05  # of an adjusted p value: at or above it, a difference may be chance


@dataclass(frozen=True)
class Scores:
    """What one retriever reached on one task: per query and metric.

    `fingerprint` is the task's; `seed` is the one that the retriever's model was trained with, None if it was not.
    """

    task: str
    retriever: str
    per_query: dict[str, dict[str, float]]
    groups: dict[str, str]
    fingerprint: str = ""
    seed: int | None = None

    def per_group(self, metric: str = HEADLINE) -> dict[str, float]:
        """Mean over the queries of each group."""
        values = defaultdict(list)
        for query, scores in self.per_query.items():
            values[self.groups[query]].append(scores[metric])
        return {group: float(np.mean(v)) for group, v in values.items()}

    def by_group(self) -> "Scores":
        """The headline alone, one value a group: all that intervals and verdicts need, and small enough to be kept."""
        means = self.per_group()
        values = {group: {HEADLINE: mean} for group, mean in means.items()}
        return Scores(self.task, self.retriever, values, {g: g for g in means}, self.fingerprint, self.seed)


Runs = Scores | Sequence[Scores]  # one retriever on one task: its scores, or those of each of its training seeds


def keep(scores: Scores, folder: Path) -> Path:
    """Write the scores where `kept` finds them: a later notebook need not rank again."""
    file = _file(folder, scores.task, scores.retriever, scores.seed)
    write_atomically(file, json.dumps(asdict(scores)).encode())
    return file


def kept(folder: Path, task: RetrievalTask, retriever: str, seed: int | None = None) -> Scores:
    """Scores of an earlier notebook. Raises CourseError when there are none, or when they are of another task."""
    file = _file(folder, task.name, retriever, seed)
    if not file.is_file():
        raise CourseError(f"{file} does not exist: run the notebook that scores {retriever!r} first.")
    scores = Scores(**json.loads(file.read_text(encoding="utf-8")))
    if (scores.retriever, scores.seed) != (retriever, seed):
        raise CourseError(f"{file} holds scores of {scores.retriever!r}, not of {retriever!r}: rename one of the two.")
    if scores.groups != task.groups or scores.fingerprint != task.fingerprint:
        raise CourseError(f"{file} holds scores of other queries or another corpus: run its notebook again.")
    return scores


def _file(folder: Path, task: str, retriever: str, seed: int | None) -> Path:
    name = f"{task} {retriever}" if seed is None else f"{task} {retriever} seed {seed}"
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.json"


def evaluate(task: RetrievalTask, retriever: Retriever, seed: int | None = None) -> Scores:
    """Rank the corpus for every query and score each ranking; `seed` is that of the retriever's training.

    A look at a task of the test split is written down (see `readings`).
    """
    rankings = retriever.rank(task)
    readings.note(task, retriever.name)
    per_query = {query: score(rankings[query], task.qrels[query]) for query in task.queries}
    return Scores(task.name, retriever.name, per_query, task.groups, task.fingerprint, seed)


def interval(scores: Runs, resamples: int, seed: int, metric: str = HEADLINE) -> Interval:
    """Mean over groups and training seeds with its interval (see `significance.difference`)."""
    return significance.interval(_by_group(runs(scores), metric), resamples, seed)


def summary(scores: Runs, resamples: int, seed: int) -> dict:
    """One row of the ledger: the headline with its interval, and the means of all metrics that the scores hold."""
    same = runs(scores)
    headline = interval(same, resamples, seed)
    held = [name for name in METRICS if all(name in own for run in same for own in run.per_query.values())]
    means = {name: round(float(_by_group(same, name).mean()), 6) for name in held}
    row = {"task": same[0].task, "retriever": same[0].retriever, "groups": len(same[0].per_group()), "seeds": len(same)}
    return row | {key: round(value, 6) for key, value in asdict(headline).items()} | {"metrics": means}


@dataclass(frozen=True)
class Verdict:
    """Candidate minus baseline on one task, in nDCG@10.

    WIN: the interval lies above zero and the adjusted p value below LEVEL; REGRESSION: the same below zero. `p` is of
    the permutation test over groups, `adjusted_p` is Holm's over the `comparisons` that were made together. A claim
    about a way to train takes at least three `seeds`: one training may have been lucky.
    """

    task: str
    candidate: str
    baseline: str
    difference: Interval
    word: Literal["WIN", "NO DIFFERENCE", "REGRESSION"]
    p: float
    adjusted_p: float
    comparisons: int
    seeds: int
    baseline_seeds: int

    def __str__(self) -> str:
        d = self.difference
        change = f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}] nDCG@10"
        seeds = f"{self.seeds} seed{'s' * (self.seeds > 1)}"
        against = f" against {self.baseline_seeds}" if self.baseline_seeds > 1 else ""
        corrected = f" (Holm, {self.comparisons} comparisons)" if self.comparisons > 1 else ""
        head = f"{self.word}: {self.candidate} against {self.baseline}, {self.task}"
        return f"{head}: {change}, {seeds}{against}, p = {self.adjusted_p:.4f}{corrected}"


def verdict(candidate: Runs, baseline: Runs, resamples: int, seed: int) -> Verdict:
    """The verdict on a single comparison. Raises what `verdicts` raises."""
    return verdicts([(candidate, baseline)], resamples, seed)[0]


def verdicts(comparisons: Sequence[tuple[Runs, Runs]], resamples: int, seed: int) -> list[Verdict]:
    """One verdict for each (candidate, baseline), their p values corrected for being so many (Holm 1979).

    The interval is a paired bootstrap over groups and training seeds, the p value a paired permutation test over groups
    of the means over seeds. Several comparisons may be of one task or of several.
    Raises CourseError when two were not scored on the same queries and corpus, or when a training seed stands twice.
    """
    pairs = [paired(candidate, baseline) for candidate, baseline in comparisons]
    scores = [np.split(_by_group([*ours, *theirs]), [len(ours)]) for ours, theirs in pairs]  # the same columns
    p_values = [significance.permutation_p(c.mean(axis=0) - b.mean(axis=0), resamples, seed) for c, b in scores]
    found = []
    for (ours, theirs), (c, b), p, adjusted in zip(pairs, scores, p_values, significance.holm(p_values), strict=True):
        change = significance.difference(c, b, resamples, seed)
        names, counts = (ours[0].task, ours[0].retriever, theirs[0].retriever), (len(pairs), len(ours), len(theirs))
        found.append(Verdict(*names, change, _word(change, adjusted), p, adjusted, *counts))
    return found


def _word(change: Interval, adjusted_p: float) -> Literal["WIN", "NO DIFFERENCE", "REGRESSION"]:
    if adjusted_p >= LEVEL or change.low <= 0 <= change.high:
        return "NO DIFFERENCE"
    return "WIN" if change.low > 0 else "REGRESSION"


def paired(candidate: Runs, baseline: Runs) -> tuple[list[Scores], list[Scores]]:
    """Both as lists of runs. Raises CourseError when they were not scored on the same queries and corpus."""
    ours, theirs = runs(candidate), runs(baseline)
    _check_same_queries(ours + theirs)
    return ours, theirs


def runs(scores: Runs) -> list[Scores]:
    """One retriever's scores on one task as a list, one entry a training seed.

    Raises CourseError when they are none, of several retrievers or tasks, or when a seed stands twice.
    """
    found = [scores] if isinstance(scores, Scores) else list(scores)
    if not found:
        raise CourseError("There are no scores to judge: give those of at least one training seed.")
    _check_same_queries(found)
    name = found[0].retriever
    if len({run.retriever for run in found}) > 1 or len({run.seed for run in found}) < len(found):
        raise CourseError(
            f"{len(found)} scores of {name!r} do not come from as many training seeds of it: give each seed once."
        )
    return found


def _check_same_queries(found: Sequence[Scores]) -> None:
    first = found[0]
    for other in found[1:]:
        same_task = (first.task, first.fingerprint, first.groups) == (other.task, other.fingerprint, other.groups)
        if not same_task or first.per_query.keys() != other.per_query.keys():
            raise CourseError(
                f"{first.retriever!r} and {other.retriever!r} were not scored on the same queries; score both again."
            )


def _by_group(same: Sequence[Scores], metric: str = HEADLINE) -> np.ndarray:
    """Shape (seeds, groups), the groups in the order of the first run."""
    order = list(same[0].per_group(metric))
    return np.array([[values[group] for group in order] for values in (run.per_group(metric) for run in same)])

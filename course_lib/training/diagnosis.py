"""What is wrong with a training, named from its symptoms: one check a fault, each a rule that a person could apply."""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from course_lib.training.symptoms import Symptoms

Fault = Literal[
    "columns swapped",
    "labels shuffled",
    "duplicates kept",
    "train = test",
    "texts truncated",
    "margin out of reach",
    "learning rate too high",
    "metric misspelt",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

SWAPPED, SHUFFLED = 0.35, 0.65  # `nearer` is 0.5 for shuffled rows, give or take 0.05: three errors to either side
FALSE_NEGATIVES = 0.1  # a row: a loss of about 0.07 that no model can go below
LOST = 0.25  # of the tokens
REACH = 2.0  # the largest distance of two unit vectors
RATE = 5e-4  # fine-tuning uses some 1e-6 to 1e-4


@dataclass(frozen=True)
class Finding:
    """A fault, the numbers that speak for it, what to do, and where it was seen."""

    fault: Fault
    evidence: str
    remedy: str
    seen_in: Literal["rows", "recipe", "curve", "evaluator"]

    def __str__(self) -> str:
        return f"{self.fault}: {self.evidence}; {self.remedy}."


def diagnose(symptoms: Symptoms) -> list[Finding]:
    """Every fault that the symptoms show; an empty list means that none of these eight was seen."""
    return [finding for check in CHECKS if (finding := check(symptoms))]


def _order(s: Symptoms) -> Finding | None:
    """An encoder that knows the language places most rows right; one that is wrong more often than a coin is not."""
    if s.nearer is None or s.nearer >= SWAPPED:
        return None
    evidence = f"the untrained encoder is nearer to the positive in only {s.nearer:.0%} of the rows"
    return Finding("columns swapped", evidence, "order the columns as anchor, positive, negative", "rows")


def _labels(s: Symptoms) -> Finding | None:
    """No better than a coin; or a curve that starts above ln(B), what a blind model scores, and hardly gets below."""
    remedy = "read ten rows, and join the columns again by their key"
    if s.nearer is not None:
        evidence = f"the untrained encoder is nearer to the positive in {s.nearer:.0%} of the rows, a coin in 50%"
        return Finding("labels shuffled", evidence, remedy, "rows") if SWAPPED <= s.nearer < SHUFFLED else None
    if not _ranks(s) or not all(map(math.isfinite, s.losses)):
        return None  # a loss that is no number is another fault's
    if s.losses[0] < (blind := math.log(s.recipe.batch_size)) or _end(s) < 0.8 * blind:
        return None
    evidence = f"the loss starts at {s.losses[0]:.2f} and ends at {_end(s):.2f}, where a blind model has {blind:.2f}"
    return Finding("labels shuffled", evidence, remedy, "curve")


def _duplicates(s: Symptoms) -> Finding | None:
    if s.recipe.loss != "MultipleNegativesRankingLoss" or s.false_negatives <= FALSE_NEGATIVES:
        return None
    evidence = f"a row meets {s.false_negatives:.2f} rows of its own anchor or positive in a batch, as negatives"
    return Finding("duplicates kept", evidence, "drop repeated rows, or use the no_duplicates batch sampler", "rows")


def _leak(s: Symptoms) -> Finding | None:
    if not s.leaked:
        return None
    evidence = f"{s.leaked:.0%} of the held-out texts stand in the training rows"
    return Finding("train = test", evidence, "split by concept or document, and judge on what is left", "rows")


def _truncation(s: Symptoms) -> Finding | None:
    if s.lost <= LOST:
        return None
    evidence = f"{s.lost:.0%} of the tokens lie beyond max_seq_length and are never read"
    return Finding("texts truncated", evidence, "raise max_seq_length, or split the texts", "rows")


def _margin(s: Symptoms) -> Finding | None:
    if s.recipe.loss != "TripletLoss" or s.recipe.margin <= REACH:
        return None
    low, high = s.recipe.margin - REACH, s.recipe.margin + REACH
    evidence = f"margin {s.recipe.margin:g}, but unit vectors are at most 2 apart: the loss lies in [{low:g}, {high:g}]"
    return Finding("margin out of reach", evidence, "take a margin among the gaps of your own triplets", "recipe")


def _rate(s: Symptoms) -> Finding | None:
    """A rate above any used for fine-tuning; or a curve that climbs to ln(B) and stays, or is no number."""
    remedy = "divide the learning rate by 100 and look at the first ten steps"
    if s.recipe.learning_rate > RATE:
        evidence = f"a learning rate of {s.recipe.learning_rate:g}, where fine-tuning uses some 1e-6 to 1e-4"
        return Finding("learning rate too high", evidence, remedy, "recipe")
    if not all(map(math.isfinite, s.losses)):
        return Finding("learning rate too high", "the loss is no number any more", remedy, "curve")
    blind = math.log(s.recipe.batch_size)
    if not _ranks(s) or s.losses[0] > 0.75 * blind or _end(s) < 0.9 * blind:
        return None
    evidence = f"the loss climbs from {s.losses[0]:.2f} to {_end(s):.2f}, and a blind model has {blind:.2f}"
    return Finding("learning rate too high", evidence, remedy, "curve")


def _key(s: Symptoms) -> Finding | None:
    """The trainer accepts a metric with and without its prefix `eval_`; so does this check."""
    keys = [key.removeprefix("eval_") for key in s.keys]
    wanted = s.metric.removeprefix("eval_")
    if not wanted or not keys or wanted in keys:
        return None
    nearest = difflib.get_close_matches(wanted, keys, n=1, cutoff=0)[0]
    evidence = f"no key of the evaluator is called {s.metric!r}"
    return Finding("metric misspelt", evidence, f"the nearest is {'eval_' + nearest!r}", "evaluator")


def _ranks(s: Symptoms) -> bool:
    return bool(s.losses) and s.recipe.loss == "MultipleNegativesRankingLoss"


def _end(s: Symptoms) -> float:
    """Mean loss of the last third."""
    return float(np.mean(s.losses[-max(1, len(s.losses) // 3) :]))


CHECKS: tuple[Callable[[Symptoms], Finding | None], ...] = (
    _order,
    _labels,
    _duplicates,
    _leak,
    _truncation,
    _margin,
    _rate,
    _key,
)

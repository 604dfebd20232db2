"""Scores with intervals, and one verdict line for two retrievers on one task.

Queries of one group are averaged first, and every interval is a bootstrap over groups: three scenarios of one concept
are not three independent observations.
"""

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.stats import bootstrap

from course_lib.errors import CourseError
from course_lib.evaluation.metrics import HEADLINE, METRICS, score
from course_lib.evaluation.retrievers import Retriever
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.files import write_atomically

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Scores:
    """What one retriever reached on one task: per query and metric. `fingerprint` is the task's."""

    task: str
    retriever: str
    per_query: dict[str, dict[str, float]]
    groups: dict[str, str]
    fingerprint: str = ""

    def per_group(self, metric: str = HEADLINE) -> dict[str, float]:
        """Mean over the queries of each group."""
        values = defaultdict(list)
        for query, scores in self.per_query.items():
            values[self.groups[query]].append(scores[metric])
        return {group: float(np.mean(v)) for group, v in values.items()}


def keep(scores: Scores, folder: Path) -> Path:
    """Write the scores where `kept` finds them: a later notebook need not rank again."""
    file = _file(folder, scores.task, scores.retriever)
    write_atomically(file, json.dumps(asdict(scores)).encode())
    return file


def kept(folder: Path, task: RetrievalTask, retriever: str) -> Scores:
    """Scores of an earlier notebook. Raises CourseError when there are none, or when they are of another task."""
    file = _file(folder, task.name, retriever)
    if not file.is_file():
        raise CourseError(f"{file} does not exist: run the notebook that scores {retriever!r} first.")
    scores = Scores(**json.loads(file.read_text(encoding="utf-8")))
    if scores.groups != task.groups or scores.fingerprint != task.fingerprint:
        raise CourseError(f"{file} holds scores of other queries or another corpus: run its notebook again.")
    return scores


def _file(folder: Path, task: str, retriever: str) -> Path:
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', f'{task} {retriever}'.lower())}.json"


def evaluate(task: RetrievalTask, retriever: Retriever) -> Scores:
    """Rank the corpus for every query and score each ranking."""
    rankings = retriever.rank(task)
    per_query = {query: score(rankings[query], task.qrels[query]) for query in task.queries}
    return Scores(task.name, retriever.name, per_query, task.groups, task.fingerprint)


def interval(scores: Scores, resamples: int, seed: int, metric: str = HEADLINE) -> Interval:
    """Mean over groups with its percentile bootstrap interval (Efron 1979)."""
    return _bootstrap(np.array(list(scores.per_group(metric).values())), resamples, seed)


def summary(scores: Scores, resamples: int, seed: int) -> dict:
    """One row of the ledger: the headline with its interval, and the means of the other metrics."""
    headline = interval(scores, resamples, seed)
    means = {name: round(float(np.mean(list(scores.per_group(name).values()))), 6) for name in METRICS}
    row = {"task": scores.task, "retriever": scores.retriever, "groups": len(scores.per_group())}
    return row | {key: round(value, 6) for key, value in asdict(headline).items()} | {"metrics": means}


@dataclass(frozen=True)
class Verdict:
    """Candidate minus baseline on one task: WIN above zero, REGRESSION below, NO DIFFERENCE across."""

    task: str
    candidate: str
    baseline: str
    difference: Interval
    word: Literal["WIN", "NO DIFFERENCE", "REGRESSION"]

    def __str__(self) -> str:
        d = self.difference
        change = f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}]"
        return f"{self.word}: {self.candidate} against {self.baseline}, {self.task}: {change} nDCG@10"


def verdict(candidate: Scores, baseline: Scores, resamples: int, seed: int) -> Verdict:
    """Paired bootstrap of the difference in nDCG@10 over the groups of one task.

    Raises CourseError when the two were not scored on the same queries and corpus.
    """
    same_task = (candidate.task, candidate.fingerprint) == (baseline.task, baseline.fingerprint)
    if not same_task or candidate.per_query.keys() != baseline.per_query.keys():
        raise CourseError(
            f"{candidate.retriever!r} and {baseline.retriever!r} were not scored on the same queries; score both again."
        )
    ours, theirs = candidate.per_group(), baseline.per_group()
    difference = _bootstrap(np.array([ours[g] - theirs[g] for g in ours]), resamples, seed)
    word = "WIN" if difference.low > 0 else "REGRESSION" if difference.high < 0 else "NO DIFFERENCE"
    return Verdict(candidate.task, candidate.retriever, baseline.retriever, difference, word)


def _bootstrap(values: np.ndarray, resamples: int, seed: int) -> Interval:
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(mean, mean, mean)
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return Interval(mean, float(found.confidence_interval.low), float(found.confidence_interval.high))

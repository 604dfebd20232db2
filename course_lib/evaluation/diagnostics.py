"""Where a score comes from: the shape of the space that embeddings fill, and the queries that won or lost."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import skew
from sklearn.neighbors import NearestNeighbors

from course_lib.data.qa import STOP_WORDS
from course_lib.data.text import words
from course_lib.errors import CourseError
from course_lib.evaluation import judge, significance
from course_lib.evaluation.judge import Runs
from course_lib.evaluation.metrics import HEADLINE
from course_lib.evaluation.significance import Interval
from course_lib.evaluation.tasks import RetrievalTask

NEIGHBOURS = 10


def occurrences(embeddings: np.ndarray) -> np.ndarray:
    """N_10 of each row of (texts, dimensions): among how many other texts' ten nearest, by cosine, it is.

    Their mean is ten; a hub is a text with many times that.
    Raises CourseError for fewer than eleven texts.
    """
    if len(embeddings) <= NEIGHBOURS:
        raise CourseError(f"{len(embeddings)} texts have no {NEIGHBOURS} neighbours each: embed more of them.")
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(_unit(embeddings))
    return np.bincount(search.kneighbors(return_distance=False).ravel(), minlength=len(embeddings))


def hubness(embeddings: np.ndarray) -> float:
    """Skewness of N_10 over (texts, dimensions): zero without hubs, the larger the fewer texts crowd the rankings.

    Source: Radovanovic, Nanopoulos and Ivanovic, Hubs in space, JMLR 2010. Raises what `occurrences` raises.
    """
    counts = occurrences(embeddings)
    return float(skew(counts)) if np.ptp(counts) else 0.0


def anisotropy(embeddings: np.ndarray) -> float:
    """Mean cosine of two different rows of (texts, dimensions), over all pairs: zero where directions are used evenly.

    Source: Ethayarajh, How contextual are contextualized word representations, EMNLP 2019, who draws pairs at random.
    Raises CourseError for fewer than two texts.
    """
    if (texts := len(embeddings)) < 2:
        raise CourseError("Anisotropy compares pairs of texts: embed at least two.")
    total = _unit(embeddings).sum(axis=0, dtype=np.float64)  # its square is the sum over all pairs, own ones included
    return float((total @ total - texts) / (texts * (texts - 1)))


def _unit(embeddings: np.ndarray) -> np.ndarray:
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


@dataclass(frozen=True)
class QueryChange:
    """One query under two retrievers: nDCG@10 of each, a mean over training seeds where there are several."""

    query: str
    group: str
    text: str
    right: tuple[str, ...]  # the texts of its right documents
    overlap: float  # share of the query's content words that a right document holds, a mean over these
    length: int  # of the query, in words
    candidate: float
    baseline: float

    @property
    def difference(self) -> float:
        return self.candidate - self.baseline


def compare_queries(candidate: Runs, baseline: Runs, task: RetrievalTask) -> list[QueryChange]:
    """Every query of the task, from the largest loss to the largest gain.

    Raises CourseError when the two were not scored on this task.
    """
    ours, theirs = judge.paired(candidate, baseline)
    if (ours[0].task, ours[0].fingerprint) != (task.name, task.fingerprint):
        raise CourseError(f"The scores of {ours[0].retriever!r} are not of the task {task.name!r}: score both again.")
    changes = []
    for query, text in task.queries.items():
        right = tuple(task.corpus[document] for document in sorted(task.qrels[query]))
        before_after = (float(np.mean([run.per_query[query][HEADLINE] for run in side])) for side in (ours, theirs))
        about = (word_overlap(text, right), len(words(text)))
        changes.append(QueryChange(query, task.groups[query], text, right, *about, *before_after))
    return sorted(changes, key=lambda change: change.difference)


def word_overlap(query: str, documents: Sequence[str]) -> float:
    """Share of the query's content words that a document holds, a mean over the documents; 0 without such words."""
    content = set(words(query)) - STOP_WORDS
    if not content:
        return 0.0
    return float(np.mean([len(content & set(words(document))) / len(content) for document in documents]))


@dataclass(frozen=True)
class PartChange:
    """The mean change over a part of the queries, with its interval over groups."""

    part: str
    queries: int
    groups: int
    difference: Interval


def by_family(
    changes: Sequence[QueryChange], families: Mapping[str, str], resamples: int, seed: int
) -> list[PartChange]:
    """One part a family; `families` maps each group (a concept) to its own. Raises CourseError for one it lacks."""
    if missing := sorted({change.group for change in changes} - families.keys()):
        raise CourseError(f"No family is given for {missing[0]!r}: pass the families of all concepts asked about.")
    parts = {family: [c for c in changes if families[c.group] == family] for family in sorted(set(families.values()))}
    return _means(parts, resamples, seed)


def by_overlap(changes: Sequence[QueryChange], resamples: int, seed: int) -> list[PartChange]:
    """A third of the queries each: those that share few, some and many of their words with the right documents."""
    return _means(_thirds(changes, lambda change: change.overlap, "{:.2f}"), resamples, seed)


def by_length(changes: Sequence[QueryChange], resamples: int, seed: int) -> list[PartChange]:
    """A third of the queries each: the short, the middling and the long ones."""
    return _means(_thirds(changes, lambda change: change.length, "{:.0f}"), resamples, seed)


def _thirds(
    changes: Sequence[QueryChange], value: Callable[[QueryChange], float], shown: str
) -> dict[str, list[QueryChange]]:
    """Named by their smallest and largest value; equal values share a third, so that they may be of unequal size."""
    low, high = np.quantile([value(change) for change in changes], [1 / 3, 2 / 3])
    thirds: list[list[QueryChange]] = [[], [], []]
    for change in sorted(changes, key=value):
        thirds[int(value(change) > low) + int(value(change) > high)].append(change)
    return {f"{shown.format(value(t[0]))} to {shown.format(value(t[-1]))}": t for t in thirds if t}


def _means(parts: Mapping[str, Sequence[QueryChange]], resamples: int, seed: int) -> list[PartChange]:
    """Queries of one group are averaged first; a part without queries is left out."""
    found = []
    for name, changes in parts.items():
        groups: dict[str, list[float]] = defaultdict(list)
        for change in changes:
            groups[change.group].append(change.difference)
        if groups:
            means = np.array([[np.mean(differences) for differences in groups.values()]])
            found.append(PartChange(name, len(changes), len(groups), significance.interval(means, resamples, seed)))
    return found

"""Retrieval metrics for one query, from their definitions, and the accuracy of triplets.

Relevance is binary; ranks count from 1.
"""

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np

from course_lib.errors import CourseError


def recall(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Share of the relevant documents among the first k: |relevant in top k| / |relevant|."""
    return sum(document in relevant for document in ranking[:k]) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """1 / rank of the first relevant document within the first k, or 0. Its mean over queries is MRR@k."""
    return next((1 / rank for rank, d in enumerate(ranking[:k], 1) if d in relevant), 0.0)


def average_precision(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Mean over the relevant documents of the precision at each one's rank (0 if not in the first k)."""
    hits, total = 0, 0.0
    for rank, document in enumerate(ranking[:k], 1):
        if document in relevant:
            hits += 1
            total += hits / rank
    return total / len(relevant)


def ndcg(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Sum over relevant documents in the first k of 1 / log2(rank + 1), over its largest possible value.

    Source: Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, TOIS 2002, with binary gains.
    """
    gained = sum(1 / math.log2(rank + 1) for rank, d in enumerate(ranking[:k], 1) if d in relevant)
    return gained / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))


METRICS: dict[str, tuple[Callable[[Sequence[str], Collection[str], int], float], int]] = {
    "nDCG@10": (ndcg, 10),
    "MRR@10": (reciprocal_rank, 10),
    "Recall@10": (recall, 10),
    "Recall@100": (recall, 100),
    "MAP": (average_precision, 1000),
}
HEADLINE = "nDCG@10"
DEPTH = max(k for _, k in METRICS.values())


def score(ranking: Sequence[str], relevant: Collection[str]) -> dict[str, float]:
    """Every metric of the course for one query."""
    return {name: metric(ranking, relevant, k) for name, (metric, k) in METRICS.items()}


def triplet_accuracy(anchors: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> float:
    """Share of triplets whose positive has a larger cosine with the anchor than their negative; a tie counts as wrong.

    Three arrays of shape (triplets, dimensions), of any length of vector. Chance is 0.5.
    Raises CourseError when the shapes differ or there is no triplet.
    """
    if not anchors.shape == positives.shape == negatives.shape or not len(anchors):
        shapes = ", ".join(str(part.shape) for part in (anchors, positives, negatives))
        raise CourseError(f"Triplets need three arrays of one shape and at least one row, not {shapes}: use one model.")
    return float((_cosines(anchors, positives) > _cosines(anchors, negatives)).mean())


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)

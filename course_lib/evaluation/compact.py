"""Smaller vectors: a dense retriever whose documents are kept in fewer dimensions or fewer bits.

Only documents are stored, a query is made anew each time: so documents are made small and a query keeps full precision,
unless it is asked to be as coarse as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from sentence_transformers.util.quantization import quantize_embeddings

from course_lib.errors import CourseError
from course_lib.evaluation.retrievers import Dense, Rankings, rank_by_similarity
from course_lib.evaluation.tasks import RetrievalTask

Storage = Literal["float32", "float16", "int8", "binary"]
BITS: dict[Storage, int] = {"float32": 32, "float16": 16, "int8": 8, "binary": 1}


@dataclass(frozen=True)
class Compact:
    """`axes`, shape (dimensions, kept), are orthonormal columns: vectors are projected on them and made unit vectors
    again. `calibration`, shape (texts, dimensions), are embeddings of other texts, from which int8 takes its ranges.
    """

    dense: Dense
    name: str
    storage: Storage
    axes: np.ndarray = field(repr=False)
    calibration: np.ndarray = field(repr=False)
    coarse_query: bool = False

    @property
    def bytes(self) -> int:
        """Of one stored vector."""
        return -(-self.axes.shape[1] * BITS[self.storage] // 8)

    def rank(self, task: RetrievalTask) -> Rankings:
        queries, documents = (self._projected(self.dense.embed(of.values())) for of in (task.queries, task.corpus))
        ranges = ranges_of(self._projected(self.calibration))
        documents = kept(documents, self.storage, ranges)
        return rank_by_similarity(
            task, kept(queries, self.storage, ranges) if self.coarse_query else queries, documents
        )

    def _projected(self, vectors: np.ndarray) -> np.ndarray:
        cut = vectors @ self.axes
        return cut / np.linalg.norm(cut, axis=1, keepdims=True)


def variants(dense: Dense, calibration: np.ndarray) -> dict[str, list[Compact]]:
    """Series name -> smaller and smaller documents: fewer bits, fewer dimensions in two ways, both; plain ones first.

    Dimensions are halved three times. Raises CourseError for fewer calibration vectors than they have dimensions.
    """
    dimensions = calibration.shape[1]
    numbers = [dimensions // 2**k for k in range(4)]
    whole, best = first_axes(dimensions, dimensions), best_axes(calibration, dimensions)

    def variant(name: str, storage: Storage, axes: np.ndarray, coarse_query: bool = False) -> Compact:
        return Compact(dense, name, storage, axes, calibration, coarse_query)

    return {
        "fewer bits": [variant(storage, storage, whole) for storage in ("float16", "int8", "binary")],
        "first dimensions, float32": [variant(f"first {n}", "float32", whole[:, :n]) for n in numbers],
        "best axes, float32": [variant(f"best {n}", "float32", best[:, :n]) for n in numbers],
        "best axes, int8": [variant(f"best {n}, int8", "int8", best[:, :n]) for n in numbers],
        "signs against signs": [variant("binary, query too", "binary", whole, coarse_query=True)],
    }


def first_axes(dimensions: int, number: int) -> np.ndarray:
    """Truncation: the first so many axes as they are, shape (dimensions, number)."""
    return np.eye(dimensions, dtype=np.float32)[:, :number]


def best_axes(vectors: np.ndarray, number: int) -> np.ndarray:
    """The orthonormal axes that keep most of the squared length of vectors (texts, dimensions), the best first.

    Shape (dimensions, number): eigenvectors of the second moment, which is principal component analysis without moving
    the centre, so that dot products are kept as well as they can be. Raises CourseError for fewer vectors than axes.
    """
    if len(vectors) < number:
        raise CourseError(f"{len(vectors)} vectors do not determine {number} axes: give at least as many.")
    _, axes = np.linalg.eigh(vectors.T.astype(float) @ vectors)  # ascending
    return axes[:, ::-1][:, :number].astype(np.float32)


def length_kept(vectors: np.ndarray, axes: np.ndarray, numbers: Sequence[int]) -> list[float]:
    """Mean share of the squared length of unit vectors (texts, dimensions) in the first so many of the axes."""
    return [float(((vectors @ axes[:, :number]) ** 2).sum(axis=1).mean()) for number in numbers]


def ranges_of(vectors: np.ndarray) -> np.ndarray:
    """Smallest and largest value of each dimension, shape (2, dimensions)."""
    return np.stack([vectors.min(axis=0), vectors.max(axis=0)])


def kept(vectors: np.ndarray, storage: Storage, ranges: np.ndarray) -> np.ndarray:
    """What is left of vectors (texts, dimensions) after they were stored: float32 of the same shape.

    int8 cuts the range of each dimension into 255 steps, and values outside go to its end; binary keeps the signs, as
    1 and -1.
    """
    if storage == "int8":
        steps = (ranges[1] - ranges[0]) / 255
        codes = quantize_embeddings(vectors, "int8", ranges=ranges).astype(np.float32)
        return codes * steps + (ranges[0] + 128.5 * steps)  # the middle of each step
    if storage == "binary":
        bits = np.unpackbits(quantize_embeddings(vectors, "ubinary"), axis=1, count=vectors.shape[1])
        return bits.astype(np.float32) * 2 - 1
    return vectors.astype(storage).astype(np.float32)

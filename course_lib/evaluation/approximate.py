"""Exact and approximate search with faiss, measured: what is found, how long a query takes, how long building takes.

faiss and torch each bring an OpenMP of their own, and on macOS two of them in one process may end it. So this module
imports no torch, and measures in a process of its own, which also gives the memory back.
"""

import math
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import faiss
import numpy as np

from course_lib.errors import CourseError

K = 10  # neighbours asked for
LINKS = 16  # of a vector in HNSW's upper levels; twice as many in the lowest
BUILD_EFFORT = 40  # efConstruction
EF_SEARCH = (10, 20, 40, 80, 160, 320, 640, 1280)
NPROBE = (1, 4, 16, 64, 256)
TIMED, REPEATED = 25, 3  # queries asked one at a time, how often each: its fastest counts
NOISE = 0.02  # standard deviation a dimension
CHUNK = 50_000


@dataclass(frozen=True)
class Search:
    """One index with one search effort: efSearch of HNSW, nprobe of IVF, all vectors of the exact one.

    `recall` is the share of the true K nearest among the K found, a mean over queries; `milliseconds` is the median
    time of a query, asked alone on one thread; `build_seconds` the time to train and fill the index on `threads`.
    """

    index: str
    vectors: int
    effort: int
    recall: float
    milliseconds: float
    build_seconds: float
    threads: int

    def __str__(self) -> str:
        index = f"{self.vectors:>9,} vectors, {self.index}, effort {self.effort}, built in {self.build_seconds:.1f} s"
        return f"{index}: recall {self.recall:.2f} in {self.milliseconds:.3f} ms"


def measure(real: np.ndarray, queries: np.ndarray, sizes: Sequence[int], seed: int, threads: int = 1) -> list[Search]:
    """An exact, an HNSW and an IVF search over each number of vectors, in every effort.

    `real`, shape (texts, dimensions), and `queries`, shape (queries, dimensions), are unit vectors. A size no larger
    than `real` takes the first of it, a larger one is filled up with `mixed` ones.
    Raises CourseError when the process that measures dies or is refused memory: it needs three copies of the vectors.
    """
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            parts = [process.submit(_searches, real, queries, size, seed, threads).result() for size in sizes]
    except (BrokenProcessPool, MemoryError) as error:
        raise CourseError("The process that searched died: close other programs to free memory.") from error
    return [search for part in parts for search in part]


def cheapest(found: Sequence[Search], goal: float) -> list[Search]:
    """Of each number of vectors and each index the fastest search whose recall reaches `goal`, else the best one."""
    groups: dict[tuple[int, str], list[Search]] = {}
    for search in found:
        groups.setdefault((search.vectors, search.index), []).append(search)
    return [min(own, key=lambda s: (max(0.0, goal - s.recall), s.milliseconds)) for own in groups.values()]


def pays_after(search: Search, exact: Search) -> float:
    """How many queries win back the time of building, against exact search; infinite if a query is no faster."""
    saved = (exact.milliseconds - search.milliseconds) / 1000
    return search.build_seconds / saved if saved > 0 else math.inf


def mixed(real: np.ndarray, number: int, seed: int) -> np.ndarray:
    """So many unit vectors made of real ones: a point between two of them, drawn at random, with some noise added.

    Shape (number, dimensions). What they are near to is made up, so their recall is that of made vectors.
    """
    rng = np.random.default_rng(seed)
    made = np.empty((number, real.shape[1]), np.float32)
    for start in range(0, number, CHUNK):
        part = made[start : start + CHUNK]
        one, other = rng.integers(0, len(real), (2, len(part)))
        weight = rng.random((len(part), 1), np.float32)
        rng.standard_normal(out=part, dtype=np.float32)
        part *= NOISE
        part += weight * real[one] + (1 - weight) * real[other]
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return made


def _searches(real: np.ndarray, queries: np.ndarray, size: int, seed: int, threads: int) -> list[Search]:
    vectors = real[:size] if size <= len(real) else np.concatenate([real, mixed(real, size - len(real), seed)])
    return list(searches(vectors, queries, threads))


def searches(vectors: np.ndarray, queries: np.ndarray, threads: int) -> Iterator[Search]:
    """The exact search first; the indexes one after the other, since each holds a copy of the vectors."""
    dimensions, truth = vectors.shape[1], np.empty(0)
    for name, make, efforts in (
        ("exact", lambda: faiss.IndexFlatIP(dimensions), (len(vectors),)),
        ("HNSW", lambda: _hnsw(dimensions), EF_SEARCH),
        ("IVF", lambda: _ivf(dimensions, len(vectors)), NPROBE),
    ):
        faiss.omp_set_num_threads(threads)
        start = time.perf_counter()
        index = make()
        index.train(vectors)
        index.add(vectors)
        seconds = time.perf_counter() - start
        if not len(truth):
            _, truth = index.search(queries, K)
        faiss.omp_set_num_threads(1)
        for effort in efforts:
            found, milliseconds = _ask(index, queries, effort)
            yield Search(name, len(vectors), effort, recall(found, truth), milliseconds, seconds, threads)
        del index


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean share of each row of `truth` that stands in the same row of `found`; both (queries, K) row numbers."""
    return float((found[:, :, None] == truth[:, None, :]).any(axis=1).mean())


def cells(vectors: int) -> int:
    """Into how many cells IVF divides so many vectors: comparing a query with the cells' centres costs as much as with
    the vectors of a cell.
    """
    return round(math.sqrt(vectors))


def _hnsw(dimensions: int) -> faiss.Index:
    index = faiss.IndexHNSWFlat(dimensions, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_EFFORT
    return index


def _ivf(dimensions: int, vectors: int) -> faiss.Index:
    index = faiss.index_factory(dimensions, f"IVF{cells(vectors)},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1  # no warning about few
    index.cp.max_points_per_centroid = 64
    return index


def _ask(index: faiss.Index, queries: np.ndarray, effort: int) -> tuple[np.ndarray, float]:
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efSearch = effort
    elif isinstance(index, faiss.IndexIVF):
        index.nprobe = effort
    fastest = [min(_seconds(index, query) for _ in range(REPEATED)) for query in queries[:TIMED]]
    return index.search(queries, K)[1], 1000 * statistics.median(fastest)


def _seconds(index: faiss.Index, query: np.ndarray) -> float:
    start = time.perf_counter()
    index.search(query[None], K)
    return time.perf_counter() - start

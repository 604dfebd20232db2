"""Searches are measured against the exact one, and vectors are made with a seed."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from course_lib import paths
from course_lib.errors import CourseError
from course_lib.evaluation import approximate
from course_lib.evaluation.approximate import Search

SEARCH = Search("IVF", 1000, 4, recall=0.9, milliseconds=1.0, build_seconds=6.0, threads=1)


def unit(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((rows, 16), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def found() -> list[Search]:
    return approximate.measure(unit(300, 1), unit(20, 2), [200, 600], seed=3)


def test_each_size_is_searched_exactly_and_with_every_effort_of_both_indexes(found):
    efforts = [("HNSW", effort) for effort in approximate.EF_SEARCH] + [("IVF", e) for e in approximate.NPROBE]
    assert [(s.index, s.vectors, s.effort) for s in found] == [
        (index, size, effort) for size in (200, 600) for index, effort in [("exact", size), *efforts]
    ]
    assert all(s.milliseconds > 0 and s.build_seconds > 0 for s in found)


def test_exact_search_finds_all_and_the_largest_effort_nearly_all_or_all(found):
    assert all(s.recall == 1 for s in found if s.index == "exact")
    assert all(s.recall == 1 for s in found if s.index == "IVF" and s.effort >= approximate.cells(s.vectors))
    assert all(s.recall > 0.95 for s in found if s.index == "HNSW" and s.effort == max(approximate.EF_SEARCH))


def test_looking_into_more_cells_never_finds_less_and_into_one_misses_some(found):
    for size in (200, 600):
        recalls = [s.recall for s in found if (s.index, s.vectors) == ("IVF", size)]
        assert recalls == sorted(recalls) and recalls[0] < 1


def test_recall_is_the_share_of_the_true_neighbours_found_in_any_order():
    truth = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert approximate.recall(truth[:, ::-1], truth) == 1
    assert approximate.recall(np.array([[1, 2, -1, -1], [0, 9, 8, 4]]), truth) == pytest.approx(3 / 8)


def test_made_vectors_are_unit_vectors_between_real_ones_and_repeat_with_their_seed():
    real = unit(40, 4)
    made = approximate.mixed(real, approximate.CHUNK + 7, seed=5)
    assert made.shape == (approximate.CHUNK + 7, 16) and made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert (made == approximate.mixed(real, len(made), seed=5)).all()
    assert (made != approximate.mixed(real, len(made), seed=6)).any(axis=1).all()
    nearest, from_anywhere = (np.sort(other @ real.T, axis=1)[:, -1].mean() for other in (made[:500], unit(500, 7)))
    assert nearest > from_anywhere + 0.2


def test_the_cheapest_search_that_reaches_the_goal_is_taken_and_else_the_best():
    slow, fast = replace(SEARCH, recall=0.99, milliseconds=3.0), replace(SEARCH, recall=0.96, milliseconds=2.0)
    other = replace(SEARCH, index="HNSW", recall=0.94, milliseconds=5.0)
    larger = replace(SEARCH, vectors=9000)
    found = [SEARCH, slow, fast, replace(other, recall=0.5, milliseconds=0.1), other, larger]
    assert approximate.cheapest(found, 0.95) == [fast, other, larger]


def test_an_index_pays_after_as_many_queries_as_win_back_its_building_or_never():
    exact = replace(SEARCH, index="exact", milliseconds=4.0)
    assert approximate.pays_after(SEARCH, exact) == pytest.approx(2000)
    assert approximate.pays_after(exact, SEARCH) == approximate.pays_after(exact, exact) == math.inf


def test_a_search_says_what_it_is():
    said = "1,000 vectors, IVF, effort 4, built in 6.0 s: recall 0.90 in 1.000 ms"
    assert str(SEARCH).strip() == said


def test_the_module_brings_no_torch_into_the_process_that_searches():
    code = "import sys, course_lib.evaluation.approximate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=paths.REPO).returncode == 0


@pytest.mark.parametrize("error", [approximate.BrokenProcessPool, MemoryError])
def test_a_process_that_dies_or_is_refused_memory_is_named(monkeypatch, error):
    class Dead:
        def __init__(self, *_):
            raise error

    monkeypatch.setattr(approximate, "ProcessPoolExecutor", Dead)
    with pytest.raises(CourseError, match=r"^The process that searched died: close other programs to free memory\.$"):
        approximate.measure(unit(300, 1), unit(20, 2), [200], seed=3)

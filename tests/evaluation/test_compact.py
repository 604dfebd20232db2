"""Smaller vectors keep what they promise to keep, cost the bytes that they say, and rank with the real encoder."""

import numpy as np
import pytest
from sentence_transformers.util.quantization import quantize_embeddings

from course_lib.errors import CourseError
from course_lib.evaluation import compact
from course_lib.evaluation.retrievers import Dense

DIMENSIONS = 384
NEAR = {"a": "Recall is the share of the positives that are found.", "b": "Bread is made of flour, water and salt."}
ASKED = {"q": "What is recall?", "r": "What goes into a loaf of bread?"}


def unit(rows: int, dimensions: int, seed: int, spread: float = 0.0) -> np.ndarray:
    """Unit vectors; with a spread, some dimensions after a random turn are much longer than others."""
    rng = np.random.default_rng(seed)
    scale = np.exp(-spread * np.arange(dimensions) / dimensions)
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((dimensions, dimensions)))
    vectors = (rng.standard_normal((rows, dimensions)) * scale) @ turn
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def dense(minilm) -> Dense:
    return Dense(minilm.model, "full size")


@pytest.fixture(scope="module")
def series(dense) -> dict[str, list[compact.Compact]]:
    return compact.variants(dense, unit(DIMENSIONS + 16, DIMENSIONS, seed=1))


def test_every_variant_says_its_bytes_and_has_a_name_of_its_own(series):
    size = {own.name: own.bytes for line in series.values() for own in line}
    assert len(size) == sum(map(len, series.values()))
    assert [size[f"first {n}"] for n in (384, 192, 96, 48)] == [1536, 768, 384, 192]
    assert [size[f"best {n}, int8"] for n in (384, 192, 96, 48)] == [384, 192, 96, 48]
    assert (size["float16"], size["int8"], size["binary"], size["binary, query too"]) == (768, 384, 48, 48)


def test_every_variant_ranks_two_plain_queries_as_the_encoder_does(series, dense, small_task):
    task = small_task(NEAR, ASKED, {"r": "b"})
    assert dense.rank(task) == {"q": ["a", "b"], "r": ["b", "a"]}
    for line in series.values():
        for own in line:
            assert own.rank(task) == dense.rank(task), own.name


def test_full_size_in_float32_is_the_dense_retriever_whatever_the_axes(series, dense, small_task):
    corpus = {str(n): f"A text about {word}." for n, word in enumerate("cats trees rain music bread iron".split())}
    task = small_task(corpus, {"q": "Which animal purrs?", "r": "What falls from clouds?"})
    for name in ("first dimensions, float32", "best axes, float32"):
        assert series[name][0].rank(task) == dense.rank(task)


def test_int8_codes_are_the_library_s_and_stand_for_numbers_half_a_step_away_at_most():
    vectors, other = unit(200, 32, seed=2), unit(50, 32, seed=3)
    ranges = compact.ranges_of(vectors)
    steps = (ranges[1] - ranges[0]) / 255
    assert (np.abs(compact.kept(vectors, "int8", ranges) - vectors) <= 0.5001 * steps).all()
    codes = quantize_embeddings(vectors, "int8", ranges=ranges)
    assert (quantize_embeddings(compact.kept(vectors, "int8", ranges), "int8", ranges=ranges) == codes).all()
    held = compact.kept(other, "int8", ranges)
    assert (held >= ranges[0]).all() and (held <= ranges[1] + steps).all()  # what lies outside goes to the end


def test_a_dimension_without_any_range_is_kept_as_it_is():
    vectors = np.tile(np.array([[0.6, 0.8]], np.float32), (3, 1))
    assert (compact.kept(vectors, "int8", compact.ranges_of(vectors)) == vectors).all()


def test_bits_are_the_signs_also_where_dimensions_do_not_fill_a_byte():
    vectors = unit(20, 13, seed=4)
    assert (compact.kept(vectors, "binary", compact.ranges_of(vectors)) == np.where(vectors > 0, 1, -1)).all()


def test_the_best_axes_are_orthonormal_and_keep_more_of_other_vectors_than_the_first():
    axes = compact.best_axes(unit(400, 64, seed=5, spread=4), 64)
    assert np.allclose(axes.T @ axes, np.eye(64), atol=1e-5)
    other, numbers = unit(100, 64, seed=6, spread=4), (8, 16, 32, 64)
    best = compact.length_kept(other, axes, numbers)
    first = compact.length_kept(other, compact.first_axes(64, 64), numbers)
    assert best == sorted(best) and best[-1] == pytest.approx(1, abs=1e-5) == first[-1]
    assert all(ours > 1.5 * theirs for ours, theirs in zip(best[:2], first[:2], strict=True))


def test_fewer_vectors_than_axes_are_refused():
    with pytest.raises(CourseError, match=r"^20 vectors do not determine 32 axes: give at least as many\.$"):
        compact.best_axes(unit(20, 64, seed=7), 32)

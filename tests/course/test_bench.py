"""The two sides of the benchmark do the same work, in turns, and say so in numbers."""

import json
import sys

import numpy as np
import pytest

from course_lib import encoders, speedups
from course_lib.course import bench, bench_worker
from course_lib.errors import CourseError


@pytest.fixture(scope="module")
def result() -> dict:
    """One real step of MiniLM on each side, and three texts encoded in two parts."""
    return bench.run("minilm", bench.pairs(2), 1, [["recall", "precision"], ["overfitting"]])


def test_each_side_trains_the_same_rows_and_is_timed(result):
    stock, ours = result["training"]["rows"]
    assert (stock["side"], ours["side"]) == bench.SIDES
    for row in (stock, ours):
        assert row["steps"] == 1 and row["seconds"] > 0 and row["memory_mb"] > 300
        assert row["tokens_a_second"] * row["seconds"] == pytest.approx(stock["tokens_a_second"] * stock["seconds"])
    assert result["training"]["ratio"] == stock["seconds"] / ours["seconds"]
    assert stock["precision"] == "fp32" and ours["tokens_through_model"] <= stock["tokens_through_model"]


def test_the_stock_side_gets_none_of_our_savings_and_reads_as_much(monkeypatch):
    ours = encoders.load("minilm", device="cpu").model

    def refuse(*_):
        raise AssertionError("a saving of ours on the stock side")

    monkeypatch.setattr(speedups, "apply", refuse)
    monkeypatch.setattr(speedups, "_keep_memory", refuse)
    stock = bench_worker._stock_model("minilm")
    assert stock.max_seq_length == ours.max_seq_length
    assert not set(map(type, stock.modules())) & set(speedups.FASTER.values())
    assert set(map(type, ours.modules())) & set(speedups.FASTER.values())


def test_both_sides_give_the_same_embeddings_up_to_rounding(result):
    stock, ours = result["vectors"]["stock"], result["vectors"]["ours"]
    assert stock.shape == ours.shape == (3, 384)
    assert (stock * ours).sum(1) == pytest.approx(np.ones(3), abs=1e-3)
    assert stock[0] @ stock[2] < 0.9  # different texts, different vectors


def test_a_result_is_plain_json_and_shows_both_sides_and_the_ratio(result):
    for kind in ("training", "encoding"):
        shown = "\n".join(bench.lines(json.loads(json.dumps(result[kind]))))
        assert "stock" in shown and "ours" in shown and f"{result[kind]['ratio']:.2f}" in shown


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import sys; sys.exit(3)", "The ours side of the benchmark ended early (exit code 3); is memory short?"),
        ('print(\'{"error": "ValueError: no"}\')', "The ours side of the benchmark failed: ValueError: no"),
    ],
)
def test_a_side_that_fails_ends_in_one_sentence(code, sentence):
    with bench.start([sys.executable, "-c", code]) as process:
        with pytest.raises(CourseError) as error:
            bench.ask(process, "ours")
        assert str(error.value) == sentence

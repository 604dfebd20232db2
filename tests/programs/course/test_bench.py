"""The two sides of the benchmark do the same work, in turns, and say so in numbers."""

import json

import numpy as np
import pytest

from course_lib.course import bench


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
    assert stock["precision"] == "fp32"


def test_no_step_takes_more_through_the_model_than_its_rows_padded_to_the_longest_of_all(result, minilm):
    columns = [minilm.model.tokenizer(texts)["input_ids"] for texts in bench.pairs(2).values()]
    shortest, longest = (sum(of(map(len, column)) for column in columns) for of in (min, max))
    for row in result["training"]["rows"]:
        assert shortest < row["tokens_through_model"] <= 16 * longest


def test_both_sides_give_the_same_embeddings_up_to_rounding(result):
    stock, ours = result["vectors"]["stock"], result["vectors"]["ours"]
    assert stock.shape == ours.shape == (3, 384)
    assert (stock * ours).sum(1) == pytest.approx(np.ones(3), abs=1e-3)
    assert stock[0] @ stock[2] < 0.9  # different texts, different vectors


def test_a_result_is_plain_json_and_shows_both_sides_and_the_ratio(result):
    for kind in ("training", "encoding"):
        shown = "\n".join(bench.lines(json.loads(json.dumps(result[kind]))))
        assert "stock" in shown and "ours" in shown and f"{result[kind]['ratio']:.2f}" in shown

"""Intervals that cover, groups averaged first, one verdict, and scores that are kept for the task they belong to."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from course_lib.errors import CourseError
from course_lib.evaluation import judge
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.metrics import METRICS
from course_lib.evaluation.retrievers import BM25, Random


def scores(values, name: str = "candidate", groups: dict[str, str] | None = None) -> Scores:
    """One value a query, the same in every metric."""
    per_query = {f"q{i}": dict.fromkeys(METRICS, float(value)) for i, value in enumerate(values)}
    return Scores("a task", name, per_query, groups or {query: query for query in per_query})


BASE = np.random.default_rng(0).uniform(0.2, 0.7, 60)
NOISE = np.random.default_rng(1).normal(0, 0.1, 60)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (BASE + 0.1 + NOISE / 2, "WIN"),
        (BASE + NOISE - NOISE.mean(), "NO DIFFERENCE"),
        (BASE + NOISE - NOISE.mean() + 0.01, "NO DIFFERENCE"),  # better on average, yet it may be chance
        (BASE + NOISE - NOISE.mean() - 0.01, "NO DIFFERENCE"),
        (BASE, "NO DIFFERENCE"),
        (BASE - 0.1 + NOISE / 2, "REGRESSION"),
    ],
)
def test_the_verdict_says_win_no_difference_or_regression(values, word):
    found = judge.verdict(scores(values), scores(BASE, "baseline"), resamples=1000, seed=0)
    assert found.word == word and found.difference.mean == pytest.approx((values - BASE).mean())
    assert found.difference.low <= found.difference.mean <= found.difference.high
    line = str(found)
    assert line.startswith(f"{word}: candidate against baseline, a task: ") and line.endswith("] nDCG@10")


def test_the_verdict_is_paired_a_small_steady_gain_wins_over_queries_of_very_different_difficulty():
    gain = judge.verdict(scores(BASE + 0.01), scores(BASE, "baseline"), resamples=200, seed=0)
    assert gain.word == "WIN"
    ours, theirs = (judge.interval(s, 1000, 0) for s in (scores(BASE + 0.01), scores(BASE)))
    assert ours.low < theirs.high  # the two intervals by themselves overlap


def test_exchanging_the_two_turns_the_verdict_round():
    one, other = scores(BASE + 0.1 + NOISE / 2, "one"), scores(BASE, "other")
    forth, back = judge.verdict(one, other, 500, 0), judge.verdict(other, one, 500, 0)
    assert (forth.word, back.word) == ("WIN", "REGRESSION")
    assert back.difference.low == pytest.approx(-forth.difference.high, abs=0.01)


def test_the_interval_covers_the_true_mean_in_about_95_of_100_samples():
    chance, covered = np.random.default_rng(0), 0
    for _ in range(200):
        found = judge.interval(scores(chance.beta(2, 3, 60)), resamples=400, seed=0)
        covered += found.low <= 2 / 5 <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_interval_is_the_same_for_the_same_seed():
    one = scores(BASE)
    assert judge.interval(one, 200, seed=3) == judge.interval(one, 200, seed=3) != judge.interval(one, 200, seed=4)


@pytest.mark.parametrize("values", [[0.4], [0.4, 0.4, 0.4]])
def test_one_group_and_equal_groups_have_an_interval_of_no_width(values):
    found = judge.interval(scores(values), 100, 0)
    assert found.low == found.mean == found.high == pytest.approx(0.4)


def test_queries_of_one_group_are_averaged_first():
    groups = {"q0": "a", "q1": "a", "q2": "a", "q3": "b"}
    found = scores([1, 1, 1, 0], groups=groups)
    assert found.per_group() == {"a": 1.0, "b": 0.0}
    assert judge.interval(found, 100, 0).mean == 0.5
    assert judge.summary(found, 100, 0)["metrics"]["MAP"] == 0.5


def test_three_copies_of_each_query_do_not_make_the_interval_narrower():
    groups = {f"q{i}": f"group {i // 3}" for i in range(180)}
    thrice = judge.interval(scores(np.repeat(BASE, 3), groups=groups), 500, 0)
    assert asdict(thrice) == pytest.approx(asdict(judge.interval(scores(BASE), 500, 0)))


def test_scores_on_unequal_queries_are_refused(small_task):
    groups = {"q0": "a", "q1": "a", "q2": "b"}
    whole = scores([0.1, 0.2, 0.3], groups=groups)
    part = replace(whole, per_query={query: whole.per_query[query] for query in ("q0", "q2")})  # the groups are equal
    others = [scores([0.1, 0.2]), part, replace(whole, task="another"), replace(whole, fingerprint="another corpus")]
    for other in others:
        with pytest.raises(CourseError, match=r"were not scored on the same queries; score both again\."):
            judge.verdict(whole, replace(other, retriever="other"), 100, 0)


def test_evaluate_scores_every_query_of_a_task(small_task):
    task = small_task({"a": "cats sleep", "b": "dogs bark", "c": "birds sing"}, {"q": "bark", "r": "sleep"}, {"q": "b"})
    found = judge.evaluate(task, BM25())
    assert (found.task, found.retriever, found.groups) == (task.name, "BM25", task.groups)
    assert {query: values["nDCG@10"] for query, values in found.per_query.items()} == {"q": 1.0, "r": 1.0}
    assert found.per_query["q"].keys() == METRICS.keys()


def test_a_row_of_the_ledger_holds_the_headline_with_its_interval_and_all_means():
    row = judge.summary(scores(BASE), 500, 0)
    assert (row["task"], row["retriever"], row["groups"]) == ("a task", "candidate", 60)
    assert row["low"] < row["mean"] < row["high"] and row["metrics"].keys() == METRICS.keys()
    assert row["mean"] == row["metrics"]["nDCG@10"] == round(BASE.mean(), 6)
    json.dumps(row)


@pytest.fixture
def task(small_task):
    return small_task({"a": "cats sleep", "b": "dogs bark", "c": "birds sing"}, {"q": "bark", "r": "sleep"})


def test_kept_scores_come_back_as_they_were_each_under_task_and_retriever(task, tmp_path):
    made = [judge.evaluate(task, BM25()), judge.evaluate(task, Random(1))]
    files = {judge.keep(found, tmp_path) for found in made}
    assert len(files) == 2 and judge.keep(made[0], tmp_path) in files
    assert [judge.kept(tmp_path, task, name) for name in ("BM25", "random")] == made


def test_scores_of_other_queries_of_another_corpus_and_of_other_right_answers_are_refused(task, tmp_path):
    judge.keep(judge.evaluate(task, BM25()), tmp_path)
    others = [
        replace(task, queries={"q": "bark", "s": "sing"}, qrels={"q": task.qrels["q"], "s": frozenset("c")}),
        replace(task, queries=task.queries | {"q": "barking dogs"}),
        replace(task, corpus=task.corpus | {"d": "fish swim"}),
        replace(task, qrels=task.qrels | {"q": frozenset("c")}),
        replace(task, groups={"q": "one", "r": "one"}),
    ]
    for other in others:
        with pytest.raises(
            CourseError, match="holds scores of other queries or another corpus: run its notebook again"
        ):
            judge.kept(tmp_path, other, "BM25")


def test_scores_that_were_never_kept_name_the_retriever(task, tmp_path):
    with pytest.raises(CourseError, match="does not exist: run the notebook that scores 'MiniLM zero-shot' first"):
        judge.kept(tmp_path, task, "MiniLM zero-shot")

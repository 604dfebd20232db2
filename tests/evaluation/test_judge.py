"""Groups averaged first, verdicts over queries and training seeds, and scores that are kept for their task."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from course_lib.errors import CourseError
from course_lib.evaluation import judge, significance
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.metrics import METRICS
from course_lib.evaluation.retrievers import BM25, Random


def scores(values, name: str = "candidate", groups: dict[str, str] | None = None, seed: int | None = None) -> Scores:
    """One value a query, the same in every metric."""
    per_query = {f"q{i}": dict.fromkeys(METRICS, float(value)) for i, value in enumerate(values)}
    return Scores("a task", name, per_query, groups or {query: query for query in per_query}, seed=seed)


def trained(gains, name: str = "candidate") -> list[Scores]:
    """One Scores a training seed, each with its own gain over BASE."""
    return [scores(BASE + NOISE + gain, name, seed=seed) for seed, gain in enumerate(gains)]


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
    assert line.startswith(f"{word}: candidate against baseline, a task: {found.difference.mean:+.3f} [")
    assert line.endswith(f"] nDCG@10, 1 seed, p = {found.p:.4f}")


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


def test_several_training_seeds_are_averaged_per_query_and_counted():
    runs = trained([0.04, 0.06, 0.11])
    found = judge.verdict(runs, scores(BASE + NOISE, "baseline"), 500, 0)
    assert found.difference.mean == pytest.approx(0.07) and (found.seeds, found.baseline_seeds) == (3, 1)
    assert found.word == "WIN" and ", 3 seeds, p = " in str(found)
    row = judge.summary(runs, 500, 0)
    assert (row["seeds"], row["mean"]) == (3, pytest.approx((BASE + NOISE).mean() + 0.07, abs=1e-6))


def test_a_gain_that_one_training_has_and_others_lose_is_no_win_though_each_query_agrees():
    one = judge.verdict(trained([0.05])[0], scores(BASE + NOISE, "baseline"), 500, 0)
    three = judge.verdict(trained([0.05, -0.03, -0.01]), scores(BASE + NOISE, "baseline"), 500, 0)
    assert one.word == "WIN" and three.word == "NO DIFFERENCE"
    assert three.difference.low < 0 < three.difference.mean < three.difference.high


def test_two_trained_models_are_compared_over_the_seeds_of_both():
    same = judge.verdict(trained([0.0, 0.05, 0.1]), trained([0.1, 0.0, 0.05], "other"), 500, 0)
    assert (same.word, same.difference.mean) == ("NO DIFFERENCE", pytest.approx(0, abs=1e-9))
    apart = judge.verdict(trained([0.20, 0.25, 0.3]), trained([0.1, 0.0, 0.05], "other"), 500, 0)
    assert (apart.word, apart.seeds, apart.baseline_seeds) == ("WIN", 3, 3) and "3 seeds against 3" in str(apart)


def test_one_run_in_a_list_is_judged_like_the_run_itself():
    one, baseline = scores(BASE + NOISE), scores(BASE, "baseline")
    assert judge.verdict([one], [baseline], 200, 0) == judge.verdict(one, baseline, 200, 0)
    assert judge.interval([one], 200, 0) == judge.interval(one, 200, 0)


def test_runs_that_are_not_one_training_seed_each_of_one_retriever_are_refused():
    baseline = scores(BASE, "baseline")
    twice = [scores(BASE, seed=1), scores(BASE, seed=1)]
    unknown = [scores(BASE), scores(BASE)]
    mixed = [scores(BASE, "one", seed=1), scores(BASE, "two", seed=2)]
    for wrong in (twice, unknown, mixed):
        with pytest.raises(CourseError, match=r"do not come from as many training seeds of it: give each seed once\."):
            judge.verdict(wrong, baseline, 100, 0)
    with pytest.raises(CourseError, match="no scores to judge: give those of at least one training seed"):
        judge.verdict(baseline, [], 100, 0)


def test_several_verdicts_are_corrected_for_being_several():
    baseline = scores(BASE + NOISE, "baseline")
    gains = {"clear": 0.1, "slight": 0.022, "none": 0.0, "worse": -0.1}
    wave = np.random.default_rng(2).normal(0, 0.08, 60)
    candidates = [scores(BASE + NOISE + gain + wave - wave.mean(), name) for name, gain in gains.items()]
    found = judge.verdicts([(candidate, baseline) for candidate in candidates], 2000, 0)
    alone = [judge.verdict(candidate, baseline, 2000, 0) for candidate in candidates]
    assert [v.word for v in found] == ["WIN", "NO DIFFERENCE", "NO DIFFERENCE", "REGRESSION"]
    assert [v.word for v in alone] == ["WIN", "WIN", "NO DIFFERENCE", "REGRESSION"]
    assert [v.candidate for v in found] == list(gains)
    assert [v.adjusted_p for v in found] == pytest.approx(significance.holm([v.p for v in alone]))
    assert [v.difference for v in found] == [v.difference for v in alone]  # the intervals are not widened
    assert {v.comparisons for v in found} == {4} and str(found[1]).endswith("(Holm, 4 comparisons)")
    assert [v.adjusted_p for v in alone] == [v.p for v in alone]


def test_five_groups_are_too_few_to_call_anything_a_win():
    assert judge.verdict(scores([0.9] * 5), scores([0.1] * 5, "baseline"), 200, 0).word == "NO DIFFERENCE"
    assert judge.verdict(scores([0.9] * 6), scores([0.1] * 6, "baseline"), 200, 0).word == "WIN"


def test_scores_on_unequal_queries_are_refused(small_task):
    groups = {"q0": "a", "q1": "a", "q2": "b"}
    whole = scores([0.1, 0.2, 0.3], groups=groups)
    part = replace(whole, per_query={query: whole.per_query[query] for query in ("q0", "q2")})  # the groups are equal
    others = [scores([0.1, 0.2]), part, replace(whole, task="another"), replace(whole, fingerprint="another corpus")]
    others += [replace(whole, groups=dict.fromkeys(groups, "all"))]
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


def test_a_row_of_scores_that_were_kept_by_group_holds_the_headline_alone():
    runs = [run.by_group() for run in trained([0.0, 0.1, 0.2])]
    row = judge.summary(runs, 500, 0)
    assert row["seeds"] == 3 and row["metrics"] == {"nDCG@10": pytest.approx(row["mean"], abs=1e-6)}


def test_the_order_in_which_queries_were_scored_decides_nothing():
    ours, base = scores(BASE + 0.02), scores(BASE, "baseline")
    turned = replace(base, per_query=dict(reversed(base.per_query.items())))
    assert judge.verdict(ours, turned, 200, 0) == judge.verdict(ours, base, 200, 0)
    assert judge.verdict(ours, base, 200, 0).word == "WIN"


@pytest.fixture
def task(small_task):
    return small_task({"a": "cats sleep", "b": "dogs bark", "c": "birds sing"}, {"q": "bark", "r": "sleep"})


def test_kept_scores_come_back_as_they_were_each_under_task_and_retriever(task, tmp_path):
    made = [judge.evaluate(task, BM25()), judge.evaluate(task, Random(1))]
    files = {judge.keep(found, tmp_path) for found in made}
    assert len(files) == 2 and judge.keep(made[0], tmp_path) in files
    assert [judge.kept(tmp_path, task, name) for name in ("BM25", "random")] == made


def test_a_retriever_is_never_given_the_scores_of_one_whose_name_makes_the_same_file(task, tmp_path):
    made = judge.evaluate(task, BM25())
    for name in ("A+", "A*"):
        judge.keep(replace(made, retriever=name), tmp_path)
    assert judge.kept(tmp_path, task, "A*").retriever == "A*"
    with pytest.raises(CourseError, match=r"holds scores of 'A\*', not of 'A\+': rename one of the two"):
        judge.kept(tmp_path, task, "A+")


def test_scores_of_several_training_seeds_are_kept_side_by_side(task, tmp_path):
    made = [judge.evaluate(task, Random(seed, "tuned"), seed) for seed in (1, 2)]
    for found in made:
        judge.keep(found, tmp_path)
    assert [judge.kept(tmp_path, task, "tuned", seed) for seed in (1, 2)] == made
    with pytest.raises(CourseError, match="does not exist"):
        judge.kept(tmp_path, task, "tuned")


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

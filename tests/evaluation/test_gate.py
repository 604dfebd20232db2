"""The gate refuses what is certainly worse by more than the tolerance, and nothing else."""

import numpy as np
import pytest

from course_lib.errors import CourseError
from course_lib.evaluation import judge
from course_lib.evaluation.gate import TOLERANCE, assert_no_regression, loss, refused
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.metrics import METRICS

BASE = np.random.default_rng(0).uniform(0.3, 0.7, 40)
NOISE = np.random.default_rng(1).normal(0, 0.1, 40)
NOISE -= NOISE.mean()


def verdict(change, task: str = "a task") -> judge.Verdict:
    def scores(values, name: str) -> Scores:
        per_query = {f"q{i}": dict.fromkeys(METRICS, float(value)) for i, value in enumerate(values)}
        return Scores(task, name, per_query, {query: query for query in per_query})

    return judge.verdict(scores(BASE + change, "new"), scores(BASE, "old"), resamples=500, seed=0)


@pytest.mark.parametrize(
    "change",
    [0.1 + NOISE / 4, NOISE, NOISE - 0.02, -0.5 * TOLERANCE + NOISE / 1000],
    ids=["better", "the same", "worse, perhaps by chance", "certainly worse, by less than is tolerated"],
)
def test_a_model_passes_that_is_not_certainly_worse_by_more_than_the_tolerance(change):
    assert_no_regression([verdict(change)])
    assert not refused(verdict(change))


def test_a_model_that_is_worse_on_one_task_is_refused_with_task_difference_and_interval():
    bad = verdict(NOISE / 4 - 0.1, "transfer")
    with pytest.raises(CourseError) as error:
        assert_no_regression([verdict(0.1 + NOISE), bad])
    d = bad.difference
    assert refused(bad)
    assert str(error.value) == (
        f"new is refused: -0.100 [{d.low:+.3f}, {d.high:+.3f}] nDCG@10 on 'transfer' against old, "
        "more than the 0.01 tolerated; keep the latter."
    )


def test_the_tolerance_decides():
    small = verdict(-0.5 * TOLERANCE + NOISE / 1000)
    assert small.word == "REGRESSION"
    with pytest.raises(CourseError):
        assert_no_regression([small], tolerance=TOLERANCE / 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (NOISE / 1000, "ruled out"),
        (-0.5 * TOLERANCE + NOISE / 1000, "ruled out"),
        (NOISE, "not ruled out"),
        (-2 * TOLERANCE + NOISE, "not ruled out"),
        (-2 * TOLERANCE + NOISE / 1000, "shown"),
    ],
    ids=["none", "a tolerated one", "perhaps one", "one in the mean", "one for certain"],
)
def test_a_loss_is_ruled_out_or_shown_by_the_whole_interval_never_by_the_mean(change, said):
    assert loss(verdict(change)) == said

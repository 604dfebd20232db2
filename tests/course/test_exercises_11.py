"""The checkers of notebook 11 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest

from course_lib.evaluation import significance

DIFFERENCES = {
    "recall": [0.12, 0.08, 0.10],
    "dropout": [0.11, 0.06, 0.07],
    "momentum": [0.05, 0.09, 0.04],
    "lasso": [0.06, 0.05, 0.04],
    "boosting": [0.02, 0.04, 0.03],
    "bagging": [-0.03, 0.01, -0.01],
}
MEANS = np.array([np.mean(values) for values in DIFFERENCES.values()])
SINGLE = np.concatenate(list(DIFFERENCES.values()))


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("11.1", (significance.permutation_p(MEANS, 1000, 42), "NO DIFFERENCE")),
        ("11.1", [0.0625, "no difference"]),
        ("11.2", significance.holm([0.04, 0.012, 0.03])),
        ("11.2", (0.06, 0.036, 0.06)),
        ("11.3", (9, 3)),
        ("11.3", [9.0, 3]),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("11.1", (significance.permutation_p(SINGLE, 1000, 42), "WIN"), "eighteen scenarios"),
        ("11.1", (2 / 64, "WIN"), "the same two below zero"),
        ("11.1", (1 / 64, "WIN"), "on both sides"),
        ("11.1", (0.0625, "WIN"), "the rule asks for both"),
        ("11.1", (0.0625, "REGRESSION"), "the mean is above zero"),
        ("11.1", (0.2, "NO DIFFERENCE"), "64 ways to flip six signs"),
        ("11.1", (6.25, "NO DIFFERENCE"), "between 0 and 1"),
        ("11.1", 0.0625, "cannot read"),
        ("11.2", (0.12, 0.036, 0.09), "Bonferroni"),
        ("11.2", (0.04, 0.036, 0.06), "carry the largest so far along"),
        ("11.2", (0.04, 0.036, 0.04), "Benjamini and Hochberg"),
        ("11.2", (0.036, 0.06, 0.06), "in the order of the recipes"),
        ("11.2", (0.04, 0.012, 0.03), "as they came"),
        ("11.2", (0.12, 0.024, 0.03), "Sort first"),
        ("11.2", (0.12, 0.024, 0.06), "3 belongs to the smallest"),
        ("11.2", (0.06, 0.036), "three adjusted p values"),
        ("11.2", (0.5, 0.5, 0.5), "then undo the sorting"),
        ("11.3", (8, 2), "round up"),
        ("11.3", (8.6, 2.1), "come whole"),
        ("11.3", (2, 2), "The concepts move the mean as well"),
        ("11.3", (154, 6), "half-widths do not"),
        ("11.3", (1, 1), "one standard error"),
        ("11.3", (3, 9), "wrong way round"),
        ("11.3", (9, 9), "leaves more room"),
        ("11.3", (20, 20), "for the seeds, and round up"),
        ("11.3", 9, "cannot read"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed


def test_the_interval_of_the_first_exercise_lies_above_zero_and_its_p_value_above_the_level() -> None:
    assert significance.interval(MEANS[None], 2000, 42).low > 0
    assert significance.permutation_p(MEANS, 1000, 42) == pytest.approx(4 / 64)


def test_the_trainings_of_the_third_exercise_are_the_fewest() -> None:
    def half_width(concepts: int, seeds: int) -> float:
        return 1.96 * (0.15**2 / concepts + 0.02**2 / seeds) ** 0.5

    assert half_width(120, 9) <= 0.03 < half_width(120, 8) and half_width(480, 3) <= 0.03 < half_width(480, 2)

"""The checkers of notebook 03 accept the solutions and tell common mistakes apart."""

import pytest

from course_lib.data import qa

SCENARIO = (
    "Error on held-back patients fell for ten rounds and now creeps up while training error keeps falling. What now?"
)


def split(pairs, held):
    return [p for p in pairs if p.concept not in held], [p for p in pairs if p.concept in held]


def by_row(pairs, held):
    return pairs[1:], pairs[:1]


def by_text(pairs, held):
    def mentioned(pair):
        return any(name in f"{pair.question} {pair.answer} {pair.concept}" for name in held)

    return [p for p in pairs if not mentioned(p)], [p for p in pairs if mentioned(p)]


def first_of_each(pairs, held):
    return [p for p in pairs if p.concept not in held], [p for p in pairs if p.concept in held][:1]


@pytest.mark.parametrize(("number", "answer"), [("03.1", 15 * 45 / 2763), ("03.2", SCENARIO), ("03.3", split)])
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("03.1", 16 * 45 / 2763, "no negative of its own"),
        ("03.1", 15 * 46 / 2764, "already drawn"),
        ("03.1", 15 * 46 / 2763, "45 remain"),
        ("03.1", 15 / 60, "with replacement"),
        ("03.1", 45 / 2763, "holds fifteen"),
        ("03.1", 3.0, "one other row first"),
        (
            "03.2",
            "When should I use early-stopping for the model of the bank, after how many rounds?",
            "matching the string",
        ),
        ("03.2", "When should I stop?", "fewer than 14"),
        ("03.2", "The model of the bank got worse and worse " * 8 + "?", "more than 60"),
        ("03.2", SCENARIO.replace("What now?", "I would like to know."), "end it with the question"),
        ("03.3", by_row, "split by row"),
        ("03.3", by_text, "not by the text"),
        ("03.3", first_of_each, "neither part or in both"),
        ("03.3", lambda pairs, held: split(pairs, held)[::-1], "wrong way round"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed


def test_scenario_is_checked_by_the_bounds_of_the_data():
    assert qa.SCENARIO_TOKENS == (14, 60)

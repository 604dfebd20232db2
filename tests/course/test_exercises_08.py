"""The checkers of notebook 08 accept the solutions and tell common mistakes apart."""

import pytest

ALLOWED = {"gradient boosting", "k-means"}


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("08.1", ALLOWED),
        ("08.1", ["k-means", "gradient boosting"]),
        ("08.2", 5),
        ("08.3", 0.5),
        ("08.3", 0.489),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("08.1", ALLOWED | {"random forest"}, "cannot be its own negative"),
        ("08.1", ALLOWED | {"bootstrap"}, "The passage names the bootstrap"),
        ("08.1", ALLOWED | {"extremely randomized trees"}, "a descendant of the positive"),
        ("08.1", ALLOWED | {"ensemble methods"}, "an ancestor of the positive"),
        ("08.1", {"k-means"}, "Sharing a category forbids nothing"),
        ("08.1", {"gradient boosting"}, "Exactly two"),
        ("08.1", set(), "Sharing a category"),
        ("08.1", [1], "as strings"),
        ("08.2", 1, "Only the written-out name"),
        ("08.2", 2, "Aliases are missing"),
        ("08.2", 3, "also reach into the longer names"),
        ("08.2", 4, "inside an identifier"),
        ("08.2", 7, "Count each place"),
        ("08.2", True, "whole number"),
        ("08.2", 5.5, "whole number"),
        ("08.3", 0.83, "drawn uniformly"),
        ("08.3", 0.6, "a coin"),
        ("08.3", 0.469, "give a tie half a point"),
        ("08.3", 0.445, "count all rows"),
        ("08.3", 50, "not with a percentage"),
        ("08.3", -0.5, "between 0 and 1"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

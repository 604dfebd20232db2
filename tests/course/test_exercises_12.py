"""The checkers of notebook 12 accept the solutions and tell common mistakes apart."""

import pytest

from course_lib.data.text import words

NAMES = {"X": "learning rate too high", "Y": "labels shuffled", "Z": "columns swapped"}


def leaked(training: list[str], heldout: list[str]) -> float:
    known = {tuple(words(text)) for text in training}
    return sum(tuple(words(text)) in known for text in heldout) / len(heldout)


def swapped_sides(training: list[str], heldout: list[str]) -> float:
    return leaked(heldout, training)


def exact(training: list[str], heldout: list[str]) -> float:
    return sum(text in training for text in heldout) / len(heldout)


def lower(training: list[str], heldout: list[str]) -> float:
    known = {text.lower().strip() for text in training}
    return sum(text.lower().strip() in known for text in heldout) / len(heldout)


def bag(training: list[str], heldout: list[str]) -> float:
    known = {word for text in training for word in words(text)}
    return sum(set(words(text)) <= known for text in heldout) / len(heldout)


def sorted_words(training: list[str], heldout: list[str]) -> float:
    known = {tuple(sorted(words(text))) for text in training}
    return sum(tuple(sorted(words(text))) in known for text in heldout) / len(heldout)


def fragment(training: list[str], heldout: list[str]) -> float:
    known = [" ".join(words(text)) for text in training]
    return sum(any(" ".join(words(text)) in other for other in known) for text in heldout) / len(heldout)


def complement(training: list[str], heldout: list[str]) -> float:
    return 1 - leaked(training, heldout)


@pytest.mark.parametrize(
    ("number", "answer"), [("12.1", NAMES), ("12.2", 0.1241), ("12.2", 31 * 4 / 999), ("12.3", leaked)]
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("12.1", NAMES | {"X": "labels shuffled"}, "where it *starts*"),
        ("12.1", NAMES | {"Y": "learning rate too high"}, "before the first step"),
        ("12.1", NAMES | {"Y": "columns swapped"}, "of Y it is a coin"),
        ("12.1", NAMES | {"Z": "labels shuffled"}, "takes knowledge"),
        ("12.1", NAMES | {"Z": "margin out of reach"}, "can be reached"),
        ("12.1", NAMES | {"Z": "learning rate too high"}, "falls smoothly"),
        ("12.1", NAMES | {"Y": "train = test"}, "share first"),
        ("12.1", NAMES | {"Z": "swapped"}, "none of the eight names"),
        ("12.2", 31 * 5 / 999, "one twin fewer"),
        ("12.2", 32 * 4 / 1000, "from the *other* rows"),
        ("12.2", 15 * 4 / 999, "batch of 16"),
        ("12.2", 31 * 4 / 199, "not from 200 texts"),
        ("12.2", 32 * 31 * 4 / 999, "divide by its rows"),
        ("12.2", 4, "with the chance"),
        ("12.3", swapped_sides, "Count over the held-out texts"),
        ("12.3", exact, "in capitals"),
        ("12.3", lower, "punctuation differs"),
        ("12.3", bag, "their order counts too"),
        ("12.3", sorted_words, "in another order"),
        ("12.3", fragment, "compare whole texts"),
        ("12.3", complement, "which of the two you return"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

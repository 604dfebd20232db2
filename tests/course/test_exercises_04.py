"""The checkers of notebook 04 accept the solutions and tell common mistakes apart."""

from math import log2

import pytest

from course_lib.data.text import shingles, words


def overlap(text, training):
    known = set().union(*(shingles(other, 3) for other in training))
    return len(shingles(text, 3) & known) / len(shingles(text, 3))


def word_overlap(text, training):
    known = {word for other in training for word in words(other)}
    return sum(word in known for word in words(text)) / len(words(text))


def jaccard(text, training):
    known = set().union(*(shingles(other, 3) for other in training))
    return len(shingles(text, 3) & known) / len(shingles(text, 3) | known)


def joined(text, training):
    return overlap(text, [" ".join(training)])


def repeated(text, training):
    known, own = set().union(*(shingles(other, 3) for other in training)), words(text)
    runs = [tuple(own[place : place + 3]) for place in range(len(own) - 2)]
    return sum(run in known for run in runs) / len(runs)


MEAN_GAIN = sum(1 / log2(rank + 1) for rank in range(1, 9)) / 8


@pytest.mark.parametrize(("number", "answer"), [("04.1", MEAN_GAIN), ("04.2", 1 - 0.5**7), ("04.3", overlap)])
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("04.1", 1.0, "they mark one"),
        ("04.1", 0.125, "recall@1"),
        ("04.1", sum(1 / r for r in range(1, 9)) / 8, "MRR@10"),
        ("04.1", MEAN_GAIN * 8, "the sum over the eight ranks"),
        ("04.1", sum(1 / log2(r + 1) for r in range(1, 11)) / 10, "never at 9 or 10"),
        ("04.1", 0.7, "equally likely"),
        ("04.2", 0.5, "the row itself"),
        ("04.2", 0.5**7, "NOT known"),
        ("04.2", 1 - 0.5**8, "seven others decide"),
        ("04.2", 0.0, "its question is not"),
        ("04.2", 1.0, "How often?"),
        ("04.2", 0.3, "all seven siblings"),
        ("04.3", word_overlap, "compare runs, not words"),
        ("04.3", joined, "on its own"),
        ("04.3", repeated, "counts once"),
        ("04.3", jaccard, "Too small"),
        ("04.3", lambda text, training: 0.0, "Too small"),
        ("04.3", lambda text, training: 0.5 * ("mean of the" in text), "Too large"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

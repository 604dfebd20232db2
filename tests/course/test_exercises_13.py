"""The checkers of notebook 13 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest

from course_lib.course.exercises import n13


def candidates_of(query: np.ndarray, vectors: np.ndarray, candidates: int) -> np.ndarray:
    agreements = ((vectors > 0) == (query > 0)).sum(axis=1)
    return np.argsort(-agreements, kind="stable")[:candidates]


def two_stages(query, vectors, candidates, k):
    first = candidates_of(query, vectors, candidates)
    return first[np.argsort(-(vectors[first] @ query))[:k]]


def places(query, vectors, candidates, k):
    first = candidates_of(query, vectors, candidates)
    return np.argsort(-(vectors[first] @ query))[:k]


def exact(query, vectors, candidates, k):
    return np.argsort(-(vectors @ query))[:k]


def first_stage(query, vectors, candidates, k):
    return candidates_of(query, vectors, candidates)[:k]


def unstable_first_stage(query, vectors, candidates, k):
    return np.argsort(((vectors > 0) != (query > 0)).sum(axis=1), kind="quicksort")[:k]


def worst_first(query, vectors, candidates, k):
    first = candidates_of(query, vectors, candidates)
    return first[np.argsort(vectors[first] @ query)[:k]]


def fewest_signs(query, vectors, candidates, k):
    first = candidates_of(-query, vectors, candidates)
    return first[np.argsort(-(vectors[first] @ query))[:k]]


def positive_signs_only(query, vectors, candidates, k):
    first = np.argsort(-((vectors > 0) & (query > 0)).sum(axis=1), kind="stable")[:candidates]
    return first[np.argsort(-(vectors[first] @ query))[:k]]


def every_candidate(query, vectors, candidates, k):
    return two_stages(query, vectors, candidates, candidates)


def passed(scores: tuple[float, ...], against_best: bool) -> int:
    mark, count = scores[0], 0
    for score in scores[1:]:
        if score >= mark - 0.01:
            count += 1
            mark = max(mark, score) if against_best else score
    return count


def test_the_queries_of_the_second_exercise_have_one_right_answer_that_exact_search_does_not_give():
    assert len(n13.ASKED) >= 3
    for query in n13.ASKED:
        assert list(two_stages(query, n13.VECTORS, n13.CANDIDATES, n13.K)) != list(exact(query, n13.VECTORS, 0, n13.K))


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("13.1", (4 * 384 + 2 * 16 * 4) / (384 / 8 + 2 * 16 * 4)),
        ("13.1", 9.45),
        ("13.2", two_stages),
        ("13.2", lambda *of: two_stages(*of).tolist()),
        ("13.3", (passed(n13.SCORES, against_best=False), passed(n13.SCORES, against_best=True))),
        ("13.3", [7, 2]),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("13.1", 32, "of the vectors alone"),
        ("13.1", (1536 + 64) / (48 + 64), "twice M"),
        ("13.1", (1536 + 32) / (48 + 32), "4 bytes, not 1"),
        ("13.1", (1536 + 128) / (384 + 128), "factor of int8"),
        ("13.1", (1536 + 128) / (384 + 48 + 128), "Only one of the two"),
        ("13.1", 176 / 1664, "Upside down"),
        ("13.1", 8, "4 bytes a dimension"),
        ("13.1", 100, "Add up the bytes"),
        ("13.2", places, "which documents stand there"),
        ("13.2", exact, "exact search over all"),
        ("13.2", first_stage, "first stage's best"),
        ("13.2", unstable_first_stage, "first stage's best"),
        ("13.2", worst_first, "from the largest dot product down"),
        ("13.2", fewest_signs, "sort the other way"),
        ("13.2", positive_signs_only, "negative with negative too"),
        ("13.2", every_candidate, "you returned 30"),
        ("13.3", (8, 2), "the last that passed"),
        ("13.3", (2, 7), "wrong way round"),
        ("13.3", (0, 0), "*more than* 0.01"),
        ("13.3", (8, 3), "was not a candidate"),
        ("13.3", (7, 7), "never lets its mark sink"),
        ("13.3", (2, 2), "first gate's mark moves"),
        ("13.3", (5, 5), "once for each gate"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

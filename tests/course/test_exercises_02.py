"""The checkers of notebook 02 accept the solutions and tell common mistakes apart."""

from math import log, log2

import pytest
from sklearn.metrics import ndcg_score

from course_lib.course.exercises import n02


def dcg(gains, k=None):
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains[:k], 1))


def graded(ranking, grades, k, gain=lambda grade: grade, ideal=None):
    gained = dcg([gain(grades.get(document, 0)) for document in ranking], k)
    best = sorted(grades.values(), reverse=True) if ideal is None else ideal(ranking, grades, k)
    return gained / dcg([gain(grade) for grade in best], k)


def in_natural_logarithms(ranking, grades, k):
    """The base of the logarithm cancels."""
    best = sorted(grades.values(), reverse=True)
    gained = sum(grades.get(d, 0) / log(rank + 1) for rank, d in enumerate(ranking[:k], 1))
    return gained / sum(grade / log(rank + 1) for rank, grade in enumerate(best[:k], 1))


def whole_ranking(ranking, grades, k):
    best = sorted(grades.values(), reverse=True)
    return dcg([grades.get(d, 0) for d in ranking]) / dcg(best, k)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("02.1", 0.75),
        ("02.2", graded),
        ("02.2", in_natural_logarithms),
        ("02.3", 554),
        ("02.3", 553.19),
        ("02.3", 576),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


def test_the_graded_exercise_asks_for_what_scikit_learn_computes():
    documents = ["x", "b", "a", "y", "c"]  # c, never retrieved, scores lowest
    theirs = ndcg_score([[n02.GRADES.get(d, 0) for d in documents]], [[5, 4, 3, 2, 1]], k=4)
    assert theirs == pytest.approx(n02.GAINED / n02.IDEAL)


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("02.1", 1.0, "cannot hold twenty"),
        ("02.1", 0.5, "one half"),
        ("02.1", 14 / 24, "weighs every query alike"),
        ("02.1", 0.7, "Precision@10"),
        ("02.1", 10 / 12, "the average number"),
        ("02.1", 0.3, "ceiling of each half"),
        ("02.2", lambda r, g, k: dcg([g.get(d, 0) for d in r], k), "That is the DCG"),
        (
            "02.2",
            lambda r, g, k: graded(r, g, k, ideal=lambda r, g, k: sorted((g[d] for d in r if d in g), reverse=True)),
            "not only those that were found",
        ),
        ("02.2", lambda r, g, k: graded(r, g, k, ideal=lambda r, g, k: sorted(g.values())), "highest grade first"),
        ("02.2", lambda r, g, k: graded(r, g, k, ideal=lambda r, g, k: list(g.values())), "in whatever order"),
        ("02.2", lambda r, g, k: graded(r, g, k, gain=lambda grade: 2**grade - 1), "another convention"),
        ("02.2", lambda r, g, k: graded(r, g, k, gain=bool), "use its grade as its gain"),
        ("02.2", lambda r, g, k: sum(g.get(d, 0) for d in r[:k]) / sum(g.values()), "Nothing is discounted"),
        (
            "02.2",
            lambda r, g, k: dcg([g.get(d, 0) for d in r], k) / dcg(sorted(g.values(), reverse=True)),
            "ends after k places",
        ),
        ("02.2", whole_ranking, "Only the first k"),
        ("02.2", lambda r, g, k: sum(g.get(d, 0) / log2(i) for i, d in enumerate(r[:k], 1)), "log2(1) is 0"),
        ("02.2", lambda r, g, k: graded([d for d in r if g[d]], g, k), "grades.get"),
        ("02.2", lambda r, g, k: 0.5, "the value is"),
        ("02.2", 0.5, "of a type"),
        ("02.3", 23.5, "square the ratio"),
        ("02.3", 144, "1.96 of them"),
        ("02.3", 139, "you allowed 0.02"),
        ("02.3", 2213, "half of that"),
        ("02.3", 185, "do not count as concepts again"),
        ("02.3", 1660, "not of scenarios"),
        ("02.3", 70, "solve for n"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

"""The checkers of notebook 05 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest

from course_lib.evaluation import significance
from course_lib.evaluation.retrievers import ReciprocalRankFusion
from course_lib.evaluation.tasks import RetrievalTask

LEXICAL = np.array([0.12, 0.25, 0.31, 0.38, 0.44, 0.47, 0.55, 0.61, 0.66, 0.74, 0.83, 0.92])
DENSE = np.array([0.17, 0.27, 0.37, 0.37, 0.48, 0.50, 0.62, 0.62, 0.71, 0.76, 0.87, 0.95])
DRAWN, OTHERS = np.random.default_rng(0).integers(0, 12, (2, 5000, 12))


def ends(values: np.ndarray) -> np.ndarray:
    return np.percentile(values, [2.5, 97.5])


def fuse(one: list[str], other: list[str], k: int = 60) -> dict[str, float]:
    scores = {}
    for rank, document in [*enumerate(one, 1), *enumerate(other, 1)]:
        scores[document] = scores.get(document, 0) + 1 / (k + rank)
    return scores


def places(one: list[str], other: list[str]) -> dict[str, int]:
    ranks = [*enumerate(one, 1), *enumerate(other, 1)]
    return {document: sum(rank for rank, own in ranks if own == document) for document in [*one, *other]}


class Fixed:
    """A retriever that ranks as it is told."""

    name = "fixed"

    def __init__(self, ranking: list[str]):
        self.ranking = ranking

    def rank(self, task: RetrievalTask) -> dict[str, list[str]]:
        return dict.fromkeys(task.queries, self.ranking)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("05.1", 5),
        ("05.2", ends((DENSE - LEXICAL)[DRAWN].mean(axis=1))),
        ("05.2", (0.020, 0.0484)),
        ("05.3", fuse),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("05.1", 1, "counts shared words"),
        ("05.1", 4, "one more is needed"),
        ("05.1", 4.7, "Words come whole"),
        ("05.1", 7, "Mind the 1 +"),
        ("05.1", 100, "logarithm of the number"),
        ("05.1", 12, "Compare ln(1 + 997.5 / 3.5)"),
        ("05.2", ends((LEXICAL - DENSE)[DRAWN].mean(axis=1)), "sign is turned round"),
        ("05.2", ends(DENSE[DRAWN].mean(axis=1)), "interval of one retriever"),
        ("05.2", ends(DENSE[DRAWN].mean(axis=1) - LEXICAL[OTHERS].mean(axis=1)), "Draw them once, for both"),
        ("05.2", ends(DENSE[DRAWN].mean(axis=1)) - ends(LEXICAL[DRAWN].mean(axis=1)), "end by end"),
        ("05.2", ends(DENSE[DRAWN].mean(axis=1)) - ends(LEXICAL[DRAWN].mean(axis=1))[::-1], "they are paired"),
        ("05.2", ends(DENSE - LEXICAL), "lie single concepts"),
        ("05.2", (0.0458, 0.0217), "lower end first"),
        ("05.2", (0.0, 0.03), "Take the twelve differences"),
        ("05.2", 0.034, "cannot read"),
        ("05.3", lambda one, other: fuse(one, other, k=59), "Ranks count from 1"),
        ("05.3", lambda one, other: fuse(one, other, k=0), "The 60 is missing"),
        ("05.3", lambda one, other: {"c": fuse(one, other)["c"]}, "does not hold still earns"),
        ("05.3", lambda one, other: fuse(one, []) | fuse([], other), "do not overwrite"),
        ("05.3", lambda one, other: fuse([], other) | fuse(one, []), "what the second one gives"),
        ("05.3", lambda one, other: {key: value / 2 for key, value in fuse(one, other).items()}, "the mean of both"),
        ("05.3", places, "sums of ranks"),
        ("05.3", lambda one, other: {"a": 61, "b": 62, "c": 124, "d": 62}, "Take the reciprocal"),
        ("05.3", lambda one, other: [*one, *other], "Return a dictionary"),
        ("05.3", lambda one, other: {}, "third and first"),
        ("05.3", {"a": 1 / 61}, "cannot read"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed


def test_the_single_intervals_overlap_and_that_of_the_difference_lies_above_zero() -> None:
    dense, lexical = (significance.interval(values[None], 2000, 42) for values in (DENSE, LEXICAL))
    change = significance.difference(DENSE[None], LEXICAL[None], 2000, 42)
    assert lexical.low < dense.low < lexical.mean < dense.mean < lexical.high and change.low > 0


def test_the_scores_asked_for_rank_as_the_fusion_of_the_course() -> None:
    chance = np.random.default_rng(0)
    names = [f"d{number}" for number in range(30)]
    corpus = {name: f"text {name}" for name in names}
    task = RetrievalTask("any", {"q": "a query"}, corpus, {"q": frozenset(["d0"])}, {"q": "q"})
    one, other = (chance.permutation(names)[:20].tolist() for _ in range(2))
    scores = fuse(one, other)
    fused = ReciprocalRankFusion((Fixed(one), Fixed(other)), "both").rank(task)
    assert fused["q"] == sorted(names, key=lambda name: -scores.get(name, 0))

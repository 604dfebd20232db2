"""The checkers of notebook 00 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest

HARMLESS = {"a", "b", "d", "f"}


def search(questions, documents, k):
    unit = documents / np.linalg.norm(documents, axis=1, keepdims=True)
    return (-questions @ unit.T).argsort(axis=1)[:, :k]


def cosines(questions, documents):
    return questions @ documents.T / np.linalg.norm(documents, axis=1)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("00.1", HARMLESS),
        ("00.1", "abdf"),
        ("00.2", (0.821, 0.429)),
        ("00.2", np.array([0.75, 0.5])),
        ("00.3", search),
        ("00.3", lambda q, d, k: cosines(q, d).argsort(axis=1)[:, ::-1][:, :k]),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("00.1", HARMLESS | {"c"}, "long vectors rise"),
        ("00.1", HARMLESS | {"e"}, "rounding makes ties"),
        ("00.1", HARMLESS | {"g"}, "another amount"),
        ("00.1", HARMLESS - {"a"}, "gain alike"),
        ("00.1", HARMLESS - {"b"}, "a question's length multiplies"),
        ("00.1", HARMLESS - {"d"}, "2 - 2 cos"),
        ("00.1", HARMLESS - {"f"}, "a ranking is of one question"),
        ("00.1", {"z"}, "letters from a to g"),
        ("00.2", (0.429, 0.821), "what one hopes for"),
        ("00.2", (0.6, 1.07), "between -1 and 1"),
        ("00.2", (82, 43), "between -1 and 1"),
        ("00.2", (1.0, 0.429), "compared with itself"),
        ("00.2", (0.5, 0.45), "much farther apart"),
        ("00.2", 0.821, "cannot read"),
        ("00.3", lambda q, d, k: cosines(q, d).argsort(axis=1)[:, :k], "smallest first"),
        ("00.3", lambda q, d, k: cosines(q, d).argsort(axis=1)[::-1][:, :k], "turns the rows round"),
        ("00.3", lambda q, d, k: (-q @ d.T).argsort(axis=1)[:, :k], "long documents win"),
        ("00.3", lambda q, d, k: (-q @ (d / np.linalg.norm(d)).T).argsort(axis=1)[:, :k], "long documents win"),
        ("00.3", lambda q, d, k: search(q, d, len(d)), "keep the first k"),
        ("00.3", lambda q, d, k: search(q, d, k).T, "a row a question"),
        ("00.3", lambda q, d, k: search(q[0:1], d, k)[0], "a row a question"),
        ("00.3", lambda q, d, k: -np.sort(-cosines(q, d))[:, :k], "Those are scores"),
        ("00.3", lambda q, d, k: np.sort(search(q, d, k)), "not best first"),
        ("00.3", lambda q, d, k: np.zeros((len(q), k), int), "sort along axis 1"),
        ("00.3", [[0, 1]], "cannot read"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

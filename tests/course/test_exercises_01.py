"""The checkers of notebook 01 accept the solutions and tell common mistakes apart."""

import pytest
import torch


def max_pool(vectors, mask):
    return vectors.masked_fill(mask.unsqueeze(-1) == 0, -torch.inf).max(dim=1).values


def token_by_token(vectors, mask):
    return torch.stack([row[keep.bool()].amax(dim=0) for row, keep in zip(vectors, mask, strict=True)])


def mean_pool(vectors, mask):
    return (vectors * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def windows(pieces, limit, shared):
    size = limit - 2
    starts = range(0, max(len(pieces) - shared, 1), size - shared)
    return [pieces[start : start + size] for start in starts]


def windows_of(size_of, step_of, stop_of=len):
    """A faulty cutter: windows of size_of(limit), step_of(limit, shared) apart, starting before stop_of(pieces)."""

    def cut(pieces, limit, shared):
        starts = range(0, stop_of(pieces), step_of(limit, shared))
        return [pieces[start : start + size_of(limit)] for start in starts]

    return cut


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("01.1", 0.28),
        ("01.1", 1 - 1.2**2 / 2),
        ("01.2", max_pool),
        ("01.2", token_by_token),
        ("01.3", windows),
        ("01.3", lambda *given: map(tuple, windows(*given))),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("01.1", 1 - 1.2, "not 1 minus the cosine"),
        ("01.1", 1 - 0.6, "Square the distance first"),
        ("01.1", 1 - 1.44, "half of the square"),
        ("01.1", 0.72, "solve d^2"),
        ("01.1", 0.56, "twice the cosine"),
        ("01.1", 1.2, "between -1 and 1"),
        ("01.1", 0.9, "Both vectors have length 1"),
        ("01.2", lambda vectors, mask: vectors.amax(dim=1), "Padding has won"),
        ("01.2", lambda vectors, mask: (vectors * mask.unsqueeze(-1)).amax(dim=1), "A zero has won"),
        (
            "01.2",
            lambda vectors, mask: vectors.masked_fill(mask.unsqueeze(-1) == 0, -1).amax(dim=1),
            "For each text and dimension",
        ),
        ("01.2", mean_pool, "the mean of the real tokens"),
        ("01.2", lambda vectors, mask: vectors[:, 0], "the first token"),
        ("01.2", lambda vectors, mask: vectors.amax(dim=2), "over the tokens, dim=1"),
        ("01.2", lambda vectors, mask: vectors.max(dim=1), "and the values alone"),
        ("01.2", lambda vectors, mask: -max_pool(vectors, mask), "For each text and dimension"),
        ("01.3", windows_of(lambda limit: limit + 1, lambda limit, shared: 4), "more than the 6 tokens"),
        ("01.3", windows_of(lambda limit: limit, lambda limit, shared: limit - shared), "take two places"),
        ("01.3", lambda pieces, limit, shared: [pieces[: limit - 2]], "p4, p5, p6, p7, p8, p9 of p0 to p9"),
        ("01.3", windows_of(lambda limit: limit - 2, lambda limit, shared: 2), "only repeats"),
        (
            "01.3",
            windows_of(lambda limit: limit - 2, lambda limit, shared: 2, lambda p: len(p) - 3),
            "p10 of p0 to p10",
        ),
        ("01.3", windows_of(lambda limit: limit - 2, lambda limit, shared: limit - 2), "opens with the last 2 pieces"),
        ("01.3", windows_of(lambda limit: limit - 3, lambda limit, shared: 1, lambda p: len(p) - 2), "be shorter"),
        ("01.3", lambda pieces, *rest: windows(pieces, *rest) if len(pieces) > 4 else [], "one window"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

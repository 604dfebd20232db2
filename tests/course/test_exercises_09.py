"""The checkers of notebook 09 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest
import torch

POLE, OTHER = torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]])


def near_first(loss):
    return loss(POLE, POLE, OTHER) < loss(POLE, OTHER, POLE)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("09.1", 111),
        ("09.1", np.float64(110.96)),
        ("09.2", np.quantile),
        ("09.2", lambda gaps, share: sorted(gaps)[int(share * len(gaps))]),
        ("09.3", near_first),
        ("09.3", lambda loss: bool(near_first(loss))),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("09.1", 1.937, "in radians"),
        ("09.1", 55.5, "half of the angle"),
        ("09.1", 98.5, "for cosine distances"),
        ("09.1", 20.3, "The sign is turned"),
        ("09.1", 97.1, "At 60 degrees the chord is 1"),
        ("09.2", lambda gaps, share: np.quantile(gaps, 1 - share), "*finished*"),
        ("09.2", lambda gaps, share: 5.0, "does not depend on the share"),
        ("09.2", lambda gaps, share: gaps.mean(), "does not depend on the share"),
        ("09.2", lambda gaps, share: np.quantile(-gaps, share), "sign of the gaps is turned"),
        ("09.2", lambda gaps, share: share * gaps.max(), "one of its quantiles"),
        ("09.2", lambda gaps, share: np.nan, "no finite number"),
        ("09.3", lambda loss: not near_first(loss), "turned round"),
        ("09.3", lambda loss: True, "cannot fail"),
        ("09.3", lambda loss: False, "refuses a right loss"),
        ("09.3", lambda loss: loss(POLE, POLE, OTHER) < 5, "for a margin of 5 and not for 0.3"),
        ("09.3", lambda loss: loss(POLE, POLE, OTHER) == 0, "one triplet twice"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

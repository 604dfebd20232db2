"""Operators are counted under the kind that they belong to, each once."""

import pytest
import torch

from course_lib import speedups
from course_lib.training import profiling

SQUARE = torch.ones(200, 200)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("matrix products", lambda: SQUARE @ SQUARE),
        ("matrix products", lambda: torch.nn.functional.linear(SQUARE, SQUARE)),
        ("attention", lambda: torch.bmm(SQUARE[None], SQUARE[None])),
        ("attention", lambda: SQUARE.softmax(-1)),
        ("dropout masks", lambda: torch.empty(200, 200).bernoulli_(0.9)),
        ("copies", lambda: SQUARE.bfloat16()),
        ("copies", lambda: SQUARE.T.contiguous()),
        (profiling.REST, lambda: SQUARE.exp()),
    ],
)
def test_an_operation_counts_under_its_kind(kind, step):
    found = profiling.seconds_by_kind(step)
    assert found[kind] > 0
    assert list(found) == [*profiling.KINDS, profiling.REST]
    unlike = found.keys() - {kind, profiling.REST}
    assert all(found[other] == 0 for other in unlike), found


def test_the_optimizer_counts_under_its_kind():
    weight = torch.nn.Parameter(SQUARE.clone())
    weight.grad = SQUARE
    optimizer = torch.optim.AdamW([weight], fused=True)
    assert profiling.seconds_by_kind(optimizer.step)["optimizer"] > 0


@pytest.mark.parametrize("dropout", [torch.nn.Dropout, speedups.FasterDropout])
def test_masks_are_drawn_in_training_alone(dropout):
    model = torch.nn.Sequential(torch.nn.Linear(200, 200), dropout(0.1))

    def masks(training: bool) -> float:
        model.train(training)
        return profiling.seconds_by_kind(lambda: model(SQUARE).sum().backward())["dropout masks"]

    assert masks(training=True) > 0 and masks(training=False) == 0

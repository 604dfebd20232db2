"""The checkers of notebook 06 accept the solutions and tell common mistakes apart."""

from collections.abc import Callable
from math import log

import pytest
import torch
from sentence_transformers.sentence_transformer import losses
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def way(q: Tensor, a: Tensor, scale: float = 20.0, reduction: str = "mean") -> Tensor:
    """One direction, from vectors as they are."""
    return cross_entropy(scale * q @ a.T, torch.arange(len(q)), reduction=reduction)


def unit(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda q, a: loss(normalize(q), normalize(a))


def by_library(q: Tensor, a: Tensor) -> Tensor:
    directions = ("query_to_doc", "doc_to_query")
    loss = losses.MultipleNegativesRankingLoss(None, directions=directions, partition_mode="per_direction")
    return loss.compute_loss_from_embeddings([q, a], None)


FLOOR = (4 * log(4) + 2 * log(2)) / 16


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("06.1", unit(lambda q, a: (way(q, a) + way(a, q)) / 2)),
        ("06.1", by_library),
        ("06.2", FLOOR),
        ("06.2", 0.433),
        ("06.3", (7, 15)),
        ("06.3", [7, 15]),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("06.1", unit(way), "add the answers' choice"),
        ("06.1", unit(lambda q, a: way(a, q)), "add the questions' choice"),
        ("06.1", unit(lambda q, a: way(q, a) + way(a, q)), "take their mean"),
        ("06.1", unit(lambda q, a: (way(q, a, 1) + way(a, q, 1)) / 2), "The scale is missing"),
        ("06.1", lambda q, a: (way(q, a) + way(a, q)) / 2, "Those are dot products"),
        ("06.1", lambda q, a: (way(q, a, 1) + way(a, q, 1)) / 2, "Neither cosines nor scale"),
        ("06.1", unit(lambda q, a: (way(q, a, 20, "sum") + way(a, q, 20, "sum")) / 2), "a sum over the rows"),
        ("06.1", unit(lambda q, a: -(way(q, a) + way(a, q)) / 2), "The sign is wrong"),
        ("06.1", lambda q, a: torch.tensor(0.5), "The same square serves twice"),
        ("06.1", 0.5, "of a type"),
        ("06.2", 0, "share their scores"),
        ("06.2", log(16), "the blind model's loss"),
        ("06.2", (log(4) + log(2)) / 16, "counts each repeated question once"),
        ("06.2", 16 * FLOOR, "the loss of a batch is their mean"),
        ("06.2", 4 * log(3) / 16, "ln(1 + k)"),
        ("06.2", 16 * FLOOR / 6, "the other ten count as well"),
        ("06.2", (log(4) + log(2)) / 12, "a mean over questions"),
        ("06.2", 1.0, "average over the 16 rows"),
        ("06.3", (31, 63), "Accumulation adds gradients, not negatives"),
        ("06.3", (15, 15), "Each process computes its own loss"),
        ("06.3", (8, 16), "the question's own"),
        ("06.3", (7, 7), "Gathering does bring in"),
        ("06.3", (7, 63), "not the four accumulated batches"),
        ("06.3", (7, 14), "the other fifteen"),
        ("06.3", (15, 7), "wrong way round"),
        ("06.3", (1, 2), "in one square of scores"),
        ("06.3", (7.0, 15.0), "of a type"),
        ("06.3", 7, "of a type"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed

"""In-batch negatives measured: the gradients that a loss gives, and how many of its negatives are false.

N rows of equally frequent questions, m answers to each; in a batch of B random rows the other B - 1 answers are a row's
negatives, and those to the same question are false ones.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.stats import hypergeom
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device
from torch import Tensor


def gradients(loss: Callable[..., Tensor], *tensors: Tensor) -> list[Tensor]:
    """The value of `loss(*tensors)`, then its gradient with respect to each of them."""
    leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    value = loss(*leaves)
    return [value.detach(), *torch.autograd.grad(value, leaves)]


def weight_gradient(
    model: SentenceTransformer, loss: Callable[..., Tensor], batches: Sequence[Sequence[list[str]]]
) -> Tensor:
    """The mean gradient over batches, as accumulation adds it up, of all weights in one row. Shape: (weights,)

    A batch is its columns of texts; `loss` takes their features and None, as the library's losses do. Dropout is off.
    """
    model.eval()
    model.zero_grad()
    for columns in batches:
        features = [batch_to_device(model.preprocess(column), model.device) for column in columns]
        (loss(features, None) / len(batches)).backward()
    gradient = torch.cat([weight.grad.flatten().cpu() for weight in model.parameters() if weight.grad is not None])
    model.zero_grad()
    return gradient


def share_hit(answers: int, rows: int, size: int = 16) -> float:
    """Chance that a random batch holds a false negative: 1 minus the chance that each row asks another question."""
    free = [max(0, rows - i * answers) / (rows - i) for i in range(size)]
    return 1 - float(np.prod(free))


def floor(answers: int, rows: int, size: int = 16) -> float:
    """The lowest mean loss over random batches when equal questions have equal words: the mean of ln(1 + k).

    k, the false negatives of a row, is hypergeometric. Rows of one question share their scores, so the chances of
    their 1 + k right answers sum to at most 1, and by Jensen's inequality their mean loss is at least ln(1 + k).
    """
    k = np.arange(size)
    return float(hypergeom(rows - 1, answers - 1, size - 1).pmf(k) @ np.log1p(k))


def few_questions(questions: np.ndarray, per_row: float, rng: np.random.Generator, size: int = 16) -> np.ndarray:
    """Places of the most frequent questions, as many as keep `per_row` false negatives a row in random batches.

    `questions` says which question each row asks, by number from 0. Shapes: (rows,) -> (places,)
    """
    frequency = np.bincount(questions)
    order = rng.permutation(len(frequency))
    order = order[np.argsort(-frequency[order], kind="stable")]
    rows, meetings = frequency[order].cumsum(), (frequency * (frequency - 1))[order].cumsum()
    enough = (size - 1) * meetings / (rows * np.maximum(rows - 1, 1)) >= per_row
    keep = np.nonzero(enough)[0].max(initial=0) + 1
    return np.nonzero(np.isin(questions, order[:keep]))[0]


def repeats(topics: int, answers: int, visible: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs with a common topic among `visible` different rows drawn evenly, for (nearly) `draws` draws.

    Draws that hold one row twice are thrown away, which leaves exactly the draws without replacement.
    """
    rows = np.sort(rng.integers(topics * answers, size=(draws, visible)))
    drawn = rows[(np.diff(rows) > 0).all(axis=1)] // answers  # Shape: (draws, visible)
    return ((drawn[:, :, None] == drawn[:, None]).sum(axis=(1, 2)) - visible) // 2

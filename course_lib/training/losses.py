"""The two losses of the course, from the library, over a model that encodes each distinct text of a batch once.

A third can be added to either: it keeps what the untrained encoder knew.
"""

from collections.abc import Iterable

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.losses.merged_forward import embed_columns
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import all_gather_with_grad, cos_sim
from torch import Tensor, nn

from course_lib import speedups
from course_lib.training.recipes import Recipe


class EncodeOnce(nn.Module):
    """Stands between a loss and its model: equal texts go through the model once.

    Exact: the same embeddings and, as gradients of repeated rows add up, the same gradients (dropout aside, where equal
    texts now share one draw).
    """

    def __init__(self, model: SentenceTransformer):
        super().__init__()
        self.model = model

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        ids = features["input_ids"].masked_fill(features["attention_mask"] == 0, -1)  # (rows, tokens)
        distinct, inverse = torch.unique(ids, dim=0, return_inverse=True)
        first = torch.full((len(distinct),), len(ids), device=ids.device)
        first = first.scatter_reduce(0, inverse, torch.arange(len(ids), device=ids.device), "amin")
        chosen = {k: v[first] if isinstance(v, Tensor) and len(v) == len(ids) else v for k, v in features.items()}
        return {"sentence_embedding": self.model(chosen)["sentence_embedding"][inverse]}


class _OnePass:
    """All columns of a batch in one pass of the model, if it wastes nothing on padding.

    The library takes a pass for the anchors and one for the rest, since texts are padded to the longest of their pass.
    """

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor | None) -> Tensor:
        return self.compute_loss_from_embeddings(self.embed(sentence_features), labels)

    def embed(self, sentence_features: Iterable[dict[str, Tensor]]) -> list[Tensor]:
        """One tensor (rows, dimensions) a column."""
        unpadded = any(isinstance(module, speedups.Unpadded) for module in self.model.modules())
        return embed_columns(self.model, sentence_features, separate_first=not unpadded)


class TripletLoss(_OnePass, losses.TripletLoss):
    """The library's, in one pass."""


class MultipleNegativesRankingLoss(_OnePass, losses.MultipleNegativesRankingLoss):
    """The library's, in one pass."""


class Keeping(nn.Module):
    """A loss, plus `weight` times how far the cosines between a batch's positives have moved from the teacher's.

    How far: the mean squared difference over all pairs of positives, 0 for a batch of one; `gather`: those of all
    processes. The teacher is the encoder before training, and stays as it is. Source: Tung and Mori,
    Similarity-preserving knowledge distillation, ICCV 2019; there rows of similarities are normalised, here embeddings.
    """

    def __init__(self, loss: _OnePass, teacher: SentenceTransformer, weight: float, gather: bool):
        super().__init__()
        self.loss, self.weight, self.gather = loss, weight, gather
        self.teacher = (teacher.eval(),)  # in a tuple it is no part of this module: not trained, moved or exchanged

    @property
    def model(self) -> nn.Module:
        """What is trained: in a loss without it the library's trainer does not put the model that several share."""
        return self.loss.model

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor | None) -> Tensor:
        columns = list(sentence_features)
        with torch.no_grad():
            before = self.teacher[0](dict(columns[1]))["sentence_embedding"]  # (rows, dimensions)
        embeddings = self.loss.embed(columns)
        moved = self._cosines(embeddings[1]) - self._cosines(before)
        return self.loss.compute_loss_from_embeddings(embeddings, labels) + self.weight * moved.square().mean()

    def _cosines(self, positives: Tensor) -> Tensor:
        """Of this process's (rows, dimensions) with all: (rows, rows of all processes)."""
        return cos_sim(positives, all_gather_with_grad(positives) if self.gather else positives)


def build(
    recipe: Recipe, model: SentenceTransformer, teacher: SentenceTransformer | None = None, gather: bool = False
) -> nn.Module:
    """The recipe's loss over `model`.

    `teacher`, the encoder before training, is needed by a recipe that keeps its similarities; `gather`: in-batch
    negatives from the rows of all processes.
    """
    loss = _published(recipe, EncodeOnce(model), gather)
    return Keeping(loss, teacher, recipe.similarities_kept, gather) if recipe.similarities_kept else loss


def _published(recipe: Recipe, model: EncodeOnce, gather: bool) -> _OnePass:
    if recipe.loss == "TripletLoss":
        metric = losses.TripletDistanceMetric.EUCLIDEAN
        return TripletLoss(model, distance_metric=metric, triplet_margin=recipe.margin)
    directions = ("query_to_doc", "doc_to_query") if recipe.both_directions else ("query_to_doc",)
    return MultipleNegativesRankingLoss(
        model,
        scale=recipe.scale,
        gather_across_devices=gather,
        directions=directions,
        partition_mode="per_direction",
    )

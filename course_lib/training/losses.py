"""The two losses of the course, from the library, over a model that encodes each distinct text of a batch once."""

from collections.abc import Iterable

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.losses.merged_forward import embed_columns
from sentence_transformers.sentence_transformer import losses
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
        unpadded = any(isinstance(module, speedups.Unpadded) for module in self.model.modules())
        embeddings = embed_columns(self.model, sentence_features, separate_first=not unpadded)
        return self.compute_loss_from_embeddings(embeddings, labels)


class TripletLoss(_OnePass, losses.TripletLoss):
    """The library's, in one pass."""


class MultipleNegativesRankingLoss(_OnePass, losses.MultipleNegativesRankingLoss):
    """The library's, in one pass."""


def build(recipe: Recipe, model: SentenceTransformer, gather: bool = False) -> nn.Module:
    """The recipe's loss over `model`; `gather`: in-batch negatives from the rows of all processes."""
    if recipe.loss == "TripletLoss":
        metric = losses.TripletDistanceMetric.EUCLIDEAN
        return TripletLoss(EncodeOnce(model), distance_metric=metric, triplet_margin=recipe.margin)
    directions = ("query_to_doc", "doc_to_query") if recipe.both_directions else ("query_to_doc",)
    return MultipleNegativesRankingLoss(
        EncodeOnce(model),
        scale=recipe.scale,
        gather_across_devices=gather,
        directions=directions,
        partition_mode="per_direction",
    )

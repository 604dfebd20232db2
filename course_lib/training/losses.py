"""The two losses of the course, from the library, over a model that encodes each distinct text of a batch once."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from torch import Tensor, nn

from course_lib.training.recipes import Recipe


class EncodeOnce(nn.Module):
    """Stands between a loss and its model: equal rows of token ids go through the model once.

    Exact: the same embeddings and, as gradients of repeated rows add up, the same gradients (dropout aside, where equal
    texts now share one draw).
    """

    def __init__(self, model: SentenceTransformer):
        super().__init__()
        self.model = model

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        ids = features["input_ids"]  # (rows, tokens)
        distinct, inverse = torch.unique(ids, dim=0, return_inverse=True)
        first = torch.full((len(distinct),), len(ids), device=ids.device)
        first = first.scatter_reduce(0, inverse, torch.arange(len(ids), device=ids.device), "amin")
        chosen = {k: v[first] if isinstance(v, Tensor) and len(v) == len(ids) else v for k, v in features.items()}
        return {"sentence_embedding": self.model(chosen)["sentence_embedding"][inverse]}


def build(recipe: Recipe, model: SentenceTransformer, gather: bool = False) -> nn.Module:
    """The recipe's loss over `model`; `gather`: in-batch negatives from the rows of all processes."""
    if recipe.loss == "TripletLoss":
        metric = losses.TripletDistanceMetric.EUCLIDEAN
        return losses.TripletLoss(EncodeOnce(model), distance_metric=metric, triplet_margin=recipe.margin)
    directions = ("query_to_doc", "doc_to_query") if recipe.both_directions else ("query_to_doc",)
    return losses.MultipleNegativesRankingLoss(
        EncodeOnce(model),
        scale=recipe.scale,
        gather_across_devices=gather,
        directions=directions,
        partition_mode="per_direction",
    )

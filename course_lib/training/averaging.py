"""A fine-tuned encoder averaged with the one it came from: most of the gain stays, much of the forgetting goes."""

import torch
from sentence_transformers import SentenceTransformer


def average(tuned: SentenceTransformer, base: SentenceTransformer, share: float) -> None:
    """Make every weight of `tuned`, in place, `share` times its own plus 1 - `share` times the base's.

    Source: Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022 (there `share` is alpha).
    """
    weights = base.state_dict()
    with torch.no_grad():
        for name, weight in tuned.state_dict().items():
            if weight.is_floating_point():
                weight.lerp_(weights[name].to(weight), 1 - share)

"""What `SentenceTransformer.fit()` really uses, against what it lets the model card say."""

import contextlib
import copy
import io
import tempfile
import warnings

import torch
from datasets import Dataset
from sentence_transformers import InputExample, SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from torch.utils.data import DataLoader


def two_steps(model: SentenceTransformer, pairs: Dataset) -> tuple[dict, dict]:
    """Train a copy of the model with `fit()` and its defaults, two steps of half of the pairs each.

    Returns the optimizer's settings after the two steps, and the hyperparameters that the copy's card would print.
    """
    made = []

    def optimizer(groups: list[dict], **options) -> torch.optim.Optimizer:
        made.append(torch.optim.AdamW(groups, **options))
        return made[-1]

    copied = copy.deepcopy(model)
    examples = [InputExample(texts=list(row.values())) for row in pairs]
    objective = DataLoader(examples, batch_size=len(pairs) // 2), losses.MultipleNegativesRankingLoss(copied)
    silent = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as place,
        contextlib.chdir(place),  # fit() makes its folder of checkpoints where it is called
        warnings.catch_warnings(action="ignore"),
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
    ):
        copied.fit([objective], optimizer_class=optimizer, show_progress_bar=False)
    used = {name: value for name, value in made[0].param_groups[0].items() if name != "params"}
    return used, copied.model_card_data.all_hyperparameters

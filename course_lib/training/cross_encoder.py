"""A cross-encoder trained on the course's own pairs: no published one can be had where the hub is blocked.

A sentence encoder reads query and document apart; a cross-encoder reads them together and gives one score. It is too
slow for a whole corpus, so it puts the first documents of another retriever in a better order.
"""

import logging
import math
import tempfile

import torch
from datasets import Dataset
from sentence_transformers import CrossEncoder
from sentence_transformers.base.sampler import BatchSamplers
from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import MultipleNegativesRankingLoss
from transformers import PrinterCallback, ProgressCallback
from transformers.utils.logging import disable_progress_bar, enable_progress_bar, is_progress_bar_enabled

from course_lib import encoders
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.precision import choose, here
from course_lib.profiles import Profile
from course_lib.training import distributed

BATCH_SIZE, LEARNING_RATE = 8, 1e-4
WARMUP = 0.1  # share of the steps
NEGATIVES = 2  # a question: answers to others in its batch


def train(minilm: Encoder, pairs: Dataset, profile: Profile, seed: int) -> CrossEncoder:
    """As many steps as one epoch over the pairs (question, answer) has, or the profile's, if those are fewer.

    It begins with MiniLM's weights and a new layer for the score, and learns to tell each answer from NEGATIVES drawn
    from its batch. That contrast within a batch matters: binary cross-entropy on shuffled rows of right and wrong
    answers stayed at the loss of guessing for as long as we looked, and so it nearly did with the hardest negatives.
    Raises CourseError for an encoder of another kind, for pairs of fewer than two columns or questions, and when the
    loss stops being a number.
    """
    if len(pairs.column_names) < 2 or len(set(pairs[pairs.column_names[0]])) < 2:
        raise CourseError(
            "A cross-encoder learns from two columns, questions and their answers, and from at least two questions; "
            f"the dataset has {pairs.column_names} and {len(pairs)} rows: give it more."
        )
    model = _untrained(minilm, seed)
    planned = math.ceil(len(pairs) / BATCH_SIZE)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = CrossEncoderTrainingArguments(
            output_dir=scratch,
            per_device_train_batch_size=BATCH_SIZE,
            max_steps=min(profile.steps(minilm.name) or planned, planned),
            learning_rate=LEARNING_RATE,
            warmup_steps=WARMUP,
            batch_sampler=BatchSamplers.NO_DUPLICATES,  # an answer to the same question is no negative
            bf16=choose().name == "bf16",
            use_cpu=here() == "cpu",
            seed=seed,
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = CrossEncoderTrainer(
            model=model,
            args=distributed.on_one_device(arguments),
            train_dataset=pairs.select_columns(pairs.column_names[:2]),
            loss=MultipleNegativesRankingLoss(model, num_negatives=NEGATIVES),
            callbacks=[_Watch()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model


def _untrained(minilm: Encoder, seed: int) -> CrossEncoder:
    if minilm.name != "minilm":
        raise CourseError(f"The cross-encoder starts from 'minilm', not {minilm.name!r}, which is too slow for it.")
    bars = is_progress_bar_enabled()
    disable_progress_bar()
    logging.disable(logging.WARNING)  # that the layer for the score is new is no news
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return CrossEncoder(
                str(encoders.folder(minilm.name)),
                num_labels=1,
                device=str(minilm.model.device),
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
                keep_in_fp32_modules=["0.model.classifier"],  # scores in bf16 would tie
            )
    finally:
        logging.disable(logging.NOTSET)
        if bars:
            enable_progress_bar()


class _Watch(ProgressCallback):
    """A bar that prints no lines beside itself; stops at a loss that is no number."""

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise CourseError(f"The loss is {logs['loss']} at step {state.global_step}: check the pairs.")

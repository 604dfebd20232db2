"""One training: a recipe, an encoder and a dataset become a model folder with its card and its record."""

import copy
import json
import math
import os
import platform
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.base.sampler import BatchSamplers
from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments
from tqdm import tqdm
from transformers import PrinterCallback, ProgressCallback, TrainerCallback

from course_lib import paths
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.precision import Precision, choose
from course_lib.profiles import Profile
from course_lib.training import losses
from course_lib.training.batches import GroupedBatchSampler
from course_lib.training.recipes import Recipe

LOGGED_STEPS = 500  # the published cards hold one loss: the mean over this many first steps
LIBRARIES = ("torch", "transformers", "sentence-transformers", "datasets")


@dataclass(frozen=True)
class TrainingRun:
    """What a training was and what came of it; `record` is what run.json in `folder` holds."""

    folder: Path
    losses: tuple[float, ...]  # one a step
    steps: int
    planned_steps: int  # of the whole recipe on this dataset
    seconds: float
    record: dict

    def row(self, card_loss: float) -> dict:
        """One row of the ledger, beside the loss that the published card logs."""
        keys = ("encoder", "stand_in_for", "rows", "steps", "planned_steps", "mean_loss_first_500", "seconds", "seed")
        name = {"recipe": self.record["recipe"]["name"], "card_loss": card_loss}
        return name | {key: self.record[key] for key in (*keys, "precision", "versions", "losses")}

    def mean_loss(self, first: int = LOGGED_STEPS) -> float:
        """Mean over the first steps: with 500, the one number that the published cards log."""
        part = self.losses[:first]
        return sum(part) / len(part)


def train(recipe: Recipe, encoder: Encoder, dataset: Dataset, profile: Profile, seed: int) -> TrainingRun:
    """Train a copy of the encoder; `encoder` itself stays as it was.

    The model folder is `outputs(profile)/models/{recipe}-seed{seed}`; it appears whole or not at all.
    Raises CourseError when the encoder is not the recipe's, when the dataset has too few columns or rows, or when the
    loss stops being a number.
    """
    _check(recipe, encoder, dataset)
    planned = recipe.epochs * math.ceil(len(dataset) / recipe.batch_size)
    steps = min(profile.steps(recipe.encoder) or planned, planned)
    folder = paths.outputs(profile.name) / "models" / f"{recipe.name}-seed{seed}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    model, precision = copy.deepcopy(encoder.model), choose()
    _describe(model, encoder)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        log = _Log(steps)
        trainer = SentenceTransformerTrainer(
            model=model,
            args=_arguments(recipe, steps, seed, precision, scratch),
            train_dataset=dataset,
            loss=losses.build(recipe, model),
            callbacks=[log],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
        run = TrainingRun(folder, tuple(log.losses), len(log.losses), planned, seconds, {})
        record = _record(recipe, encoder, dataset, profile, seed, precision, run)
        finished = Path(scratch, "model")
        model.save_pretrained(str(finished), safe_serialization=True)
        (finished / "run.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(finished, folder)
    return TrainingRun(folder, run.losses, run.steps, planned, seconds, record)


def load_model(folder: Path) -> SentenceTransformer:
    """A trained model, from its folder alone: no network, safetensors only."""
    if not (folder / "model.safetensors").is_file():
        raise CourseError(f"{folder} holds no trained model; run the notebook that trains it first.")
    return SentenceTransformer(str(folder), local_files_only=True, model_kwargs={"use_safetensors": True})


def _check(recipe: Recipe, encoder: Encoder, dataset: Dataset) -> None:
    if encoder.name != recipe.encoder:
        raise CourseError(f"Recipe {recipe.name!r} is for the encoder {recipe.encoder!r}, not {encoder.name!r}.")
    columns = 3 if recipe.loss == "TripletLoss" else 2
    if len(dataset.column_names) < columns or not len(dataset):
        raise CourseError(
            f"{recipe.loss} needs {columns} columns of text and at least one row; "
            f"the dataset has {dataset.column_names} and {len(dataset)} rows."
        )


def _arguments(recipe: Recipe, steps: int, seed: int, precision: Precision, scratch: str):
    return SentenceTransformerTrainingArguments(
        output_dir=scratch,
        per_device_train_batch_size=recipe.batch_size,
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=recipe.warmup_steps,
        max_grad_norm=recipe.max_grad_norm,
        batch_sampler=GroupedBatchSampler if recipe.group_anchors else BatchSamplers.BATCH_SAMPLER,
        bf16=precision.name == "bf16",
        use_cpu=not torch.accelerator.is_available(),
        seed=seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


class _Log(TrainerCallback):
    """Keeps the loss of each step, shows a bar, and stops at a loss that is no number."""

    def __init__(self, steps: int):
        self.losses: list[float] = []
        self.bar = tqdm(total=steps, desc="training", unit="step", mininterval=5)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])
            self.bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
            self.bar.update()
            if not math.isfinite(logs["loss"]):
                raise CourseError(f"The loss is {logs['loss']} at step {state.global_step}: lower the learning rate.")

    def on_train_end(self, args, state, control, **kwargs):
        self.bar.close()


def _describe(model: SentenceTransformer, encoder: Encoder) -> None:
    """What the generated card says of the model: without a network it could not find out."""
    card = model.model_card_data
    card.language, card.license, card.local_files_only = ["en"], "apache-2.0", True
    card.base_model, card.base_model_revision = encoder.model_name, encoder.revision


def _record(recipe, encoder, dataset, profile, seed, precision, run: TrainingRun) -> dict:
    return {
        "recipe": asdict(recipe),
        "encoder": str(encoder),
        "stand_in_for": encoder.stand_in_for,
        "profile": profile.name,
        "seed": seed,
        "rows": len(dataset),
        "steps": run.steps,
        "planned_steps": run.planned_steps,
        "losses": [round(loss, 6) for loss in run.losses],
        "mean_loss_first_500": round(run.mean_loss(), 6),
        "seconds": round(run.seconds, 1),
        "precision": asdict(precision),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }

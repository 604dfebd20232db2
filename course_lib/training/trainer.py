"""One training: a recipe, an encoder and a dataset become a model folder with its card and its record."""

import copy
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.sampler import BatchSamplers, DefaultBatchSampler
from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments
from tqdm import tqdm
from transformers import PrinterCallback, ProgressCallback, TrainerCallback

from course_lib import models, paths, speedups
from course_lib.data.views import VIEW_COLUMNS
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.precision import Precision, choose, here
from course_lib.profiles import Profile
from course_lib.training import averaging, cards, checkpoints, distributed, losses, runs
from course_lib.training.batches import DistinctBatchSampler, GroupedBatchSampler
from course_lib.training.recipes import Recipe
from course_lib.training.runs import TrainingRun

RELEASE_EVERY = 5  # steps


def train(recipe: Recipe, encoder: Encoder, dataset: Dataset, profile: Profile, seed: int) -> TrainingRun:
    """Train a copy of the encoder; `encoder` itself stays as it was.

    The model folder is `outputs(profile)/models/{recipe}-seed{seed}`; it appears whole or not at all. A training that
    was interrupted goes on from its last checkpoint. Under torchrun each process calls this, and the first one writes.
    Raises CourseError when the encoder is not the recipe's, when the dataset has too few columns or rows, when the
    processes cannot share a batch, when the disk is full, or when the loss stops being a number.
    """
    processes = distributed.join()
    _check(recipe, encoder, dataset, processes)
    planned = recipe.epochs * _steps_an_epoch(recipe, dataset, processes)
    steps = min(profile.steps(recipe.encoder) or planned, planned)
    folder = paths.outputs(profile.name) / "models" / f"{recipe.name}-seed{seed}"
    model, precision = copy.deepcopy(encoder.model), distributed.agree(choose())
    texts = dataset.select_columns(_text_columns(dataset))
    cards.describe(model, encoder, texts)
    model.max_seq_length = recipe.tokens or model.max_seq_length
    first = distributed.is_first()
    with checkpoints.kept(folder) if first else nullcontext(checkpoints.beside(folder)) as place:
        record = _record(recipe, encoder, dataset, profile, seed, processes, precision)
        rest = {"precision": precision.name, "steps": steps, "versions": record["versions"]}
        training = checkpoints.identity(recipe, encoder, dataset, seed=seed, processes=processes, **rest)
        trainer = checkpoints.ResumableTrainer(
            model=model,
            args=arguments(
                recipe, steps, seed, precision, place, sampler(recipe, dataset, model, processes), processes
            ),
            train_dataset=texts,
            loss=losses.build(recipe, model, encoder.model, gather=processes > 1),
            callbacks=[_Log(steps)],
            training=training,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        resumed = distributed.agree(checkpoints.last_good(place, training) if first else None)
        seconds = trainer.run(resumed)
        model.max_seq_length = encoder.model.max_seq_length
        if recipe.tuned_share < 1:
            averaging.average(model, encoder.model, recipe.tuned_share)
        history = tuple(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
        run = TrainingRun(folder, history, len(history), planned, seconds, record)
        run = replace(run, record=record | run.results() | {"resumed_from_step": resumed.step if resumed else 0})
        if first:
            _save(model, run)
    trainer.accelerator.wait_for_everyone()
    return run


def load_model(folder: Path) -> SentenceTransformer:
    """A trained model, from its folder alone: no network, safetensors only."""
    if not (folder / "model.safetensors").is_file():
        raise CourseError(f"{folder} holds no trained model; run the notebook that trains it first.")
    return models.load(folder)


def _check(recipe: Recipe, encoder: Encoder, dataset: Dataset, processes: int) -> None:
    if encoder.name != recipe.encoder:
        raise CourseError(f"Recipe {recipe.name!r} is for the encoder {recipe.encoder!r}, not {encoder.name!r}.")
    columns = 3 if recipe.loss == "TripletLoss" else 2
    if len(_text_columns(dataset)) < columns or not _steps_an_epoch(recipe, dataset, processes):
        rows = "one row" if processes == 1 else f"{recipe.batch_size} rows"
        raise CourseError(
            f"{recipe.loss} needs {columns} columns of text and at least {rows}; "
            f"the dataset has {dataset.column_names} and {len(dataset)} rows."
        )
    distributed.batch_size(recipe, processes)


def _steps_an_epoch(recipe: Recipe, dataset: Dataset, processes: int) -> int:
    """Rows in batches. Several processes leave out the rows of a last, smaller batch: not the same number in each.

    A view keeps some rows apart, and then its sampler may need a few batches more (two or three for the better MPNet).
    The training does not wait for them.
    """
    batches = len(dataset) / recipe.batch_size
    return math.ceil(batches) if processes == 1 else math.floor(batches)


def _text_columns(dataset: Dataset) -> list[str]:
    """The others, of a view, tell the sampler which rows may share a batch."""
    return [name for name in dataset.column_names if name not in VIEW_COLUMNS]


def sampler(
    recipe: Recipe, dataset: Dataset, model: SentenceTransformer, processes: int = 1
) -> Callable[..., DefaultBatchSampler] | BatchSamplers:
    """Which rows of the dataset share a batch."""
    lengths = _longest(dataset, model) if recipe.alike_lengths else None
    if set(VIEW_COLUMNS) <= set(dataset.column_names):
        about = {"asks": dataset["asks"], "answers": dataset["answers"], "lengths": lengths}
        return partial(DistinctBatchSampler, **about, processes=processes)
    if recipe.group_anchors:
        return partial(GroupedBatchSampler, processes=processes)
    if recipe.alike_lengths:
        return partial(GroupedBatchSampler, groups=range(len(dataset)), lengths=lengths, processes=processes)
    return BatchSamplers.BATCH_SAMPLER


def _longest(dataset: Dataset, model: SentenceTransformer) -> list[int]:
    """Tokens of the longest text of each row, as many as the model reads."""
    columns = [list(dataset[name]) for name in _text_columns(dataset)]
    most = {"truncation": True, "max_length": model.max_seq_length}
    counts = [[len(ids) for ids in model.tokenizer(texts, **most)["input_ids"]] for texts in columns]
    return [max(of_row) for of_row in zip(*counts, strict=True)]


def arguments(
    recipe: Recipe,
    steps: int,
    seed: int,
    precision: Precision,
    place: Path,
    batches: Callable[..., DefaultBatchSampler] | BatchSamplers,
    processes: int = 1,
    kind: str | None = None,
) -> SentenceTransformerTrainingArguments:
    """What the library's trainer is told: the recipe, how the course runs one, and what `sampler` gave.

    `kind` is that of the device, the one `here` without (see `precision`).
    """
    made = SentenceTransformerTrainingArguments(
        output_dir=str(place),
        per_device_train_batch_size=distributed.batch_size(recipe, processes),
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=recipe.warmup_steps,
        max_grad_norm=recipe.max_grad_norm,
        batch_sampler=batches,
        dataloader_drop_last=processes > 1,
        bf16=precision.name == "bf16",
        use_cpu=(kind or here()) == "cpu",
        seed=seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_steps=checkpoints.EVERY,
        save_total_limit=checkpoints.KEPT,
        report_to="none",
        disable_tqdm=True,
    )
    return distributed.on_one_device(made)


class _Log(TrainerCallback):
    """Shows a bar, keeps memory within bounds, and stops at a loss that is no number."""

    def __init__(self, steps: int):
        self.bar = tqdm(total=steps, desc="training", unit="step", mininterval=5, disable=not distributed.is_first())

    def on_train_begin(self, args, state, control, **kwargs):
        self.bar.update(state.global_step)

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step % RELEASE_EVERY == 0:
            speedups.release_memory()

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
            self.bar.update()
            if not math.isfinite(logs["loss"]):
                raise CourseError(f"The loss is {logs['loss']} at step {state.global_step}: lower the learning rate.")

    def on_train_end(self, args, state, control, **kwargs):
        self.bar.close()


def _record(recipe, encoder, dataset, profile, seed, processes, precision) -> dict:
    return {
        "recipe": asdict(recipe),
        "encoder": str(encoder),
        "stand_in_for": encoder.stand_in_for,
        "profile": profile.name,
        "seed": seed,
        "rows": len(dataset),
        "processes": processes,
        "precision": asdict(precision),
        "threads": torch.get_num_threads(),
        **runs.surroundings(),
    }


def _save(model: SentenceTransformer, run: TrainingRun) -> None:
    """Write beside the model folder, then rename."""
    with (
        checkpoints.written(run.folder),
        tempfile.TemporaryDirectory(prefix=f".{run.folder.name}-", dir=run.folder.parent) as scratch,
    ):
        finished = Path(scratch, "model")
        model.save_pretrained(str(finished), safe_serialization=True)
        (finished / "run.json").write_text(json.dumps(run.record, indent=1) + "\n", encoding="utf-8")
        cards.add_training(finished, model, run.record)
        if run.folder.exists():
            shutil.rmtree(run.folder)
        os.replace(finished, run.folder)

"""Checkpoints: an interrupted training goes on from its last good one, to the same result as an uninterrupted one.

A checkpoint is what the Trainer of transformers saves - weights (safetensors), optimizer, scheduler, state of the
random generators, log - and `manifest.json`, written last: what was trained, and size and SHA-256 of every file. A
checkpoint without a manifest, or with files that differ from it, is half-written or damaged: the one before it is used.
What PyTorch pickles (optimizer, scheduler, generators) is read after this check alone, and by the Trainer with
`weights_only=True`, which runs no code.

One holds the weights and Adam's two moments of each: 0.3 to 0.4 GB for MiniLM, 1.3 GB for MPNet. Two are kept and a
third is there while it is written: 4 GB of disk and a few seconds every EVERY steps for MPNet.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from datasets import Dataset
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformerTrainer
from transformers import TrainerCallback
from transformers.utils import logging

from course_lib import artifacts
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.files import write_atomically
from course_lib.training.recipes import Recipe

EVERY, KEPT = 100, 2  # steps between two checkpoints; how many stay
PATTERN = "checkpoint-*"  # the Trainer's names
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """A good checkpoint, and the seconds of training that led to it."""

    folder: Path
    step: int
    seconds: float


def identity(recipe: Recipe, encoder: Encoder, dataset: Dataset, **rest: str | int | dict) -> dict:
    """All that decides the result of a training; a checkpoint of another one is never gone on from.

    `rest`: seed, precision, steps, processes, versions. The rows count by their texts, in their order.
    """
    rows = sha256(json.dumps([[name, list(dataset[name])] for name in dataset.column_names]).encode())
    start = {"encoder": encoder.sha256, "max_seq_length": encoder.model.max_seq_length}
    return {"recipe": asdict(recipe), "rows": rows.hexdigest(), **start, **rest}


def beside(model_folder: Path) -> Path:
    """The hidden folder for the checkpoints of one model."""
    return model_folder.with_name(f".{model_folder.name}.checkpoints")


@contextmanager
def kept(model_folder: Path) -> Iterator[Path]:
    """The folder beside the model's for one process alone; deleted when the block ends without an error.

    Raises CourseError when another process holds it, or when it cannot be made.
    """
    folder = beside(model_folder)
    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise CourseError(f"Another process trains {model_folder}: wait for it, or choose another seed.") from error
    finished = False
    try:
        yield folder
        finished = True
    finally:
        lock.release()
        if finished or not any(folder.glob(PATTERN)):
            shutil.rmtree(folder, ignore_errors=True)


def seal(place: Path, training: dict, step: int, seconds: float) -> None:
    """Write the manifest: from now on the checkpoint is good."""
    manifest = {"training": training, "step": step, "seconds": seconds, "files": _files(place)}
    write_atomically(place / MANIFEST, json.dumps(manifest).encode())


def last_good(folder: Path, training: dict) -> Checkpoint | None:
    """The newest whole checkpoint of this training; deletes the damaged ones after it, and those of other trainings."""
    for place in sorted(folder.glob(PATTERN), key=lambda p: int(p.name.rpartition("-")[2]), reverse=True):
        try:
            manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
            if manifest["training"] == training and manifest["files"] == _files(place):
                return Checkpoint(place, manifest["step"], manifest["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # no manifest, or half of one: the saving was interrupted
        shutil.rmtree(place, ignore_errors=True)
    return None


@contextmanager
def written(place: Path) -> Iterator[None]:
    """Full disks and the like, which safetensors and PyTorch each report in their own way, as one CourseError."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(
            f"{place} cannot be written ({reason}): free some space or make its folder writable, and run again; "
            "the training goes on from its last good checkpoint, if it has one."
        ) from error


class ResumableTrainer(SentenceTransformerTrainer):
    """The library's trainer, with checkpoints that can be verified, and whole in what it says after going on."""

    def __init__(self, *args, training: dict, **kwargs):
        super().__init__(*args, **kwargs)
        self.training, self.begin = training, time.perf_counter()

    def run(self, checkpoint: Checkpoint | None) -> float:
        """Train from a checkpoint, or the start, to the end; the seconds of all of it."""
        before = checkpoint.seconds if checkpoint else 0.0
        self.begin = time.perf_counter() - before
        self.add_callback(_Flow(before))
        with _without_bars():
            self.train(resume_from_checkpoint=str(checkpoint.folder) if checkpoint else None)
        return time.perf_counter() - self.begin

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        self.model.save_pretrained(output_dir, create_model_card=False)  # and no pickled arguments

    def _save_checkpoint(self, model, trial) -> None:
        place = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        with written(place):
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()  # every process writes the state of its random generators
            if self.args.should_save:
                seal(place, self.training, self.state.global_step, time.perf_counter() - self.begin)


class _Flow(TrainerCallback):
    """What the library leaves open when a training goes on."""

    def __init__(self, seconds_before: float):
        self.seconds_before = seconds_before

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        card = model.model_card_data  # it would tell of the steps and the time since the checkpoint alone
        logged = [entry for entry in state.log_history if "loss" in entry]
        card.training_logs = [{"Epoch": e["epoch"], "Step": e["step"], "Training Loss": e["loss"]} for e in logged]
        card._training_start_time -= self.seconds_before

    def on_epoch_begin(self, args, state, control, train_dataloader=None, **kwargs):
        sampler = train_dataloader.batch_sampler  # one that is wrapped twice, on several processes, is not told by them
        while sampler is not None:
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(int(state.epoch or 0))
            sampler = getattr(sampler, "batch_sampler", None) or getattr(sampler, "sampler", None)

    def on_step_end(self, args, state, control, **kwargs):
        control.should_save = control.should_save and state.global_step < state.max_steps  # then the model follows


@contextmanager
def _without_bars() -> Iterator[None]:
    """Those of transformers, for the 0.1 s in which it reads or writes a file."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _files(folder: Path) -> dict[str, list]:
    """Name to size and SHA-256 of all files but the manifest."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != MANIFEST)
    return {file.relative_to(folder).as_posix(): [file.stat().st_size, artifacts.sha256(file)] for file in files}

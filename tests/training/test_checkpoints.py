"""A training that was interrupted, damaged or short of disk goes on to what it would have become."""

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from filelock import FileLock
from safetensors.torch import load_file, save_file

from course_lib import profiles
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.training import checkpoints, trainer
from course_lib.training.checkpoints import Checkpoint
from course_lib.training.recipes import MINILM_AS_PRINTED, MPNET_AS_PRINTED, Recipe
from course_lib.training.runs import TrainingRun

PAIRS = replace(MINILM_AS_PRINTED, batch_size=4, epochs=2)
TRIPLETS = replace(MPNET_AS_PRINTED, batch_size=4, epochs=2, encoder="minilm")
SMOKE = replace(profiles.load("smoke"), minilm_steps=None)
SEED = 3


def stop(step: int) -> None:
    """Somebody presses Ctrl-C in the fifth of six steps."""
    if step == 5:
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Subject:
    """What is trained: 12 rows in batches of 4, so 3 steps an epoch and 6 in all."""

    recipe: Recipe
    encoder: Encoder
    rows: Dataset

    def train(self, output: Path, every: int = 1, meanwhile: Callable[[int], None] = lambda step: None) -> TrainingRun:
        def on_log(log, args, state, control, **kwargs):
            original(log, args, state, control, **kwargs)
            meanwhile(state.global_step)

        original = trainer._Log.on_log
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COURSE_OUTPUT", str(output))
            patch.setattr(checkpoints, "EVERY", every)
            patch.setattr(trainer._Log, "on_log", on_log)
            return trainer.train(self.recipe, self.encoder, self.rows, SMOKE, SEED)

    def place(self, output: Path) -> Path:
        return output / "smoke" / "models" / f".{self.recipe.name}-seed{SEED}.checkpoints"


@pytest.fixture(scope="module")
def subject(tiny, pairs) -> Subject:
    return Subject(PAIRS, tiny, pairs.select(range(12)))


@pytest.fixture(scope="module")
def whole(subject, tmp_path_factory) -> TrainingRun:
    """Uninterrupted, and without a checkpoint."""
    return subject.train(tmp_path_factory.mktemp("whole"), every=100)


@pytest.fixture(scope="module")
def stopped(subject, tmp_path_factory) -> Path:
    """The output of a training that was interrupted in its second epoch."""
    output = tmp_path_factory.mktemp("stopped")
    with pytest.raises(KeyboardInterrupt):
        subject.train(output, meanwhile=stop)
    return output


@pytest.fixture
def copy(stopped, output) -> Path:
    """It again for one test."""
    return shutil.copytree(stopped, output)


@contextmanager
def limits() -> Iterator[Callable[[int], None]]:
    """Sets the most bytes that a file may have: writing more fails as on a full disk. It ends with the block, since
    the log of the tests may be longer."""
    resource = pytest.importorskip("resource", reason="no such limit on Windows")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def steps(place: Path) -> list[int]:
    return sorted(int(folder.name.partition("-")[2]) for folder in place.glob("checkpoint-*"))


def manifest(place: Path) -> dict:
    return json.loads((place / "checkpoint-4" / "manifest.json").read_text("utf-8"))


def card(run: TrainingRun) -> list[str]:
    lines = (run.folder / "README.md").read_text("utf-8").splitlines()
    return [line for line in lines if "**Training**" not in line]  # its time


def assert_same(run: TrainingRun, whole: TrainingRun) -> None:
    assert run.losses == whole.losses and run.record["losses"] == whole.record["losses"]
    weights, expected = (load_file(r.folder / "model.safetensors") for r in (run, whole))
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert card(run) == card(whole)


def replace_content(file: Path, change: Callable[[bytes], bytes]) -> None:
    file.write_bytes(change(file.read_bytes()))


def assert_one_sentence(error: pytest.ExceptionInfo) -> None:
    message = str(error.value)
    assert "\n" not in message and message.endswith(".") and "cannot be written (" in message and "free some" in message


def test_an_interrupted_training_goes_on_to_the_same_weights_losses_and_card_and_leaves_no_checkpoint(
    subject, whole, copy
):
    run = subject.train(copy)
    assert (run.record["resumed_from_step"], whole.record["resumed_from_step"]) == (4, 0)
    assert_same(run, whole)
    assert [path.name for path in run.folder.parent.iterdir()] == [run.folder.name]


def test_a_checkpoint_cut_in_half_is_deleted_and_the_one_before_it_at_the_end_of_an_epoch_leads_to_the_same(
    subject, whole, copy
):
    replace_content(subject.place(copy) / "checkpoint-4" / "optimizer.pt", lambda content: content[: len(content) // 2])
    run = subject.train(copy)
    assert run.record["resumed_from_step"] == 3
    assert_same(run, whole)


def test_with_batches_of_grouped_anchors_too_the_order_of_a_later_epoch_is_gone_on_with(tiny, triplets, tmp_path):
    grouped = Subject(TRIPLETS, tiny, triplets.select(range(12)))
    with pytest.raises(KeyboardInterrupt):
        grouped.train(tmp_path / "stopped", every=4, meanwhile=stop)
    run = grouped.train(tmp_path / "stopped")
    assert run.record["resumed_from_step"] == 4
    assert_same(run, grouped.train(tmp_path / "whole", every=100))


@pytest.fixture
def place(tmp_path) -> Path:
    """Two small checkpoints."""
    for step in (100, 200):
        folder = tmp_path / "place" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        save_file({"weight": torch.rand(64)}, folder / "model.safetensors")
        torch.save({"moment": torch.rand(64)}, folder / "optimizer.pt")
        checkpoints.seal(folder, {"seed": 1}, step, 1.5)
    return tmp_path / "place"


DAMAGES = {
    "weights cut in half": lambda new: replace_content(new / "model.safetensors", lambda b: b[: len(b) // 2]),
    "one bit turned": lambda new: replace_content(new / "optimizer.pt", lambda b: b[:-1] + bytes([b[-1] ^ 1])),
    "another pickle": lambda new: replace_content(new / "optimizer.pt", lambda _: pickle.dumps(Path("code"))),
    "a file missing": lambda new: (new / "optimizer.pt").unlink(),
    "a file too many": lambda new: (new / "optimizer.bin").write_bytes(b"1"),
    "no manifest": lambda new: (new / "manifest.json").unlink(),
    "half a manifest": lambda new: replace_content(new / "manifest.json", lambda b: b[: len(b) // 2]),
    "a manifest of something else": lambda new: replace_content(new / "manifest.json", lambda _: b"[]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_recognised_and_the_one_before_it_used(place, damage):
    assert checkpoints.last_good(place, {"seed": 1}).step == 200
    DAMAGES[damage](place / "checkpoint-200")
    assert checkpoints.last_good(place, {"seed": 1}) == Checkpoint(place / "checkpoint-100", 100, 1.5)
    assert steps(place) == [100]


def test_without_a_checkpoint_a_training_begins_at_its_start(tmp_path):
    assert checkpoints.last_good(tmp_path, {}) is None


def test_a_checkpoint_of_another_training_is_not_gone_on_from(place):
    assert checkpoints.last_good(place, {"seed": 2}) is None and steps(place) == []


def test_whatever_decides_a_result_tells_trainings_apart(subject, stopped):
    training = manifest(subject.place(stopped))["training"]
    rest = {key: training[key] for key in ("seed", "precision", "steps", "processes", "versions")}
    of = {"recipe": subject.recipe, "encoder": subject.encoder, "dataset": subject.rows}
    assert checkpoints.identity(**of, **rest) == training
    others = [
        of | {"recipe": replace(subject.recipe, learning_rate=4e-5)},
        of | {"encoder": replace(subject.encoder, sha256="other weights")},
        of | {"dataset": subject.rows.select(reversed(range(12)))},
        *(of | {key: "other"} for key in rest),
    ]
    for other in others:
        assert checkpoints.identity(**rest | other) != training


def test_a_checkpoint_holds_nothing_that_runs_code_when_it_is_loaded(subject, stopped):
    folder = subject.place(stopped) / "checkpoint-4"
    names = {file.name for file in folder.rglob("*") if file.is_file()}
    pickled = {name for name in names if name.endswith((".pt", ".pth", ".bin", ".pkl"))}
    assert "model.safetensors" in names and pickled == {"optimizer.pt", "scheduler.pt", "rng_state.pth"}


def test_a_disk_that_is_full_ends_in_one_sentence_with_the_last_good_checkpoint_intact(subject, copy):
    weights = (subject.place(copy) / "checkpoint-4" / "model.safetensors").stat().st_size
    with limits() as limit, pytest.raises(CourseError) as error:
        limit(weights + 10**6)  # enough for them, too little for the optimizer's two moments
        subject.train(copy)
    assert_one_sentence(error)
    assert "checkpoint-5" in str(error.value)
    assert checkpoints.last_good(subject.place(copy), manifest(subject.place(copy))["training"]).step == 4


def test_a_disk_that_is_full_at_the_end_leaves_the_earlier_model_and_the_checkpoints(subject, copy):
    earlier = copy / "smoke" / "models" / f"{PAIRS.name}-seed{SEED}" / "model.safetensors"
    earlier.parent.mkdir()
    earlier.write_bytes(b"earlier")
    with limits() as limit, pytest.raises(CourseError) as error:
        subject.train(copy, meanwhile=lambda step: limit(10**6) if step == 6 else None)
    assert_one_sentence(error)
    assert earlier.read_bytes() == b"earlier" and steps(subject.place(copy)) == [4, 5]
    assert {path.name for path in earlier.parents[1].iterdir()} == {earlier.parent.name, subject.place(copy).name}


WRITERS = {
    "safetensors": lambda file: save_file({"weight": torch.zeros(1000)}, file),
    "PyTorch": lambda file: torch.save(torch.zeros(1000), file),
    "Python": lambda file: file.write_bytes(bytes(4000)),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_whoever_finds_the_disk_full_says_so_in_one_sentence(tmp_path, writer):
    with limits() as limit, pytest.raises(CourseError) as error, checkpoints.written(tmp_path):
        limit(2000)
        WRITERS[writer](tmp_path / "file")
    assert_one_sentence(error)


def test_two_processes_never_write_the_same_checkpoints(subject, copy):
    with (
        FileLock(subject.place(copy) / "lock"),
        pytest.raises(CourseError, match=r"^Another process .* another seed\.$"),
    ):
        subject.train(copy)
    assert steps(subject.place(copy)) == [3, 4]


def test_a_checkpoint_is_made_every_hundred_steps_and_the_last_two_are_kept(subject, stopped):
    assert (checkpoints.EVERY, checkpoints.KEPT) == (100, 2)
    assert steps(subject.place(stopped)) == [3, 4]

"""Two processes with half a batch each train as one process with the whole batch; this file is also what they run."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file

from course_lib import encoders, paths, profiles
from course_lib.data import tables
from course_lib.encoders import Encoder
from course_lib.errors import CourseError
from course_lib.precision import Precision
from course_lib.training import checkpoints, distributed, trainer
from course_lib.training.recipes import MINILM_AS_PRINTED, MPNET_AS_PRINTED, Recipe

PAIRS = replace(MINILM_AS_PRINTED, name="pairs", learning_rate=2e-5, similarities_kept=100.0)
TRIPLETS = replace(MPNET_AS_PRINTED, name="triplets", encoder="minilm", learning_rate=2e-5, group_anchors=False)
GROUPED = replace(TRIPLETS, name="grouped", batch_size=4, epochs=2, group_anchors=True)
PROFILE = replace(profiles.load("smoke"), minilm_steps=None)
THREE_STEPS = replace(PROFILE, minilm_steps=3)  # the third is in the second epoch
SEED = 1


def train(recipe: Recipe, encoder: Encoder, rows: Dataset, output: Path, profile: profiles.Profile = PROFILE) -> None:
    """In fp32 and without dropout: what is left is arithmetic."""
    model = copy.deepcopy(encoder.model).float()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_OUTPUT", str(output))
        patch.setattr(trainer, "choose", lambda: Precision("fp32", 0.0, 0.0))
        trainer.train(recipe, replace(encoder, model=model), rows, profile, SEED)


def train_with_a_break(recipe: Recipe, encoder: Encoder, rows: Dataset, output: Path) -> None:
    """Four steps, two an epoch: the checkpoint is made in the second epoch, and the fourth step interrupted."""

    def on_log(log, args, state, control, **kwargs):
        if state.global_step == 4:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "EVERY", 3)
        patch.setattr(trainer._Log, "on_log", on_log)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, encoder, rows, output)
    train(recipe, encoder, rows, output)


def in_each_process(folder: Path) -> None:
    encoder = encoders.load("minilm", device="cpu")
    pairs, triplets = (tables.load(folder / f"{name}.parquet") for name in ("pairs", "triplets"))
    train(PAIRS, encoder, pairs, folder / "two", THREE_STEPS)
    train(TRIPLETS, encoder, triplets, folder / "two", THREE_STEPS)
    train(GROUPED, encoder, triplets.select(range(8)), folder / "two")
    train_with_a_break(GROUPED, encoder, triplets.select(range(8)), folder / "with a break")


@dataclass(frozen=True)
class Result:
    record: dict
    weights: dict[str, torch.Tensor]

    def distance(self, other: "Result") -> float:
        return max((self.weights[name] - other.weights[name]).abs().max().item() for name in self.weights)


def result(output: Path, recipe: Recipe) -> Result:
    folder = output / "smoke" / "models" / f"{recipe.name}-seed{SEED}"
    record = json.loads((folder / "run.json").read_text("utf-8"))
    return Result(record, load_file(folder / "model.safetensors"))


def in_two_processes(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line of a machine among several, here the only one."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    own = {"PYTHONPATH": str(paths.REPO), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=os.environ | own | environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def short_rows(concepts) -> dict[str, Dataset]:
    """Few tokens a text, so that a step is fast: 32 pairs, and as many triplets, four an anchor."""
    names = [concept.name for concept in concepts[:10]]
    pairs = [(c.question, a[:60]) for c in concepts[:10] for a in c.answers[:4]][:32]
    triplets = [(c.question, c.name, other) for c in concepts[:8] for other in (set(names[:5]) - {c.name})]
    rows = {"pairs": pairs, "triplets": [(a, p, n) for a, p, n in sorted(triplets)[:32]]}
    return {
        kind: Dataset.from_dict({f"sentence_{i}": list(c) for i, c in enumerate(zip(*texts, strict=True))})
        for kind, texts in rows.items()
    }


@pytest.fixture(scope="module")
def trained(short_rows, minilm, tmp_path_factory) -> Iterator[Path]:
    """The same trainings by one process and by two."""
    folder = tmp_path_factory.mktemp("trained")
    for kind, rows in short_rows.items():
        tables.save(rows, folder / f"{kind}.parquet")
    answer = in_two_processes(__file__, str(folder))
    assert answer.returncode == 0, answer.stderr
    train(PAIRS, minilm, short_rows["pairs"], folder / "one", THREE_STEPS)
    train(TRIPLETS, minilm, short_rows["triplets"], folder / "one", THREE_STEPS)
    yield folder
    shutil.rmtree(folder)  # half a gigabyte


@pytest.mark.parametrize("recipe", [PAIRS, TRIPLETS], ids=["gathered negatives and similarities", "triplets"])
def test_twice_eight_rows_are_once_sixteen_in_every_loss_and_in_the_final_weights(trained, minilm, recipe):
    one, two = (result(trained / output, recipe) for output in ("one", "two"))
    assert (one.record["processes"], two.record["processes"]) == (1, 2)
    assert len(one.record["losses"]) == 3
    assert two.record["losses"] == pytest.approx(one.record["losses"], abs=1e-5)
    assert one.distance(two) < 1e-5 < 3e-5 < one.distance(replace(one, weights=minilm.model[0].auto_model.state_dict()))


def test_two_processes_go_on_from_a_checkpoint_with_the_rows_of_its_epoch(trained):
    whole, broken = (result(trained / output, GROUPED) for output in ("two", "with a break"))
    assert (whole.record["resumed_from_step"], broken.record["resumed_from_step"]) == (0, 3)
    assert broken.record["losses"] == whole.record["losses"] and len(whole.record["losses"]) == 4
    assert broken.distance(whole) == 0
    assert len(list((trained / "with a break" / "smoke" / "models").iterdir())) == 1  # no checkpoint is left


@pytest.fixture
def threads(monkeypatch) -> None:
    """`launch` sets variables for the processes that it starts."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore::FutureWarning")


def test_what_two_processes_refuse_is_said_once(threads, capfd):
    with pytest.raises(CourseError, match=r"^There is no recipe 'nothing': choose one of .*\.$"):
        distributed.launch(["train", "nothing"], 2)
    assert capfd.readouterr() == ("", "")


def test_processes_that_die_without_a_word_are_reported(threads, capfd):
    with pytest.raises(
        CourseError, match=r"^Processes of the training died \(exit codes .*2.*\): run again to go on\.$"
    ):
        distributed.launch(["no-such-command"], 2)


if __name__ == "__main__":
    in_each_process(Path(sys.argv[1]))

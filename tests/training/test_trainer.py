"""A training of the real encoder on real rows: what the model folder holds, and what is refused."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.sampler import BatchSamplers
from typer.testing import CliRunner, Result

from course_lib import encoders, profiles
from course_lib.cli import app
from course_lib.data import qa, tables, views
from course_lib.errors import CourseError
from course_lib.precision import Precision
from course_lib.training import distributed, runs, trainer
from course_lib.training.batches import DistinctBatchSampler, GroupedBatchSampler
from course_lib.training.recipes import (
    MINILM_AS_PRINTED,
    MINILM_BETTER,
    MINILM_FIT_DEFAULTS,
    MPNET_AS_PRINTED,
    MPNET_BETTER,
)

THREE_STEPS = replace(profiles.load("smoke"), minilm_steps=3)
SMALL = replace(MINILM_AS_PRINTED, batch_size=4)
CARD_EXAMPLE = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]


@pytest.fixture(scope="module")
def before(minilm) -> dict[str, torch.Tensor]:
    """The weights as they were when the module's tests began."""
    return {name: weight.clone() for name, weight in minilm.model.state_dict().items()}


@pytest.fixture(scope="module")
def run(minilm, pairs, before, tmp_path_factory) -> Iterator[trainer.TrainingRun]:
    """Three steps, and the one model that most tests look at."""
    output = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as inside:
        inside.setenv("COURSE_OUTPUT", str(output))
        made = trainer.train(SMALL, minilm, pairs, THREE_STEPS, seed=1)
    yield made
    shutil.rmtree(output)


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_step_takes_one_batch_however_many_gpus_there_are(monkeypatch, tmp_path):
    given = SMALL, 1, 0, Precision("fp32", 1.0, 1.0), tmp_path, BatchSamplers.BATCH_SAMPLER
    made = trainer.arguments(*given)
    made._n_gpu = 2  # as the library sets it where there are two
    assert made.train_batch_size == 2 * SMALL.batch_size
    assert distributed.on_one_device(made).train_batch_size == SMALL.batch_size
    monkeypatch.setattr(type(made), "n_gpu", 2)
    assert trainer.arguments(*given)._n_gpu == 1


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
@pytest.mark.parametrize("command", [["train", "minilm-better"], ["bench", "ladder", "pairs"], ["bench", "grouping"]])
def test_a_seed_that_no_generator_takes_is_refused(command, seed):
    refused = CliRunner().invoke(app, [*command, "--seed", seed])
    assert refused.exit_code == 2 and "Invalid value for '--seed'" in refused.output


def test_a_training_takes_the_device_that_is_here_but_for_one_that_is_asked_for(monkeypatch, tmp_path):
    given = SMALL, 1, 0, Precision("fp32", 1.0, 1.0), tmp_path, BatchSamplers.BATCH_SAMPLER
    for here, use_cpu in (("cpu", True), ("cuda", False)):
        monkeypatch.setattr(trainer, "here", lambda here=here: here)
        assert trainer.arguments(*given).use_cpu == use_cpu
        assert trainer.arguments(*given, kind="cpu").use_cpu  # as both sides of the benchmark


def test_the_model_folder_holds_weights_as_safetensors_alone_a_card_and_the_record(run):
    assert run.folder.name == "minilm-as-printed-seed1" and run.folder.parts[-3:-1] == ("smoke", "models")
    assert {"model.safetensors", "modules.json", "README.md", "run.json"} <= files(run.folder)
    assert not [name for name in files(run.folder) if name.endswith((".bin", ".pt", ".pth", ".pkl", ".py"))]
    assert [path.name for path in run.folder.parent.iterdir()] == [run.folder.name]  # no scratch beside it


def test_the_card_names_the_base_model_the_loss_and_the_rows(run, minilm):
    card = (run.folder / "README.md").read_text("utf-8")
    assert f"base_model: {minilm.model_name}" in card and "MultipleNegativesRankingLoss" in card
    assert "dataset_size:40" in card and "license: apache-2.0" in card


def test_the_record_says_all_that_a_result_must_say(run, minilm):
    record = json.loads((run.folder / "run.json").read_text("utf-8"))
    assert record == run.record
    assert (record["recipe"]["name"], record["profile"], record["seed"]) == ("minilm-as-printed", "smoke", 1)
    assert (record["rows"], record["steps"], record["planned_steps"]) == (40, 3, 30)
    assert record["encoder"] == str(minilm) and record["stand_in_for"] == minilm.stand_in_for
    assert record["losses"] == [round(loss, 6) for loss in run.losses] and len(run.losses) == 3
    assert record["mean_loss_first_500"] == pytest.approx(sum(run.losses) / 3, abs=1e-6)
    assert record["versions"].keys() == {"torch", "transformers", "sentence-transformers", "datasets"}
    assert record["precision"]["name"] in ("bf16", "fp32") and record["seconds"] > 0
    assert (record["processes"], record["resumed_from_step"]) == (1, 0)


def test_the_peak_memory_is_in_megabytes_and_no_less_than_what_is_held_now(run):
    held = psutil.Process().memory_info().rss / 1e6
    assert held - 1 < runs.peak_memory_mb() < 20 * held
    assert 270 < run.record["peak_memory_mb"] <= runs.peak_memory_mb()  # weights and two moments alone are 270


def test_a_row_of_the_ledger_stands_beside_the_loss_of_the_card(run):
    row = run.row(card_loss=0.2354)
    assert (row["recipe"], row["card_loss"], row["steps"]) == ("minilm-as-printed", 0.2354, 3)
    assert row["peak_memory_mb"] == run.record["peak_memory_mb"]


def test_the_model_loads_by_its_path_and_gives_what_the_card_s_usage_shows(run):
    model = SentenceTransformer(str(run.folder), device="cpu")
    embeddings = model.encode(CARD_EXAMPLE)
    similarities = model.similarity(embeddings, embeddings)
    assert embeddings.shape == (3, 384) and similarities.shape == (3, 3)
    assert torch.allclose(similarities.diagonal(), torch.ones(3), atol=1e-5)
    assert model.max_seq_length == 128
    again = trainer.load_model(run.folder).encode(CARD_EXAMPLE)
    assert abs(again - embeddings).max() < 1e-6  # where the weights lie in memory moves the last digit


def test_the_encoder_stays_as_it_was_and_the_trained_copy_does_not(run, minilm, before):
    assert all(torch.equal(weight, before[name]) for name, weight in minilm.model.state_dict().items())
    trained = load_file(run.folder / "model.safetensors")
    own = minilm.model[0].auto_model.state_dict()
    assert any(not torch.equal(weight, own[name]) for name, weight in trained.items())


def test_the_same_seed_gives_the_same_losses_again_and_replaces_the_folder_and_another_seed_others(run, tiny, pairs):
    first = trainer.train(SMALL, tiny, pairs, THREE_STEPS, seed=1)
    (first.folder / "stale.txt").write_text("from an earlier run")
    again, other = (trainer.train(SMALL, tiny, pairs, THREE_STEPS, seed) for seed in (1, 2))
    assert again.losses == first.losses != other.losses
    assert again.folder == first.folder and files(again.folder) == files(run.folder)


def test_a_long_profile_stops_at_the_recipe_s_end(tiny, pairs):
    long = replace(THREE_STEPS, minilm_steps=50)
    made = trainer.train(replace(SMALL, epochs=1), tiny, pairs.select(range(10)), long, seed=2)
    assert (made.steps, made.planned_steps) == (3, 3)


def test_the_loss_falls_on_a_few_rows_seen_often(minilm, pairs):
    few = pairs.select(range(0, 40, 10))  # 4 rows of 4 concepts, a batch of its own
    losses = trainer.train(replace(SMALL, epochs=8), minilm, few, replace(THREE_STEPS, minilm_steps=8), seed=1).losses
    assert len(losses) == 8 and sum(losses[-2:]) < sum(losses[:2])


def refusal(output: Path, recipe, encoder, dataset) -> str:
    with pytest.raises(CourseError) as error:
        trainer.train(recipe, encoder, dataset, THREE_STEPS, seed=1)
    message = str(error.value)
    assert "\n" not in message and message.endswith(".") and not output.exists()
    return message


def test_the_encoder_of_the_other_recipe_is_refused(minilm, triplets, output):
    message = refusal(output, MPNET_AS_PRINTED, minilm, triplets)
    assert message == "Recipe 'mpnet-as-printed' is for the encoder 'mpnet', not 'minilm'."


def test_a_dataset_of_too_few_columns_is_refused(minilm, pairs, output):
    recipe = replace(MPNET_AS_PRINTED, encoder="minilm")
    message = refusal(output, recipe, minilm, pairs)
    assert message.startswith("TripletLoss needs 3 columns of text") and "['sentence_0', 'sentence_1']" in message


def test_a_dataset_without_rows_is_refused(minilm, output):
    empty = Dataset.from_dict({"sentence_0": [], "sentence_1": []})
    assert "at least one row" in refusal(output, MINILM_AS_PRINTED, minilm, empty)


def test_a_loss_that_is_no_number_stops_the_training_and_leaves_the_earlier_model(tiny, pairs, output):
    before = {name: weight.clone() for name, weight in tiny.model.state_dict().items()}
    earlier = output / "smoke" / "models" / "minilm-as-printed-seed1" / "model.safetensors"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"earlier")
    with pytest.raises(CourseError, match=r"^The loss is nan at step [23]: lower the learning rate\.$"):
        trainer.train(replace(SMALL, learning_rate=1e30), tiny, pairs, THREE_STEPS, seed=1)
    assert files(output) == {earlier.relative_to(output).as_posix()} and earlier.read_bytes() == b"earlier"
    assert list(earlier.parents[1].iterdir()) == [earlier.parent]
    assert all(torch.equal(weight, before[name]) for name, weight in tiny.model.state_dict().items())


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"holds no trained model; run the notebook that trains it first"):
        trainer.load_model(tmp_path)


def test_the_warm_up_of_fit_makes_the_first_steps_tiny(tiny, pairs):
    warm = trainer.train(replace(MINILM_FIT_DEFAULTS, batch_size=4), tiny, pairs, THREE_STEPS, seed=1)
    trained = load_file(warm.folder / "model.safetensors")
    own = tiny.model[0].auto_model.state_dict()
    assert max((trained[name].float() - own[name].float()).abs().max() for name in trained) < 1e-7


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *arguments])


def test_the_command_trains_a_recipe_by_its_name_and_prints_each_fact_and_the_folder(
    pairs, tiny, read_once, output, monkeypatch
):
    monkeypatch.setattr(encoders, "load", lambda name, device=None: tiny)
    tables.save(pairs.select(range(6)), output / "smoke" / "datasets" / "pairs-train.parquet")
    answer = command("minilm-as-printed", "--profile", "smoke", "--seed", "7", "--output", str(output))
    assert answer.exit_code == 0, answer.output
    facts = dict(line.split(maxsplit=1) for line in answer.stdout.splitlines())
    folder = output / "smoke" / "models" / "minilm-as-printed-seed7"
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert facts["folder"] == str(folder) and facts["steps"] == "3"
    assert all(str(record[name]) == fact for name, fact in facts.items() if name not in ("folder", "results"))
    assert {"encoder", "rows", "processes", "mean_loss_first_500", "seconds", "peak_memory_mb"} < facts.keys()


REFUSALS = {
    "an unknown recipe": (["bert"], r"There is no recipe 'bert': choose one of minilm-as-printed, .*\."),
    "an unknown profile": (["minilm-as-printed", "--profile", "tiny"], r"There is no profile 'tiny'.*\."),
    "no dataset yet": (["mpnet-as-printed"], r".*triplets-train\.parquet does not exist: run the notebook .*"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_command_refuses(case, output):
    arguments, sentence = REFUSALS[case]
    error = command(*arguments).exception
    assert isinstance(error, CourseError) and re.fullmatch(sentence, str(error)) and not output.exists()


def test_the_command_refuses_processes_that_cannot_share_a_batch_before_it_starts_them(pairs, output):
    tables.save(pairs, output / "short" / "datasets" / "pairs-train.parquet")
    error = command("minilm-as-printed", "--nproc", "3").exception
    assert isinstance(error, CourseError) and str(error).startswith("3 processes cannot share batches of 16 rows")


def test_each_recipe_has_the_batches_that_it_asks_for(minilm, pairs, triplets, concepts):
    def made(recipe, rows):
        return trainer.sampler(recipe, rows, minilm.model)(rows, batch_size=4, drop_last=False)

    alike = made(MINILM_AS_PRINTED, pairs)
    answers = [len(ids) for ids in minilm.model.tokenizer(list(pairs["sentence_1"]))["input_ids"]]
    assert isinstance(alike, GroupedBatchSampler) and alike.groups == [[row] for row in range(len(pairs))]
    assert all(found >= length for found, length in zip(alike.lengths, answers, strict=True))
    grouped = made(MPNET_AS_PRINTED, triplets)
    assert isinstance(grouped, GroupedBatchSampler) and len(grouped.groups) < len(triplets)
    shuffled = replace(MPNET_AS_PRINTED, group_anchors=False)
    assert trainer.sampler(shuffled, triplets, minilm.model) == BatchSamplers.BATCH_SAMPLER
    view = tables.to_dataset(views.questions(qa.pairs(concepts), concepts, seed=1))
    distinct = made(MINILM_BETTER, view)
    assert isinstance(distinct, DistinctBatchSampler) and distinct.asks == list(view["asks"])
    assert min(distinct.lengths) > 0 and made(MPNET_BETTER, view).lengths is None


def test_a_training_that_reads_few_tokens_leaves_a_model_that_reads_as_many_as_before(minilm, pairs):
    recipe = replace(SMALL, name="minilm-few-tokens", tokens=16, tuned_share=0.5)
    made = trainer.train(recipe, minilm, pairs, replace(THREE_STEPS, minilm_steps=1), seed=1)
    assert trainer.load_model(made.folder).max_seq_length == minilm.model.max_seq_length == 128
    card = (made.folder / "README.md").read_text("utf-8")
    assert "0.5 of the trained ones plus 0.5 of the base model's" in card

"""A real card beside the published facts: equal, different, absent, and why."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from datasets import Dataset
from typer.testing import CliRunner

from course_lib import encoders, paths, profiles
from course_lib.cli import app
from course_lib.course import card_comparison, card_reader
from course_lib.course.card_comparison import Fact, Section, compare
from course_lib.errors import CourseError
from course_lib.training import cards, trainer
from course_lib.training.cards import MINILM, MPNET
from course_lib.training.recipes import MINILM_AS_PRINTED, MINILM_FIT_DEFAULTS, MPNET_AS_PRINTED

TWO_STEPS = replace(profiles.load("smoke"), minilm_steps=2)
SCORES = {"task": "a | b", "mean": 0.5, "low": 0.45, "high": 0.55, "groups": 7, "metrics": {"MRR@10": 0.6}}
MEAN = "Mean loss, at most 500 steps"


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Iterator[dict[str, Path]]:
    """MiniLM after two real steps of either loss; its triplets stand in for MPNet's, which take longer."""
    lines = (paths.DATA / "qa" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    rows = [
        (row["question"], answer, row["concept"]) for row in map(json.loads, lines) for answer in row["answers"][:4]
    ]
    triplets = Dataset.from_dict({f"sentence_{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))})
    encoder, output = encoders.load("minilm", device="cpu"), tmp_path_factory.mktemp("cards")
    recipes = {
        "minilm": (replace(MINILM_AS_PRINTED, batch_size=4), triplets.remove_columns("sentence_2")),
        "mpnet": (replace(MPNET_AS_PRINTED, encoder="minilm", batch_size=4), triplets),
    }
    with pytest.MonkeyPatch.context() as inside:
        inside.setenv("COURSE_OUTPUT", str(output))
        made = {name: trainer.train(r, encoder, rows, TWO_STEPS, seed=42).folder for name, (r, rows) in recipes.items()}
    yield made
    shutil.rmtree(output)


@pytest.fixture
def folder(folders, tmp_path) -> Path:
    """A copy to write into, without the weights."""
    return shutil.copytree(folders["minilm"], tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))


def section(found: list[Section], name: str) -> Section:
    return next(s for s in found if s.name == name)


def fact(found: list[Section], of: str, name: str) -> Fact:
    return next(f for f in section(found, of).facts if f.name == name)


def compared(folder: Path, *changes: tuple[str, str], published=MINILM) -> list[Section]:
    """The card in a folder with a few words changed, beside the published facts."""
    card, record = card_comparison.read(folder)
    text = (folder / "README.md").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return compare(published, card_reader.read(text) if changes else card, record)


def test_an_equal_fact_is_present_with_both_values_and_needs_no_reason(folders):
    found = compared(folders["minilm"])
    assert fact(found, "Model Description", "Maximum Sequence Length") == Fact(
        "Maximum Sequence Length", "128 tokens", "128 tokens", "present"
    )
    assert fact(found, "Training Dataset", "Loss, scale") == Fact("Loss, scale", 20.0, 20.0, "present")
    assert fact(found, "Training Dataset", "Columns").state == "present"
    assert section(found, "Usage").state == "present"


def test_a_planted_difference_is_reported_with_both_values_and_makes_its_section_differ(folders):
    found = compared(folders["minilm"], ("# [3, 384]", "# [3, 383]"), ("128 tokens", "64 tokens"))
    assert section(found, "Usage").state == "differs"
    assert fact(found, "Usage", "Embeddings") == Fact(
        "Embeddings", "[3, 384]", "[3, 383]", "differs", "Each training's own value."
    )
    assert fact(found, "Model Description", "Maximum Sequence Length").ours == "64 tokens"


def test_a_missing_section_is_absent_with_all_its_facts(folders):
    text = (folders["minilm"] / "README.md").read_text(encoding="utf-8")
    logs = re.search(r"### Training Logs\n.*?(?=###)", text, re.S)[0]
    found = compared(folders["minilm"], (logs, ""))
    assert section(found, "Training Logs").state == "absent on ours"
    assert {(f.state, f.ours, f.why) for f in section(found, "Training Logs").facts} == {
        ("absent on ours", None, "Our card leaves it out.")
    }
    assert fact(found, "Training Logs", MEAN).published == 0.2354


def test_what_only_ours_has_is_absent_on_the_published_card(folders):
    found = compared(folders["minilm"])
    licence = fact(found, "Model Description", "License")
    assert (licence.published, licence.ours, licence.state) == (None, "apache-2.0", "absent on the published card")
    assert section(found, "As Trained").state == "absent on the published card"
    assert fact(found, "As Trained", "Licence of the texts").ours == "CC BY 4.0"
    assert fact(found, "Model Description", "Training Dataset").ours == "machine learning question-answer pairs"


def test_an_evaluation_that_neither_has_is_absent_on_both_until_ours_gets_one(folder):
    assert section(compared(folder), "Evaluation").state == "absent on both"
    cards.add_evaluation(folder, [SCORES | {"task": "scenario -> answers"}])
    found = compared(folder)
    assert section(found, "Evaluation").state == "absent on the published card"
    assert fact(found, "Evaluation", "scenario -> answers").ours == "0.500 [0.450, 0.550]"


def test_an_equal_learning_rate_still_says_which_one_was_used(folders):
    rate = fact(compared(folders["minilm"]), "All Hyperparameters", "learning_rate")
    assert (rate.published, rate.ours, rate.state) == (5e-5, 5e-5, "present")
    assert "which fit() does not go by; ours was used, with a peak of 5e-05 in step 1 of 2." in rate.why


def test_the_reasons_name_what_sets_this_training_apart(folders):
    found, record = compared(folders["minilm"]), card_comparison.read(folders["minilm"])[1]
    reason = fact(found, "Training Logs", MEAN).why
    assert "2 steps in place of 500" in reason and ("another encoder" in reason) == bool(record["stand_in_for"])
    base = fact(found, "Model Description", "Base model")
    assert (record["encoder"] in base.why) if record["stand_in_for"] else base.state == "present"
    assert "at most 100" in fact(found, "Training Dataset", "Rows in the statistics").why


@pytest.mark.parametrize(("encoder", "published"), [("minilm", MINILM), ("mpnet", MPNET)])
def test_whatever_is_not_equal_has_one_whole_sentence_for_a_reason(folders, encoder, published):
    found = compared(folders[encoder], published=published)
    others = [f for s in found for f in s.facts if f.state != "present"]
    assert len(others) > 30
    for one in others:
        assert re.fullmatch(r"[A-Za-z][^{}\n]*\.", one.why), one
        assert (one.published is None) == (one.state in ("absent on the published card", "absent on both")), one
        assert (one.ours is None) == (one.state in ("absent on ours", "absent on both")), one


def test_the_sections_stand_in_the_order_of_the_published_card_each_once(folders):
    names = [s.name for s in compared(folders["minilm"])]
    assert names[: len(MINILM.sections)] == list(MINILM.sections) and len(set(names)) == len(names)


def test_the_card_of_the_triplet_loss_is_read_as_well(folders):
    found = compared(folders["mpnet"], published=MPNET)
    margin = fact(found, "Training Dataset", "Loss, triplet_margin")
    assert (margin.ours, margin.state) == (5, "present")
    assert fact(found, "Training Dataset", "Loss, distance_metric").state == "present"
    assert fact(found, "Training Dataset", "sentence_2, max tokens").state == "differs"
    assert fact(found, "Citation", "TripletLoss").state == "present"
    assert fact(found, "All Hyperparameters", "batch_sampler").why.endswith("ours joins rows of one anchor or length.")


def test_the_mean_loss_weighs_each_logged_row_by_its_steps(folders):
    text = (folders["minilm"] / "README.md").read_text(encoding="utf-8")
    before = re.search(r"\| Epoch .*?\n\n", text, re.S)[0]
    rows = [(step, 1.0 if step <= 100 else 0.5) for step in (100, *range(125, 520, 25), 519)]
    lines = "\n".join(f"| {step / 173:.4f} | {step} | {loss} |" for step, loss in rows)
    head = "| Epoch | Step | Training Loss |\n|:-:|:-:|:-:|\n"
    folded = f"<details><summary>Click to expand</summary>\n\n{head}{lines}\n\n</details>\n\n"
    found = compared(folders["minilm"], (before, folded))
    assert fact(found, "Training Logs", MEAN).ours == pytest.approx(0.6)
    assert fact(found, "Training Logs", "Epoch at step 500").state == "present"
    assert fact(found, "Training Logs", "Rows").ours == len(rows)


def test_comments_are_no_sections_and_a_text_without_headings_has_none(folders):
    sections = card_comparison.read(folders["minilm"])[0].sections
    assert not {"Glossary", "Out-of-Scope Use", "Bias, Risks and Limitations", "Evaluation"} & sections.keys()
    assert card_reader.read("no card at all").sections == {}


def test_what_was_trained_tells_the_real_peak_of_a_warm_up_and_no_licence_of_unknown_rows(folder):
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    fitted = MINILM_FIT_DEFAULTS.__dict__
    unknown = SimpleNamespace(model_card_data=SimpleNamespace(train_datasets=[{"size": 12}]))
    for _ in range(2):  # the second writing replaces the first
        cards.add_training(folder, unknown, record | {"recipe": fitted, "steps": 519, "planned_steps": 519})
    text = (folder / "README.md").read_text(encoding="utf-8")
    facts = card_reader.read(text).sections["As Trained"]
    assert text.count("### As Trained") == 1 and "Licence of the texts" not in facts
    assert facts["Peak learning rate"] == "1.04e-06, in step 519"
    assert facts["Schedule"] == "linear warm-up, 519 of 10000 steps"


def test_the_command_prints_every_section_as_a_table(folders, monkeypatch):
    output = folders["minilm"].parents[2]
    monkeypatch.setenv("COURSE_OUTPUT", "")  # the command sets it; this puts it back
    shown = CliRunner().invoke(app, ["card", "minilm", "--profile", "smoke", "--output", str(output)])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line for line in lines if line.startswith("## ")][:2] == [
        "## Metadata: differs",
        "## Model Description: differs",
    ]
    assert {line.count("|") for line in lines if line.startswith("|")} == {6}


def test_a_stroke_in_a_value_breaks_no_table(folder):
    cards.add_evaluation(folder, [SCORES])
    lines = card_comparison.table(compared(folder)).splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {6}


def test_without_a_trained_model_one_sentence_says_what_trains_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path))
    with pytest.raises(CourseError, match=r"does not exist: `course run 10 --profile smoke` trains the model\.$"):
        card_comparison.of_model("mpnet", "smoke")
    with pytest.raises(CourseError, match=r"no published card 'bert': choose one of minilm, mpnet\.$"):
        card_comparison.of_model("bert", "smoke")


@pytest.mark.parametrize(
    ("file", "content"),
    [("run.json", "{"), ("run.json", "{}"), ("README.md", "---\na: [\n---\n"), ("README.md", b"\xff")],
)
def test_a_damaged_folder_is_named_in_one_sentence(folder, file, content):
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CourseError, match=r"does not hold a card and a run\.json that can be read \(.+\)\.$") as error:
        card_comparison.read(folder)
    assert "\n" not in str(error.value)

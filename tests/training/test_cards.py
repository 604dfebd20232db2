"""The published facts as data, and what the course writes into the cards of its own models."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from course_lib.errors import CourseError
from course_lib.training import cards, losses
from course_lib.training.recipes import MINILM_AS_PRINTED, MINILM_FIT_DEFAULTS, learning_rate

ROW = {"task": "scenario -> answers", "mean": 0.61, "low": 0.55, "high": 0.66, "groups": 70}
ROWS = [
    ROW | {"metrics": {"nDCG@10": 0.61, "MRR@10": 0.7}},
    ROW | {"task": "question -> answers", "mean": 0.75, "metrics": {"nDCG@10": 0.75, "MRR@10": 0.8}},
]


@pytest.fixture(scope="module")
def saved(minilm, pairs, tmp_path_factory) -> Iterator[Path]:
    """A card as the library writes it for a described model, once its trainer has told it of the rows."""
    model, folder = copy.deepcopy(minilm.model), tmp_path_factory.mktemp("described")
    cards.describe(model, minilm, pairs)
    data, loss = model.model_card_data, losses.build(MINILM_AS_PRINTED, model)
    data.train_datasets = data.extract_dataset_metadata(pairs, data.train_datasets, loss, "train")
    data.add_tags("generated_from_trainer")
    model.save_pretrained(str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    shutil.copy(saved / "README.md", tmp_path)
    return tmp_path


def text_of(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def metadata(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


@pytest.mark.parametrize("card", [cards.MINILM, cards.MPNET], ids=["minilm", "mpnet"])
def test_a_published_card_s_facts_hold_together(card):
    assert card.steps == card.epochs * -(-card.rows // card.batch_size) and card.logged_step < card.steps
    assert card.logged_epoch == round(card.logged_step * card.epochs / card.steps, 4)
    assert f"dataset_size:{card.rows}, loss:{card.loss_function}" in card.sections["Metadata"]["tags"]
    assert all(c.low <= c.mean <= c.high <= card.max_seq_length for c in card.columns)
    assert card.sections["Usage"]["Embeddings"] == f"[3, {card.dimensions}]"
    assert card.sections["Full Model Architecture"]["Pooled dimensions"] == card.dimensions
    assert card.sections["Evaluation"] == {} and card.sections["Model Description"]["License"] is None
    listed = card.sections["All Hyperparameters"]
    assert all(listed[name] == value for name, value in card.sections["Non-Default Hyperparameters"].items())


def test_the_triplet_card_s_loss_is_within_reach_of_its_margin():
    margin = cards.MPNET.sections["Training Dataset"]["Loss, triplet_margin"]
    assert margin - 2 <= cards.MPNET.loss <= margin + 2


@pytest.mark.parametrize("content", ["a: [", "- a\n- b\n", "Metadata:\n  tags: [a, b]\n", "Metadata: 3\n"])
def test_a_file_of_facts_that_is_none_is_refused_in_one_sentence(tmp_path, monkeypatch, content):
    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    (tmp_path / "minilm.yaml").write_text(content)
    with pytest.raises(CourseError, match=r"minilm\.yaml does not hold a card's sections and facts") as error:
        cards.load("minilm")
    assert "\n" not in str(error.value)


def test_the_peak_is_the_highest_rate_that_a_step_used():
    assert cards.peak_learning_rate(MINILM_AS_PRINTED, 519) == (5e-5, 1)
    assert cards.peak_learning_rate(MINILM_FIT_DEFAULTS, 519) == (learning_rate(MINILM_FIT_DEFAULTS, 518, 519), 519)
    assert cards.peak_learning_rate(MINILM_FIT_DEFAULTS, 12_000) == (2e-5, 10_001)


def test_a_described_model_s_card_names_its_base_its_rows_its_language_and_its_licence(saved, minilm):
    text = text_of(saved)
    data = metadata(text)
    assert (data["base_model"], data["license"], data["language"]) == (minilm.model_name, "apache-2.0", ["en"])
    assert f"at revision {minilm.revision} -->" in text and "machine learning question-answer pairs" in text


def test_an_evaluation_stands_in_the_metadata_and_in_a_table(folder):
    cards.add_evaluation(folder, ROWS)
    card = ModelCard(text_of(folder))
    found = {(r.dataset_name, r.metric_name): r.metric_value for r in card.data.eval_results}
    assert found["scenario -> answers", "nDCG@10"] == 0.61 and found["question -> answers", "MRR@10"] == 0.8
    assert len(found) == 4 and card.data.metrics == ["nDCG@10", "MRR@10"]
    assert card.data.model_name.startswith("SentenceTransformer based on ")
    assert "| task | nDCG@10 [95 %] | MRR@10 | groups |" in card.text
    assert "| scenario -> answers | 0.610 [0.550, 0.660] | 0.700 | 70 |" in card.text
    assert card.text.index("## Evaluation") < card.text.index("## Training Details")


def test_an_evaluation_changes_nothing_else_and_a_second_one_takes_its_place(folder):
    before = text_of(folder)
    cards.add_evaluation(folder, ROWS[:1])
    cards.add_evaluation(folder, ROWS)
    once = text_of(folder)
    cards.add_evaluation(folder, ROWS)
    assert text_of(folder) == once and once.count("## Evaluation") == 1
    data = metadata(once)
    assert len(data.pop("model-index")[0]["results"]) == 2 and data.pop("metrics")
    assert data == metadata(before)
    start, end = "<!-- evaluation: written by the course -->", "<!-- end of evaluation -->\n\n"
    body = once.split("---\n", 2)[2]
    assert body.partition(start)[0] + body.partition(end)[2] == before.split("---\n", 2)[2]


@pytest.mark.parametrize("rows", [[], [ROW], [{"mean": 0.5}]])
def test_rows_that_are_no_scores_are_refused_and_the_card_stays(folder, rows):
    before = text_of(folder)
    with pytest.raises(CourseError, match=r"needs rows with groups, high, low, mean, metrics, task"):
        cards.add_evaluation(folder, rows)
    assert text_of(folder) == before


def test_a_folder_without_a_card_and_a_card_of_another_kind_are_named(tmp_path):
    with pytest.raises(CourseError, match=r"holds no model card \(README\.md\): train a model into it first\.$"):
        cards.add_evaluation(tmp_path, ROWS)
    (tmp_path / "README.md").write_text("# A page\n")
    with pytest.raises(CourseError, match=r"no heading '## Training Details'"):
        cards.add_evaluation(tmp_path, ROWS)


def test_limits_stand_before_the_training_and_a_second_list_takes_the_place_of_the_first(folder):
    before = text_of(folder)
    cards.add_limits(folder, ["It reads 128 tokens: no more.", "English alone."])
    cards.add_limits(folder, ["English alone.", "Short texts."])
    once = text_of(folder)
    assert "\n## Bias, Risks and Limitations\n\n- English alone.\n- Short texts.\n" in once
    assert once.index("- English alone.") < once.index("\n## Training Details") and "128 tokens:" not in once
    assert metadata(once) == metadata(before)


def test_a_card_without_any_limit_is_refused(folder):
    with pytest.raises(CourseError, match=r"^A card without limits claims that there are none: write at least one"):
        cards.add_limits(folder, [])

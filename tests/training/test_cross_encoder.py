"""A real cross-encoder of MiniLM's weights: negatives are other questions' answers, and two steps teach something."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset

from course_lib import profiles
from course_lib.errors import CourseError
from course_lib.training import cross_encoder

WHOLE, ONE_STEP = (replace(profiles.load("smoke"), minilm_steps=steps) for steps in (None, 1))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(cross_encoder, "BATCH_SIZE", 4)


@pytest.fixture(scope="module")
def few(pairs) -> Dataset:
    """Four rows of four concepts."""
    return pairs.select(range(0, 40, 10))


def texts(rows: Dataset, label: int) -> list[tuple[str, str]]:
    return [(row["question"], row["text"]) for row in rows if row["label"] == label]


def test_every_pair_stays_and_gets_an_answer_to_another_question(pairs):
    rows = cross_encoder.with_negatives(pairs, seed=1)
    right = list(zip(*(pairs[name] for name in pairs.column_names), strict=True))
    assert texts(rows, 1) == right
    wrong = texts(rows, 0)
    assert Counter(question for question, _ in wrong) == Counter(question for question, _ in right)
    assert not set(wrong) & set(right) and {text for _, text in wrong} <= {answer for _, answer in right}


def test_negatives_are_drawn_by_the_seed(pairs):
    drawn = [texts(cross_encoder.with_negatives(pairs, seed), 0) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) > len(drawn[0]) / 2  # not one answer for all


@pytest.mark.parametrize(
    "columns",
    [
        {"sentence_0": ["q"], "sentence_1": ["a"]},
        {"sentence_0": ["q", "q", "r"], "sentence_1": ["a", "b", "a"]},  # q has every answer there is
        {"sentence_0": ["q", "r"]},
        {"sentence_0": [], "sentence_1": []},
    ],
)
def test_questions_without_a_wrong_answer_are_refused(columns):
    with pytest.raises(CourseError, match=r"needs a wrong answer to each question; the dataset has \['sentence_0'"):
        cross_encoder.with_negatives(Dataset.from_dict(columns), seed=1)


def scores(model, rows: Dataset, label: int) -> np.ndarray:
    return model.predict(texts(rows, label), activation_fn=torch.nn.Identity(), show_progress_bar=False)


def test_a_few_steps_on_a_few_rows_lift_right_answers_above_wrong_ones(minilm, few, capfd):
    before = {name: weight.clone() for name, weight in minilm.model.state_dict().items()}
    often = few.select(list(range(4)) * 4)  # with negatives 32 rows, 8 steps
    model = cross_encoder.train(minilm, often, WHOLE, seed=1)
    rows = cross_encoder.with_negatives(few, seed=1)
    untrained = cross_encoder._untrained(minilm, seed=1)
    gaps = [scores(m, rows, 1).mean() - scores(m, rows, 0).mean() for m in (untrained, model)]
    assert gaps[1] > gaps[0]
    assert all(torch.equal(weight, before[name]) for name, weight in minilm.model.state_dict().items())
    printed, shown = capfd.readouterr()
    assert printed == "" and "8/8" in shown and "Converting" not in shown  # the bar alone


def test_the_same_seed_gives_the_same_model_after_the_profile_s_steps(minilm, few, capfd):
    one, again, other = (cross_encoder.train(minilm, few, ONE_STEP, seed) for seed in (1, 1, 2))
    rows = cross_encoder.with_negatives(few, seed=1)
    found = [scores(model, rows, 1) for model in (one, again, other)]
    assert (found[0] == found[1]).all() and (found[0] != found[2]).all()
    assert capfd.readouterr().err.count("1/1") >= 3


def test_a_loss_that_is_no_number_stops_the_training(minilm, few, monkeypatch):
    monkeypatch.setattr(cross_encoder, "LEARNING_RATE", 1e30)
    with pytest.raises(CourseError, match=r"^The loss is nan at step [234]: "):
        cross_encoder.train(minilm, few.select([0, 1, 2, 3] * 2), WHOLE, seed=1)


def test_an_encoder_of_another_kind_is_refused(minilm, few):
    with pytest.raises(CourseError, match="starts from 'minilm', not 'mpnet', which is too slow for it"):
        cross_encoder.train(replace(minilm, name="mpnet"), few, ONE_STEP, seed=1)

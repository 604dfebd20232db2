"""A real cross-encoder of MiniLM's weights: a few steps teach it something, and what cannot teach it is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset

from course_lib import encoders, profiles
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


@pytest.mark.parametrize(
    "columns",
    [
        {"sentence_0": ["q", "q"], "sentence_1": ["a", "b"]},
        {"sentence_0": ["q", "r"]},
        {"sentence_0": [], "sentence_1": []},
    ],
)
def test_pairs_without_a_wrong_answer_to_a_question_are_refused(minilm, columns):
    with pytest.raises(CourseError, match=r"from at least two questions; the dataset has \['sentence_0'.* rows: give"):
        cross_encoder.train(minilm, Dataset.from_dict(columns), WHOLE, seed=1)


def scores(model, few: Dataset, shift: int) -> np.ndarray:
    """Of each question with its answer, or with the answer so many rows further."""
    questions, answers = (list(few[name]) for name in few.column_names)
    pairs = list(zip(questions, answers[shift:] + answers[:shift], strict=True))
    return model.predict(pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False)


def test_a_few_steps_on_a_few_rows_lift_right_answers_above_wrong_ones(minilm, few, capfd):
    before = {name: weight.clone() for name, weight in minilm.model.state_dict().items()}
    often = few.select(list(range(4)) * 8)  # 8 steps
    model = cross_encoder.train(minilm, often, WHOLE, seed=1)
    untrained = cross_encoder._untrained(minilm, seed=1)
    gaps = [scores(m, few, 0).mean() - np.mean([scores(m, few, n) for n in (1, 2, 3)]) for m in (untrained, model)]
    assert gaps[1] > gaps[0]
    assert all(torch.equal(weight, before[name]) for name, weight in minilm.model.state_dict().items())
    printed, shown = capfd.readouterr()
    assert printed == "" and "8/8" in shown and "Converting" not in shown  # the bar alone


@pytest.fixture
def small_weights(monkeypatch, tiny_folder) -> None:
    monkeypatch.setattr(encoders, "folder", lambda name: tiny_folder)


def test_the_same_seed_gives_the_same_model_after_the_profile_s_steps(minilm, few, small_weights, capfd):
    one, again, other = (
        cross_encoder.train(minilm, few.select([0, 1, 2, 3] * 2), ONE_STEP, seed) for seed in (1, 1, 2)
    )
    found = [scores(model, few, 0) for model in (one, again, other)]
    assert (found[0] == found[1]).all() and (found[0] != found[2]).all()
    assert capfd.readouterr().err.count("1/1") >= 3


def test_a_loss_that_is_no_number_stops_the_training(minilm, few, small_weights, monkeypatch):
    monkeypatch.setattr(cross_encoder, "LEARNING_RATE", 1e30)
    with pytest.raises(CourseError, match=r"^The loss is nan at step [234]: "):
        cross_encoder.train(minilm, few.select([0, 1, 2, 3] * 4), WHOLE, seed=1)


def test_an_encoder_of_another_kind_is_refused(minilm, few):
    with pytest.raises(CourseError, match="starts from 'minilm', not 'mpnet', which is too slow for it"):
        cross_encoder.train(replace(minilm, name="mpnet"), few, ONE_STEP, seed=1)

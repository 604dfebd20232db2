"""Formulas of false negatives agree with counting, and gradients with the trainer's arithmetic."""

import copy
from itertools import combinations, permutations
from math import log

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer import losses

from course_lib.training import in_batch

QUESTIONS = (0, 0, 0, 1, 1, 1, 2, 2, 2)  # three answers to each of three questions


@pytest.fixture(scope="module")
def model(minilm):
    return copy.deepcopy(minilm.model).float()


def test_the_share_of_batches_hit_is_that_of_all_batches():
    batches = list(combinations(QUESTIONS, 3))
    assert in_batch.share_hit(3, 9, size=3) == pytest.approx(np.mean([len(set(b)) < 3 for b in batches]))


def test_a_batch_larger_than_the_number_of_questions_is_always_hit():
    assert in_batch.share_hit(3, 9, size=4) == 1
    assert in_batch.share_hit(3, 9, size=7) == 1


def test_the_floor_is_the_mean_over_all_rows_of_all_batches():
    counted = [log(batch.count(batch[0])) for batch in permutations(QUESTIONS, 4)]
    assert in_batch.floor(3, 9, size=4) == pytest.approx(np.mean(counted))


def test_without_repeated_questions_there_is_neither_hit_nor_floor():
    assert in_batch.share_hit(1, 9, size=4) == 0
    assert in_batch.floor(1, 9, size=4) == 0


def test_few_questions_keeps_the_wanted_rate_and_not_one_question_more():
    questions = np.repeat(np.arange(40), 8)

    def per_row(count: int) -> float:
        return 15 * 7 / (8 * count - 1)

    kept = in_batch.few_questions(questions, per_row(20), np.random.default_rng(0))
    assert len(set(questions[kept])) == 20 and len(kept) == 160
    between = in_batch.few_questions(questions, (per_row(20) + per_row(21)) / 2, np.random.default_rng(0))
    assert len(set(questions[between])) == 20


def test_few_questions_takes_the_most_frequent_ones_by_seed():
    questions = np.array([0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4])
    chosen = [in_batch.few_questions(questions, 6.0, np.random.default_rng(seed)) for seed in (1, 1)]
    assert set(questions[chosen[0]]) == {2, 4}
    assert (chosen[0] == chosen[1]).all()


def test_repeats_are_drawn_without_replacement():
    rng = np.random.default_rng(0)
    assert not in_batch.repeats(8, 1, 4, 500, rng).any()  # one row a topic never meets itself
    expected = 6 * (3 - 1) / (24 - 1)  # pairs of rows, times the chance that the other row has the same topic
    assert in_batch.repeats(8, 3, 4, 20_000, rng).mean() == pytest.approx(expected, rel=0.05)


def test_repeats_of_two_topics_are_counted_as_pairs():
    found = in_batch.repeats(2, 20, 3, 200, np.random.default_rng(0))
    assert set(found.tolist()) == {1, 3}  # of three rows two agree, or all three


def test_gradients_gives_the_value_and_one_gradient_a_tensor_and_leaves_both_untouched():
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    value, to_x, to_y = in_batch.gradients(lambda u, v: (u * v).sum(), x, y)
    assert value == 13 and torch.equal(to_x, y) and torch.equal(to_y, x)
    assert not x.requires_grad and y.grad is None


def test_the_gradient_of_several_batches_is_their_mean(model, pairs):
    loss = losses.MultipleNegativesRankingLoss(model)
    first, second = ([pairs[name][i : i + 2] for name in pairs.column_names] for i in (0, 9))
    together, *alone = (
        in_batch.weight_gradient(model, loss, batches) for batches in ([first, second], [first], [second])
    )
    assert together.norm() > 0.01
    assert torch.allclose(together, (alone[0] + alone[1]) / 2, atol=1e-6)
    assert all(weight.grad is None for weight in model.parameters())


def test_the_gradient_is_the_same_twice_although_the_model_was_in_training(model, pairs):
    loss = losses.MultipleNegativesRankingLoss(model)
    batch = [pairs[name][:2] for name in pairs.column_names]
    model.train()  # dropout on
    first = in_batch.weight_gradient(model, loss, [batch])
    model.train()
    assert torch.equal(first, in_batch.weight_gradient(model, loss, [batch]))

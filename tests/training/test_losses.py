"""Encoding each distinct text once changes neither loss nor gradients, and the losses are those of the recipes."""

import copy
from dataclasses import replace
from itertools import product

import pytest
import torch
from sentence_transformers.sentence_transformer import losses as library
from torch.nn.functional import cosine_similarity as cosine

from course_lib import encoders, models
from course_lib.training import losses
from course_lib.training.recipes import MINILM_AS_PRINTED, MPNET_AS_PRINTED

KEEPING = replace(MINILM_AS_PRINTED, similarities_kept=100.0)


@pytest.fixture(scope="module")
def model(minilm):
    """A copy in fp32, its dropout off: equal texts then have equal embeddings."""
    found = copy.deepcopy(minilm.model).float().train()
    for module in found.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return found


def features(model, dataset, rows: int = 12) -> list[dict[str, torch.Tensor]]:
    return [model.preprocess(dataset[name][:rows]) for name in dataset.column_names]


def loss_and_gradients(loss, model, columns) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    value = loss([dict(column) for column in columns], None)
    value.backward()
    return value.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def plain(name: str, model):
    if name == "TripletLoss":
        metric = library.TripletDistanceMetric.EUCLIDEAN
        return library.TripletLoss(model, distance_metric=metric, triplet_margin=5.0)
    return library.MultipleNegativesRankingLoss(model, scale=20.0)


@pytest.mark.parametrize("name", ["MultipleNegativesRankingLoss", "TripletLoss"])
def test_loss_and_gradients_equal_those_of_the_plain_library_loss(model, pairs, triplets, name):
    recipe, data = (MPNET_AS_PRINTED, triplets) if name == "TripletLoss" else (MINILM_AS_PRINTED, pairs)
    columns = features(model, data)
    assert len(set(data["sentence_0"][:12])) <= 6  # there are repeated rows to save
    ours, our_gradients = loss_and_gradients(losses.build(recipe, model), model, columns)
    theirs, their_gradients = loss_and_gradients(plain(name, model), model, columns)
    assert ours == pytest.approx(theirs.item(), rel=1e-6)
    assert our_gradients.keys() == their_gradients.keys()
    largest = max(gradient.abs().max() for gradient in their_gradients.values())
    assert largest > 1e-3  # something is learnt
    for parameter, gradient in their_gradients.items():
        torch.testing.assert_close(our_gradients[parameter], gradient, rtol=1e-4, atol=1e-5 * largest.item())


def test_each_distinct_text_goes_through_the_model_once_and_rows_keep_their_order(model):
    texts = ["recall", "precision", "recall", "F1 score", "precision", "recall"]
    seen = []
    hook = model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0]["input_ids"])))
    with torch.no_grad():
        once = losses.EncodeOnce(model)(model.preprocess(texts))["sentence_embedding"]
        every = model(model.preprocess(texts))["sentence_embedding"]
    hook.remove()
    assert seen == [3, 6]
    torch.testing.assert_close(once, every, rtol=1e-5, atol=1e-6)


def test_all_columns_share_a_pass_of_a_model_without_padding_and_the_anchors_have_their_own_in_the_library_s(minilm):
    texts = [["recall", "precision"], ["recall", "recall of a classifier"], ["precision", "recall"]]
    for model, passes in ((copy.deepcopy(minilm.model), [3]), (stock_of(minilm), [2, 3])):
        seen = []
        model.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(len(inputs[0]["input_ids"])))
        losses.build(MPNET_AS_PRINTED, model)([model.preprocess(column) for column in texts], None)
        assert seen == passes


def stock_of(encoder):
    """The library's model: no part of it exchanged for a faster one."""
    return models.stock(encoders.folder(encoder.name), "cpu")


def test_the_triplet_loss_of_the_recipe_lies_between_3_and_7_as_unit_vectors_are_at_most_2_apart(model, triplets):
    loss = losses.build(MPNET_AS_PRINTED, model)
    for rows in (slice(0, 4), slice(4, 8), slice(8, 24)):
        columns = [model.preprocess(triplets[name][rows]) for name in triplets.column_names]
        backwards = [columns[0], columns[2], columns[1]]
        with torch.no_grad():
            forth, back = loss(columns, None).item(), loss(backwards, None).item()
        assert 3 < forth < 5 < back < 7 and forth + back == pytest.approx(10, abs=1e-4)


def test_scale_and_margin_are_the_recipe_s(model, pairs, triplets):
    assert losses.build(MINILM_AS_PRINTED, model).scale == 20.0
    built = losses.build(MPNET_AS_PRINTED, model)
    assert built.triplet_margin == 5.0 and built.distance_metric is library.TripletDistanceMetric.EUCLIDEAN


@pytest.fixture
def moved(model):
    """The encoder after some training: every weight a little off."""
    found = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in found.parameters():
            weight.mul_(1 + 0.1 * torch.randn(weight.shape, generator=generator))
    return found


def test_what_has_not_moved_costs_nothing_and_pulls_nowhere(model, pairs):
    columns = features(model, pairs)
    plain, gradients = loss_and_gradients(losses.build(MINILM_AS_PRINTED, model), model, columns)
    kept, kept_gradients = loss_and_gradients(losses.build(KEEPING, model, copy.deepcopy(model)), model, columns)
    assert kept == pytest.approx(plain.item(), abs=1e-6)
    for name, gradient in gradients.items():
        torch.testing.assert_close(kept_gradients[name], gradient, rtol=1e-4, atol=1e-5)


def test_moved_similarities_of_positives_cost_their_mean_squared_difference_times_the_weight(model, moved, pairs):
    columns = features(model, pairs)
    with torch.no_grad():
        plain = losses.build(MINILM_AS_PRINTED, moved)([dict(c) for c in columns], None)
        kept = losses.build(KEEPING, moved, model)([dict(c) for c in columns], None)
        now, before = (m(dict(columns[1]))["sentence_embedding"] for m in (moved, model))
    pairs_of_rows = list(product(range(len(now)), repeat=2))
    changes = [cosine(now[i], now[j], dim=0) - cosine(before[i], before[j], dim=0) for i, j in pairs_of_rows]
    by_hand = sum(change**2 for change in changes) / len(changes)
    assert by_hand > 1e-4
    assert kept - plain == pytest.approx(100 * by_hand.item(), rel=1e-3)


def test_a_step_against_its_gradient_brings_similarities_back_and_leaves_the_teacher_alone(model, moved, pairs):
    columns, weights = features(model, pairs), copy.deepcopy(model.state_dict())
    only = replace(KEEPING, similarities_kept=1e6)  # beside it the ranking loss is nothing
    loss = losses.build(only, moved, model)
    assert {id(p) for p in loss.parameters()} == {id(p) for p in moved.parameters()}
    optimizer = torch.optim.SGD(loss.parameters(), lr=1e-9)
    found = []
    for _ in range(3):
        value, _ = loss_and_gradients(loss, moved, columns)
        found.append(value.item())
        optimizer.step()
    assert found[0] > found[1] > found[2]
    assert all(torch.equal(weights[name], weight) for name, weight in model.state_dict().items())


def test_a_batch_of_one_row_has_no_similarities_to_keep(model, moved, pairs):
    columns = features(model, pairs, rows=1)
    with torch.no_grad():
        plain, kept = (
            losses.build(recipe, moved, model)([dict(c) for c in columns], None)
            for recipe in (MINILM_AS_PRINTED, KEEPING)
        )
    assert kept == pytest.approx(plain.item(), abs=1e-5)

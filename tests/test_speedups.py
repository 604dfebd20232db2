"""The exchanged parts compute what the library's compute, and save as the library's do."""

import copy
import sys

import psutil
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn

from course_lib import blocks, encoders, speedups
from course_lib.training import profiling

TEXTS = ["kernel trick", "A support vector machine separates two classes. " * 3, "What is overfitting?"]


@pytest.fixture(scope="module", params=["minilm", "mpnet"])
def models(request) -> tuple[SentenceTransformer, SentenceTransformer]:
    """The library's model and ours, both with dropout at rate 0."""
    folder = str(encoders.folder(request.param))
    stock = SentenceTransformer(folder, device="cpu", local_files_only=True)
    stock.max_seq_length = 128
    for module in stock.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return stock, speedups.apply(copy.deepcopy(stock))


def test_embeddings_equal_the_library_s(models):
    stock, ours = (model.eval().encode(TEXTS) for model in models)
    assert abs(stock - ours).max() < 1e-6


def test_the_hidden_states_of_every_layer_equal_the_library_s(models):
    states = []
    for model in models:
        batch = model.tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            states.append(model.eval()[0].model(**batch, output_hidden_states=True).hidden_states)
    stock, ours = states
    assert len(stock) == len(ours) > 6
    for theirs, mine in zip(stock, ours, strict=True):
        there = batch["attention_mask"] == 1
        torch.testing.assert_close(mine[there], theirs[there], rtol=1e-4, atol=1e-5)


def test_gradients_of_every_parameter_equal_the_library_s(models):
    gradients = []
    for model in models:
        model.train()
        vectors = model(model.preprocess(TEXTS))["sentence_embedding"]  # Shape: (3, dimensions)
        (vectors[0] @ vectors[1] + vectors[2] @ vectors[1]).backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    stock, ours = gradients
    assert stock.keys() == ours.keys() and len(stock) > 100
    largest = max(gradient.abs().max() for gradient in stock.values())
    for name, gradient in stock.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-3, atol=1e-5 * largest.item())


def test_in_training_each_token_has_the_library_s_vector_whatever_the_mask_hides(models):
    ids = torch.randint(1000, 20_000, (4, 20), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, 5:] = mask[1, 16:] = mask[2, 7:11] = mask[3, :2] = 0  # behind, behind, within, before
    stock, ours = (model.train()[0].model(input_ids=ids, attention_mask=mask)[0] for model in models)
    torch.testing.assert_close(ours[mask == 1], stock[mask == 1], rtol=1e-4, atol=1e-5)
    assert ours.shape == stock.shape and ours[0, 4].any() and not ours[0, 5:].any()


def test_in_training_the_layers_work_on_no_padding_but_what_fills_up_the_row(models):
    tokens = []
    for model in models:
        counter = profiling.TokenCounter(model.train())
        model(model.preprocess(["recall"] * 9 + ["precision of a classifier " * 20]))
        tokens.append(counter.tokens)
    stock, ours = tokens
    assert stock > 800 and ours % blocks.TOKENS == 0 and ours < 9 * 4 + 100 + blocks.TOKENS


def test_parameters_keep_their_names_and_values(models):
    stock, ours = (model.state_dict() for model in models)
    assert stock.keys() == ours.keys()
    assert all(torch.equal(stock[name], ours[name]) for name in stock)


def test_every_part_that_has_a_faster_one_is_exchanged_and_applying_twice_changes_nothing(models):
    _, ours = models
    kinds = [type(module) for module in ours.modules()]
    assert not set(kinds) & speedups.FASTER.keys() and set(kinds) & set(speedups.FASTER.values())
    assert [type(module) for module in speedups.apply(ours).modules()] == kinds


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_zeroes_at_its_rate_and_keeps_the_mean(p):
    torch.manual_seed(0)
    n = 1_000_003
    x = speedups.dropout(torch.ones(n), p)
    deviation = (p * (1 - p) / n) ** 0.5
    assert abs((x == 0).double().mean().item() - p) < 5 * deviation
    assert x.unique().tolist() == pytest.approx([0.0, 1 / (1 - p)])


def test_dropout_of_neighbours_is_independent():
    """Four elements share a random number: none may tell anything of the next three."""
    torch.manual_seed(0)
    kept = (speedups.dropout(torch.ones(400_000), 0.3) > 0).double().view(-1, 4)  # Shape: (100000, 4)
    correlation = torch.corrcoef(kept.T) - torch.eye(4)
    assert correlation.abs().max() < 5 / len(kept) ** 0.5


def test_dropout_follows_the_seed_and_passes_the_gradient_of_what_it_kept():
    x = torch.ones(64, 5, requires_grad=True)
    torch.manual_seed(3)
    first = speedups.dropout(x, 0.2)
    torch.manual_seed(3)
    assert torch.equal(first, speedups.dropout(x, 0.2))
    assert not torch.equal(first, speedups.dropout(x, 0.2))
    first.sum().backward()
    assert torch.equal(x.grad, first.detach())


def test_the_dropout_module_rests_in_evaluation():
    x = torch.ones(100)
    module = speedups.FasterDropout(0.5)
    assert not torch.equal(module.train()(x), x) and torch.equal(module.eval()(x), x)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's way to keep memory")
def test_memory_that_is_kept_but_not_used_is_given_back():
    process = psutil.Process()
    speedups._keep_memory()
    kept = [torch.ones(2**18) for _ in range(200)]  # 200 MB, and a block that holds the top of the heap
    top = torch.ones(2**10)
    del kept
    before = process.memory_info().rss
    speedups.release_memory()
    assert process.memory_info().rss < before - 100e6 and top.sum() == 2**10

"""Averaged weights lie on the line between the untrained encoder and the trained one."""

import copy

import pytest
import torch

from course_lib.training import averaging


@pytest.fixture(scope="module")
def tuned(minilm):
    model = copy.deepcopy(minilm.model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.01)
    return model


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_is_so_much_of_the_trained_one_and_the_rest_of_the_base(minilm, tuned, share):
    model = copy.deepcopy(tuned)
    averaging.average(model, minilm.model, share)
    base, trained = minilm.model.state_dict(), tuned.state_dict()
    for name, weight in model.state_dict().items():
        if weight.is_floating_point():
            torch.testing.assert_close(weight, share * trained[name] + (1 - share) * base[name])


def test_the_base_stays_as_it_was(minilm, tuned):
    before = {name: weight.clone() for name, weight in minilm.model.state_dict().items()}
    averaging.average(copy.deepcopy(tuned), minilm.model, 0.5)
    assert all(torch.equal(weight, before[name]) for name, weight in minilm.model.state_dict().items())

"""Averaged weights lie on the line between the untrained encoder and the trained one."""

import copy

import pytest
import torch

from course_lib.training import averaging


@pytest.fixture(scope="module")
def tuned(tiny):
    model = copy.deepcopy(tiny.model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.01)
    return model


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_is_so_much_of_the_trained_one_and_the_rest_of_the_base(tiny, tuned, share):
    model = copy.deepcopy(tuned)
    averaging.average(model, tiny.model, share)
    base, trained = tiny.model.state_dict(), tuned.state_dict()
    for name, weight in model.state_dict().items():
        if weight.is_floating_point():
            torch.testing.assert_close(weight, share * trained[name] + (1 - share) * base[name])


def test_the_base_stays_as_it_was(tiny, tuned):
    before = {name: weight.clone() for name, weight in tiny.model.state_dict().items()}
    averaging.average(copy.deepcopy(tuned), tiny.model, 0.5)
    assert all(torch.equal(weight, before[name]) for name, weight in tiny.model.state_dict().items())

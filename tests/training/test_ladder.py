"""Each way leaves out what it says it leaves out, and the step trains."""

import copy
from itertools import pairwise

import pytest
import torch

from course_lib import blocks, encoders
from course_lib.errors import CourseError
from course_lib.training import ladder, losses
from course_lib.training.recipes import MPNET_AS_PRINTED


@pytest.fixture(scope="module")
def rungs(triplets, tiny_folder) -> list[ladder.Rung]:
    """Four rows of two anchors, and four of one."""
    mixed, same = triplets[[0, 1, 4, 5]], triplets[[0, 1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "folder", lambda name: tiny_folder)
        return ladder.climb("minilm", mixed, {name: texts * 2 for name, texts in same.items()}, 0.0, 32)


@pytest.mark.parametrize("bf16", [True, False])
def test_each_way_adds_one_saving_and_keeps_those_before_it(bf16):
    plan = ladder.ways(bf16)
    savings = [{key for key in ("once", "grouped", "bf16", "fast") if getattr(way, key)} for way in plan]
    assert savings[0] == set() and len({way.name for way in plan}) == len(plan)
    for before, after in pairwise(savings):
        assert before < after and len(after - before) == 1
    assert any("bf16" in way for way in savings) == bf16


def test_fewer_tokens_go_through_the_model_when_texts_are_shared(rungs):
    stock, once, grouped, *others, fast = (rung.tokens for rung in rungs)
    assert stock > once > grouped and set(others) <= {grouped}
    assert fast % blocks.TOKENS == 0 and fast < grouped + blocks.TOKENS  # without padding, then filled up


def test_the_first_and_the_last_way_are_profiled_and_all_are_timed(rungs):
    assert all(rung.seconds > 0 for rung in rungs)
    assert [rung.by_kind is not None for rung in rungs] == [True, *[False] * (len(rungs) - 2), True]
    assert all(rungs[0].by_kind[kind] > 0 for kind in ("matrix products", "attention", "dropout masks", "optimizer"))


def test_a_step_lowers_the_loss_of_its_batch_and_leaves_no_gradient(minilm, triplets):
    model = copy.deepcopy(minilm.model).eval()
    loss, optimizer = losses.build(MPNET_AS_PRINTED, model), torch.optim.AdamW(model.parameters(), 1e-4)
    values = [ladder.step(model, loss, optimizer, triplets[:4], bf16=False) for _ in range(2)]
    assert values[1] < values[0] < 7 and all(p.grad is None for p in model.parameters())


def test_a_process_that_dies_ends_in_one_sentence(monkeypatch):
    class Dead:
        def __init__(self, *_):
            raise ladder.BrokenProcessPool

    monkeypatch.setattr(ladder, "ProcessPoolExecutor", Dead)
    with pytest.raises(CourseError, match="free memory"):
        ladder.measure("minilm", {}, {}, 0.0, 32)

"""bf16 is chosen where it was measured to be faster, and nowhere else."""

import pytest
import torch

from course_lib import precision


@pytest.fixture(autouse=True)
def measured_afresh():
    precision._choice.cache_clear()
    yield
    precision._choice.cache_clear()


def test_the_choice_follows_from_the_seconds_measured_on_this_machine():
    found = precision.choose()
    assert found.fp32_seconds > 0 and found.bf16_seconds > 0
    gain = found.fp32_seconds / found.bf16_seconds
    assert found.name == ("bf16" if gain > precision.GAIN else "fp32")


@pytest.mark.parametrize(("bf16", "name"), [(0.5, "bf16"), (0.7, "bf16"), (0.8, "fp32"), (1.0, "fp32"), (14.0, "fp32")])
def test_bf16_has_to_be_a_third_faster(monkeypatch, bf16, name):
    monkeypatch.setattr(precision, "_seconds", lambda dtype, _: {torch.float32: 1.0, torch.bfloat16: bf16}[dtype])
    assert precision.choose() == precision.Precision(name, 1.0, bf16)


def test_it_is_measured_once_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(precision, "_seconds", lambda dtype, _: asked.append(dtype) or 1.0)
    assert precision.choose() is precision.choose() and asked == [torch.float32, torch.bfloat16]


def test_each_kind_of_device_has_its_own_choice_and_without_one_it_is_that_of_this_machine(monkeypatch):
    seconds = {("cpu", torch.bfloat16): 14.0, ("cuda", torch.bfloat16): 0.5}
    monkeypatch.setattr(precision, "_seconds", lambda dtype, kind: seconds.get((kind, dtype), 1.0))
    assert (precision.choose("cpu").name, precision.choose("cuda").name) == ("fp32", "bf16")
    for kind, name in (("cpu", "fp32"), ("cuda", "bf16")):
        monkeypatch.setattr(precision, "here", lambda kind=kind: kind)
        assert precision.choose().name == name


def test_a_product_that_takes_long_is_not_timed_again(monkeypatch):
    clock = iter(range(100))  # one second passes at each look
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    assert precision._seconds(torch.float32, "cpu") == 1 and next(clock) == 2

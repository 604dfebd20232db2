"""Each side of the benchmark is what its name says, and one that fails says so."""

import sys

import pytest

from course_lib import encoders, speedups
from course_lib.course import bench, bench_worker
from course_lib.errors import CourseError


def test_the_stock_side_gets_none_of_our_savings_and_reads_as_much(monkeypatch):
    ours = encoders.load("minilm", device="cpu").model

    def refuse(*_):
        raise AssertionError("a saving of ours on the stock side")

    monkeypatch.setattr(speedups, "apply", refuse)
    monkeypatch.setattr(speedups, "_keep_memory", refuse)
    stock = bench_worker._stock_model("minilm")
    assert stock.max_seq_length == ours.max_seq_length
    assert not set(map(type, stock.modules())) & set(speedups.FASTER.values())
    assert set(map(type, ours.modules())) & set(speedups.FASTER.values())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import sys; sys.exit(3)", "The ours side of the benchmark ended early (exit code 3); is memory short?"),
        ('print(\'{"error": "ValueError: no"}\')', "The ours side of the benchmark failed: ValueError: no"),
    ],
)
def test_a_side_that_fails_ends_in_one_sentence(code, sentence):
    with bench.start([sys.executable, "-c", code]) as process:
        with pytest.raises(CourseError) as error:
            bench.ask(process, "ours")
        assert str(error.value) == sentence

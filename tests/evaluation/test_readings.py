"""Every look at the test split leaves a line, and whatever chooses takes none."""

import json
from dataclasses import replace

import pytest

from course_lib.errors import CourseError
from course_lib.evaluation import readings


@pytest.fixture
def task(small_task, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "build"))
    return replace(small_task({"a": "cats", "b": "dogs"}, {"q": "pets"}), split="test")


def test_a_look_at_a_test_task_is_written_down_and_one_at_dev_is_not(task):
    assert readings.of(task) == {}
    for split in ("dev", "train", None):
        readings.note(replace(task, split=split), "BM25")
    assert not readings.ledger().exists()
    for retriever in ("BM25", "MiniLM", "BM25"):
        readings.note(task, retriever)
    assert readings.of(task) == {"BM25": 2, "MiniLM": 1}
    first = json.loads(readings.ledger().read_text().splitlines()[0])
    assert first == {"task": "a few words", "fingerprint": task.fingerprint, "retriever": "BM25"}


def test_looks_are_counted_by_what_the_task_holds_not_by_its_name(task):
    readings.note(task, "BM25")
    assert readings.of(replace(task, name="renamed")) == {"BM25": 1}
    assert readings.of(replace(task, queries={"q": "animals"})) == {}


def test_a_ledger_that_cannot_be_written_is_refused_in_one_sentence(task, tmp_path):
    (tmp_path / "build").write_text("a file in the place of the folder")
    with pytest.raises(CourseError, match=r"test_readings\.jsonl cannot be written .*: make its folder writable"):
        readings.note(task, "BM25")


def test_what_chooses_is_refused_a_test_task(task):
    readings.assert_selectable([replace(task, split="dev"), replace(task, split=None)])
    with pytest.raises(CourseError) as error:
        readings.assert_selectable([replace(task, split="dev"), task])
    assert str(error.value) == (
        "Task 'a few words' is of the test split: choose on dev, and judge on test what was chosen."
    )

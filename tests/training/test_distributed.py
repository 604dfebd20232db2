"""What is refused before several processes begin to train."""

import pytest

from course_lib import profiles
from course_lib.errors import CourseError
from course_lib.training import distributed, trainer
from course_lib.training.recipes import MINILM_AS_PRINTED


def test_processes_that_cannot_share_a_batch_equally_are_refused():
    assert distributed.batch_size(MINILM_AS_PRINTED, 2) == 8
    with pytest.raises(CourseError, match=r"^3 processes cannot share batches of 16 rows: choose a divisor of it\.$"):
        distributed.batch_size(MINILM_AS_PRINTED, 3)


def test_too_few_rows_for_one_batch_of_all_processes_are_refused(minilm, pairs, monkeypatch):
    monkeypatch.setattr(distributed, "join", lambda: 2)
    with pytest.raises(CourseError, match=r"at least 16 rows; the dataset has .* and 15 rows\.$"):
        trainer.train(MINILM_AS_PRINTED, minilm, pairs.select(range(15)), profiles.load("smoke"), seed=1)


def test_processes_that_do_not_meet_are_noticed(monkeypatch):
    """Started as two by something that accelerate does not know: it would train two models, each with half a batch."""

    class Alone:
        world_size = 1

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(distributed, "SentenceTransformerTrainingArguments", lambda **_: Alone)
    with pytest.raises(
        CourseError, match=r"^2 processes were started but 1 work together: start them with torchrun\.$"
    ):
        distributed.join()

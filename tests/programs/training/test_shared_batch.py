"""Two processes that gather take the steps of one with the whole batch; two that do not gather take others."""

import pytest
from torch.multiprocessing.spawn import ProcessRaisedException

from course_lib import encoders
from course_lib.data import qa
from course_lib.errors import CourseError
from course_lib.training import shared_batch


@pytest.fixture(scope="module")
def batches() -> list[list[tuple[str, str]]]:
    """Two of eight concepts each, so that no row is a false negative."""
    rows = [(concept.name, concept.question) for concept in qa.load()[:16]]
    return [rows[:8], rows[8:]]


def test_gathered_halves_have_the_loss_of_the_whole_in_every_step_and_halves_apart_a_smaller_one(batches):
    steps = shared_batch.compare(encoders.folder("minilm"), batches)
    assert len(steps.one) == len(steps.gathered) == len(steps.apart) == len(batches)
    assert steps.gathered == pytest.approx(steps.one, abs=1e-5)
    assert steps.one[0] != pytest.approx(steps.one[1], abs=1e-3)  # so that equal steps are not equal by chance
    assert all(apart < whole - 1e-4 for apart, whole in zip(steps.apart, steps.one, strict=True))


def test_a_batch_that_two_cannot_halve_is_refused(batches, tmp_path):
    with pytest.raises(CourseError, match=r"^2 processes share batches of an even number of rows: leave one out\.$"):
        shared_batch.compare(tmp_path, [batches[0][:7]])


def test_a_process_that_dies_is_named_with_its_reason(batches, tmp_path, monkeypatch):
    def die(*_, **__) -> None:
        raise ProcessRaisedException("\n\n-- Process 1 terminated:\nTraceback:\nOSError: no model\n", 1, 4711)

    monkeypatch.setattr(shared_batch, "spawn", die)
    with pytest.raises(CourseError, match=r"^A process of two that share a batch died: OSError: no model$"):
        shared_batch.compare(tmp_path, batches)

"""A gate for models: one that is worse than the one in use, on any task, does not pass."""

from collections.abc import Iterable
from typing import Literal

from course_lib.errors import CourseError
from course_lib.evaluation.judge import Verdict

TOLERANCE = 0.01  # of nDCG@10: a loss that is certain but smaller does no harm


def refused(verdict: Verdict, tolerance: float = TOLERANCE) -> bool:
    """Whether the verdict is REGRESSION and the mean loss is larger than the tolerance."""
    return verdict.word == "REGRESSION" and verdict.difference.mean < -tolerance


def loss(verdict: Verdict, tolerance: float = TOLERANCE) -> Literal["ruled out", "shown", "not ruled out"]:
    """What the interval, by itself, says of a loss larger than the tolerance: the question of non-inferiority."""
    if verdict.difference.low > -tolerance:
        return "ruled out"
    return "shown" if verdict.difference.high < -tolerance else "not ruled out"


def assert_no_regression(verdicts: Iterable[Verdict], tolerance: float = TOLERANCE) -> None:
    """Raise CourseError at the first verdict that is `refused`."""
    for verdict in verdicts:
        d = verdict.difference
        if refused(verdict, tolerance):
            raise CourseError(
                f"{verdict.candidate} is refused: {d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}] nDCG@10 on "
                f"{verdict.task!r} against {verdict.baseline}, more than the {tolerance} tolerated; keep the latter."
            )

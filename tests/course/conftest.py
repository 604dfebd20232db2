"""What the tests of the exercises share."""

from collections.abc import Callable

import pytest

from course_lib.course import exercises


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[str, object], str]:
    """What the checker of an exercise prints about an answer."""

    def of(number: str, answer: object) -> str:
        exercises.check(number, answer)
        return capsys.readouterr().out.strip()

    return of

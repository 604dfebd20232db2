"""Every notebook has three exercises, and no answer to one, given or not, ever stops a notebook."""

import pytest

from course_lib.course import catalog, exercises
from course_lib.errors import CourseError

NUMBERS = [f"{notebook.number}.{place}" for notebook in catalog.load() for place in (1, 2, 3)]
STRANGE = [object(), "text", "", b"\xff", [], [[]], {}, set(), float("nan"), len, lambda *_: None, lambda *_: "text"]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_answer_not_given_is_not_attempted(said, number: str) -> None:
    assert said(number, None) == f"{number}: not attempted"


@pytest.mark.parametrize("number", NUMBERS)
def test_an_answer_of_any_type_raises_nothing(said, number: str) -> None:
    for answer in STRANGE:
        assert said(number, answer).startswith(f"{number}: not yet."), answer


@pytest.mark.parametrize("number", ["00.4", "99.1", "1", "n00"])
def test_a_number_that_is_no_exercise_is_refused(number: str) -> None:
    with pytest.raises(CourseError, match=f"^There is no exercise '{number}'; copy the number from the notebook"):
        exercises.check(number, None)

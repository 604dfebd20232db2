"""Exercises that tell what went wrong: `check(number, answer)` prints *not attempted*, *right*, or *not yet* and why.

Each notebook's exercises stand in a module of their own, `n08` for notebook 08, as `EXERCISES: dict[str, Exercise]`.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from course_lib.errors import CourseError

WRONG_TYPE = "The answer is of a type that this exercise cannot read; look at what the stub's comment asks for."


@dataclass(frozen=True)
class Exercise:
    """`check` returns None when the answer is right, else a hint that names the misconception."""

    check: Callable[[object], str | None]


def check(number: str, answer: object) -> None:
    """Print what an answer is worth; None is an answer not given.

    Raises CourseError for a number that is no exercise.
    """
    exercise = _find(number)
    if answer is None:
        print(f"{number}: not attempted")
        return
    try:
        hint = exercise.check(answer)
    except Exception:  # a learner's answer can be anything, and an exercise never stops a notebook
        hint = WRONG_TYPE
    print(f"{number}: right" if hint is None else f"{number}: not yet. {hint}")


def _find(number: str) -> Exercise:
    if re.fullmatch(r"\d\d\.\d", number):
        try:
            exercises = importlib.import_module(f"{__name__}.n{number[:2]}").EXERCISES
        except ModuleNotFoundError:
            exercises = {}
        if number in exercises:
            return exercises[number]
    raise CourseError(f"There is no exercise {number!r}; copy the number from the notebook.")

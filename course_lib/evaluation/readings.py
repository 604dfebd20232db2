"""Who has looked at the test split: a line for each time that a retriever was scored on a task of it.

A test split answers one question honestly: how good is the model that was chosen without it. Every further look at it
is a chance to choose by it, so looks are counted, and whatever chooses takes dev tasks alone.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from course_lib import paths
from course_lib.errors import CourseError
from course_lib.evaluation.tasks import RetrievalTask


def ledger() -> Path:
    """One file for all profiles: a smoke run's small tasks have other fingerprints."""
    return paths.outputs("all").parent / "test_readings.jsonl"


def note(task: RetrievalTask, retriever: str) -> None:
    """Write down that the retriever is scored on a test task; a task of another split leaves no line."""
    if task.split != "test":
        return
    row = {"task": task.name, "fingerprint": task.fingerprint, "retriever": retriever}
    file = ledger()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
    except OSError as error:
        raise CourseError(
            f"{file} cannot be written ({error.strerror or error}): make its folder writable, and run again."
        ) from error


def of(task: RetrievalTask) -> Counter[str]:
    """Retriever -> how often it was scored on this very task."""
    if not ledger().is_file():
        return Counter()
    rows = map(json.loads, ledger().read_text(encoding="utf-8").splitlines())
    return Counter(row["retriever"] for row in rows if row["fingerprint"] == task.fingerprint)


def assert_selectable(tasks: Iterable[RetrievalTask]) -> None:
    """Raise CourseError for a task of the test split: for whatever chooses among recipes or models."""
    for task in tasks:
        if task.split == "test":
            raise CourseError(
                f"Task {task.name!r} is of the test split: choose on dev, and judge on test what was chosen."
            )

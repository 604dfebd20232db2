"""Everything that can be checked of a folder of data, in one call."""

from pathlib import Path

from course_lib import paths
from course_lib.data import passages, qa, splits, terms


def counts(folder: Path | None = None) -> dict[str, int]:
    """What the folder holds, after every check of questions, answers, terms and the held-out list against each other.

    Raises CourseError, naming file, line, field and remedy, for the first rule that is broken.
    """
    folder = folder or paths.DATA
    concepts, inventory = qa.load(folder / "qa"), terms.load(folder / "terms.yaml")
    splits.check_listed(splits.load(folder / "heldout.txt"), concepts, passages.load(), inventory)
    return {"concepts": len(concepts), "terms": len(inventory)}

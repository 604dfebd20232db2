"""What a reader decided about pairs of passage and term: is the passage about the term, or does it only mention it?

`data/label_audit.tsv` names passages by their id, so that it holds none of their text.
"""

from dataclasses import dataclass
from pathlib import Path

from course_lib import paths
from course_lib.data.text import read_text
from course_lib.errors import CourseError

VERDICTS = ("about", "mention")


@dataclass(frozen=True)
class Judgement:
    """`about` is true when the passage explains the term, has it as a subject or demonstrates it."""

    passage: str
    term: str
    about: bool


def load(path: Path = paths.DATA / "label_audit.tsv") -> list[Judgement]:
    """Read lines of passage id, term and verdict, parted by tabs; lines that open with # are comments.

    Raises CourseError naming file and line for anything else, and for a pair that is judged twice.
    """
    found: dict[tuple[str, str], Judgement] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        passage, term, verdict = [*line.split("\t"), "", ""][:3]
        if line.count("\t") != 2 or verdict not in VERDICTS:
            raise CourseError(f"{path}:{number}: expected PASSAGE, TERM, about|mention parted by tabs, found {line!r}.")
        if (passage, term) in found:
            raise CourseError(f"{path}:{number}: {term!r} in {passage} is judged twice; keep one line.")
        found[passage, term] = Judgement(passage, term, verdict == "about")
    return list(found.values())

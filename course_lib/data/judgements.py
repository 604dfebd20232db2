"""What readers decided about pairs of passage and term, kept by the passage's id so that no text of it is committed.

`data/judgements.jsonl` judges positives and negatives of the training triplets; `data/judged_mentions.jsonl` judges 25
pairs each of a term mentioned once, exactly twice, and more often or in a heading, drawn with a seed.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from course_lib import paths
from course_lib.data.text import read_text, reason
from course_lib.errors import CourseError

TRAINING, MENTIONS = paths.DATA / "judgements.jsonl", paths.DATA / "judged_mentions.jsonl"


class Judgement(BaseModel):
    """`about`: the passage explains the term, has it as a subject or shows it. A negative is `true` or `false`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    kind: Literal["positive", "negative", "mention"]
    passage: str
    term: str
    judgement: Literal["about", "mentions", "wrong sense", "true", "false"]
    why: str = ""


def load(path: Path) -> list[Judgement]:
    """One JSON object a line. Raises CourseError naming file and line for a bad row, and for a pair judged twice."""
    found: dict[tuple[str, str, str], Judgement] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = Judgement.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise CourseError(
                f"{path}:{number}: not JSON ({error.msg}, column {error.colno}); mend the line."
            ) from None
        except ValidationError as error:
            raise CourseError(f"{path}:{number}: {reason(error)}.") from None
        if (key := (row.kind, row.passage, row.term)) in found:
            raise CourseError(f"{path}:{number}: {row.term!r} in {row.passage} is judged twice; keep one line.")
        found[key] = row
    return list(found.values())

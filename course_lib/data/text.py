"""Reading text that people wrote, and saying in one sentence what is wrong with it."""

import re
from pathlib import Path

from pydantic import ValidationError

from course_lib.errors import CourseError


def read_text(path: Path) -> str:
    """A UTF-8 file as text, a byte-order mark and CRLF accepted.

    Raises CourseError for a missing file, and for other encodings with the line of the first bad byte.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CourseError(f"{path}:{line}: not UTF-8 at byte {error.start}; save the file as UTF-8.") from None


def reason(error: ValidationError) -> str:
    """The first fault that pydantic found: `answers.3: String should have at least 20 characters`."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def words(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return re.findall(r"[a-z0-9]+", text.lower())


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """The distinct runs of `size` words in a text."""
    run = words(text)
    return {tuple(run[i : i + size]) for i in range(len(run) - size + 1)}

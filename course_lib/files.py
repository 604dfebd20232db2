"""Writing files so that a reader sees the old content or the new one, never half of it."""

import os
import tempfile
from pathlib import Path

from course_lib.errors import CourseError


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target, then rename. Raises CourseError for a folder that cannot be written or a full disk."""
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        raise CourseError(
            f"{path} cannot be written ({error.strerror or error}): "
            "free some space or make its folder writable, and run again."
        ) from error

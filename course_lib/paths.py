"""Every folder the course reads or writes. Standard library only: the environment check imports it."""

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
DATA = REPO / "data"
NOTEBOOKS = REPO / "notebooks"
LOCK = REPO / "requirements.lock"


def cache() -> Path:
    """Downloads and what is built from them: COURSE_CACHE, or a folder in the user's cache."""
    if chosen := os.environ.get("COURSE_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "embedding-course"


def outputs(profile: str) -> Path:
    """What a run of the course makes: executed notebooks, datasets, models, results, one folder a profile."""
    return Path(os.environ.get("COURSE_OUTPUT") or REPO / "build").expanduser().absolute() / profile

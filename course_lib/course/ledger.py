"""The record of every number the course prints: one JSON file a notebook.

A run writes to `outputs(profile)/results`; `course report --save` copies them to `data/results/PROFILE`, from where the
README and the notebooks' own tables take their numbers.
"""

import json
import platform
import re
from pathlib import Path

from course_lib import paths, profiles
from course_lib.errors import CourseError
from course_lib.files import write_atomically

SAVED = paths.DATA / "results"
README_START, README_END = "<!-- results: written by `course report --save` -->", "<!-- end of results -->"


def record(notebook: str, profile: str, seed: int, **results) -> Path:
    """Keep a notebook's results (what JSON can hold); returns the file. Raises CourseError for what is no number."""
    profiles.load(profile)
    if not re.fullmatch(r"\d\d", notebook):
        raise CourseError(f"{notebook!r} is no notebook's number: write two digits, as in '07'.")
    file = paths.outputs(profile) / "results" / f"{notebook}.json"
    row = {"notebook": notebook, "profile": profile, "seed": seed, "python": platform.python_version(), **results}
    try:
        content = json.dumps(row, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise CourseError(f"Notebook {notebook}: a result is not plain JSON ({error}); convert it first.") from None
    write_atomically(file, content.encode())
    return file


def read(notebook: str, folder: Path) -> dict:
    """One notebook's results from a folder of them. Raises CourseError when it has none."""
    file = folder / f"{notebook}.json"
    if not file.is_file():
        raise CourseError(f"{file} does not exist: run notebook {notebook} first.")
    return _parse(file)


def read_all(folder: Path) -> dict[str, dict]:
    """Notebook number -> its results, for those that have any."""
    return {file.stem: _parse(file) for file in sorted(folder.glob("[0-9][0-9].json"))}


def save(profile: str) -> list[Path]:
    """Copy a finished run's results into the repository; returns the files.

    Of a smoke run only the seconds: scores of a few rows are no results.
    """
    source = paths.outputs(profile) / "results"
    files = sorted(source.glob("seconds.json" if profile == "smoke" else "*.json"))
    if not files:
        raise CourseError(f"{source} holds no results: run `course run --profile {profile}` first.")
    for file in files:
        write_atomically(SAVED / profile / file.name, file.read_bytes())
    return [SAVED / profile / file.name for file in files]


def saved_trainings(name: str, folder: Path | None = None) -> list[dict]:
    """Trainings of an encoder, or of one recipe, that data/results/full holds for themselves, one a recipe and seed.

    Each is `TrainingRun.row` with "scores", rows of `judge.summary`; none saved is an empty list.
    """
    return [_parse(file) for file in sorted((folder or SAVED / "full").glob(f"train-{name}-*.json"))]


def _parse(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"{file}: not JSON ({error}); delete it and run its notebook again.") from None

"""The notebooks of the course, read from the notebooks themselves: number, title, what each needs."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_lib import paths
from course_lib.errors import CourseError

FILE_NAME = re.compile(r"(\d\d)_[a-z0-9_]+\.ipynb")
NEEDS = re.compile(r"^\|\s*needs\s*\|(.*)\|\s*$", re.M)


@dataclass(frozen=True)
class Notebook:
    """One chapter. `needs` holds the numbers of the chapters whose files it reads."""

    number: str
    path: Path
    title: str
    needs: tuple[str, ...]


def load(folder: Path = paths.NOTEBOOKS) -> list[Notebook]:
    """All notebooks in order of number.

    Raises CourseError for a folder without any, for one without a title or a `needs` row in its first cell, for a
    number used twice, and for a need that is no earlier notebook.
    """
    notebooks = [_read(path) for path in sorted(folder.glob("*.ipynb")) if FILE_NAME.fullmatch(path.name)]
    if not notebooks:
        raise CourseError(f"{folder} holds no notebook named NN_verb_object.ipynb; restore the folder.")
    earlier: set[str] = set()
    for notebook in notebooks:
        if notebook.number in earlier:
            raise CourseError(f"{notebook.path}: another notebook has the number {notebook.number}; rename one.")
        for need in notebook.needs:
            if need not in earlier:
                raise CourseError(f"{notebook.path}: needs {need}, which is no earlier notebook; correct that row.")
        earlier.add(notebook.number)
    return notebooks


def select(notebooks: list[Notebook], numbers: list[str]) -> list[Notebook]:
    """The chosen chapters and all that they need; all chapters when none is chosen.

    Raises CourseError for a number that is no chapter.
    """
    by_number = {n.number: n for n in notebooks}
    wanted, queue = set(), [number.zfill(2) for number in numbers] or list(by_number)
    while queue:
        number = queue.pop()
        if number not in by_number:
            raise CourseError(f"There is no notebook {number!r}: choose from {', '.join(by_number)}.")
        if number not in wanted:
            wanted.add(number)
            queue += by_number[number].needs
    return [n for n in notebooks if n.number in wanted]


def _read(path: Path) -> Notebook:
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception as error:
        raise CourseError(f"{path}: not a notebook ({error}); restore the file.") from None
    first = cells[0].source if cells else ""
    title, needs = re.match(r"# (.+)", first), NEEDS.search(first)
    if not title or not needs:
        raise CourseError(f"{path}: the first cell needs `# Title` and a table with a `needs` row; add them.")
    return Notebook(path.name[:2], path, title[1].strip(), tuple(re.findall(r"\b(\d\d)\b(?!_)", needs[1])))

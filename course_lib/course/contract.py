"""The form that every notebook keeps, checked: `course check --contract`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import nbformat

from course_lib import paths
from course_lib.course import catalog

PROFILES_SHOWN = ("smoke", "short", "full")
CELLS, MARKDOWN_TO_CODE = (30, 60), (1.1, 1.5)
MEDIAN_LINES, LONGEST_LINES = 6, 30
FORBIDDEN = {
    r"^\s*[!%]": "a shell or magic line",
    r"\bpip\b\s+install": "pip",
    r"\binput\(": "input()",
    r"\blogin\(": "a login",
    r"except\s*:": "a bare except",
    r"[\"'](?:/[a-z]+/|[A-Z]:\\)": "an absolute path",
    r"np\.random\.(?!default_rng|Generator|SeedSequence)": "numpy's unseeded global generator",
    r"(?<!\.)\brandom\.(?!Random\()\w+\(": "the unseeded random module",
    r"\b(?:default_rng|Random)\(\s*\)": "a generator without a seed",
}
SECTIONS = ("You will be able to", "Predict first", "Checkpoint", "Recap", "Further reading")


def faults(folder: Path = paths.NOTEBOOKS) -> list[str]:
    """Every breach of the contract, as `file: cell: what`."""
    names = [path.name for path in sorted(folder.glob("*.ipynb"))]
    found = [f"{name}: the name is not NN_verb_object.ipynb" for name in names if not catalog.FILE_NAME.fullmatch(name)]
    for notebook in catalog.load(folder):
        content = nbformat.read(notebook.path, as_version=4)
        found += [f"{notebook.path.name}: {fault}" for fault in _faults(content)]
    return found


def _faults(content: nbformat.NotebookNode) -> Iterator[str]:
    cells = content.cells
    code = [c for c in cells if c.cell_type == "code"]
    if not code:
        yield "no code cell"
        return
    markdown = [c for c in cells if c.cell_type == "markdown"]
    prose = "\n\n".join(c.source for c in markdown)
    if content.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    if any(c.outputs or c.execution_count for c in code):
        yield "it holds outputs; strip them"
    yield from _first_cell(cells[0].source)
    yield from (f"no part says {part!r}" for part in SECTIONS if part not in prose)
    if not CELLS[0] <= len(cells) <= CELLS[1]:
        yield f"{len(cells)} cells, not {CELLS[0]} to {CELLS[1]}"
    if not MARKDOWN_TO_CODE[0] <= (ratio := len(markdown) / len(code)) <= MARKDOWN_TO_CODE[1]:
        yield f"{ratio:.2f} markdown cells a code cell, not {MARKDOWN_TO_CODE[0]} to {MARKDOWN_TO_CODE[1]}"
    lengths = [len([line for line in c.source.splitlines() if line.strip()]) for c in code]
    if median(lengths) > MEDIAN_LINES:
        yield f"the median code cell has {median(lengths)} lines, more than {MEDIAN_LINES}"
    yield from _code(cells)
    parameters = [c for c in code if "parameters" in c.metadata.get("tags", [])]
    if len(parameters) != 1 or not _plain_literals(parameters[0].source):
        yield "no single cell tagged `parameters` with plain annotated literals"
    if "ledger.record(" not in code[-1].source:
        yield "the last code cell does not call ledger.record"


def _first_cell(source: str) -> Iterator[str]:
    for row in ("reading", "needs", "makes", *PROFILES_SHOWN):
        if not re.search(rf"^\|[^|]*\b{row}\b", source, re.M):
            yield f"the table in the first cell has no row for {row!r}"


def _code(cells: list) -> Iterator[str]:
    for number, cell in enumerate(cells, 1):
        if cell.cell_type != "code":
            continue
        if len(cell.source.splitlines()) > LONGEST_LINES:
            yield f"cell {number}: {len(cell.source.splitlines())} lines, more than {LONGEST_LINES}"
        if "plots.show(" in cell.source and not re.search(r"\balt=", cell.source):
            yield f"cell {number}: a figure without alt text"
        for pattern, what in FORBIDDEN.items():
            if re.search(pattern, cell.source, re.M):
                yield f"cell {number}: holds {what}"


def _plain_literals(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return all(isinstance(s, ast.AnnAssign) and isinstance(s.value, ast.Constant) for s in body)

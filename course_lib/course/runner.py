"""Executes notebooks with papermill, one process each, in the order of their needs, and judges what came out.

papermill's exit code alone is not believed: `sys.exit(0)` in a cell ends a notebook early with exit code 0. A notebook
is done when every code cell of the executed file ran to its end without an error.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import nbformat
import papermill

from course_lib import paths, profiles
from course_lib.course.catalog import Notebook
from course_lib.errors import CourseError
from course_lib.files import write_atomically

PARAMETERS = ("PROFILE", "SEED")
PAPERMILL_CELLS = {"injected-parameters", "papermill-error-cell-tag"}  # cells that the source does not have


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook; `reason` is empty unless it failed or was left out."""

    notebook: Notebook
    state: Literal["ok", "kept", "failed", "left out"]
    seconds: float
    executed: Path
    reason: str = ""


@dataclass(frozen=True)
class _Run:
    """What all notebooks of one run share; `lifeline` is a pipe that closes when the run ends, in whatever way."""

    profile: str
    folder: Path
    resume: bool
    bar: bool
    lifeline: int


def run(notebooks: list[Notebook], profile: str, resume: bool = False, jobs: int = 1) -> Iterator[Outcome]:
    """Execute notebooks whose needs are among them; yields each outcome when it is known.

    With `resume`, a notebook whose executed file is whole and whose sources have not changed since is kept.
    After a failure its dependents are left out; all others still run. When the caller stops, so does what is running.
    """
    profiles.load(profile)
    for notebook in notebooks:
        check_parameters(notebook.path)
    folder = paths.outputs(profile)
    _make(folder / "executed")
    chosen = {n.number: n for n in notebooks}
    order = TopologicalSorter({n.number: [m for m in n.needs if m in chosen] for n in notebooks})
    order.prepare()
    prints = fingerprints(notebooks, profile)
    failed: set[str] = set()
    with _workers(jobs) as (pool, lifeline):
        shared, running = _Run(profile, folder, resume, jobs == 1, lifeline), {}
        while order.is_active():
            for number in sorted(order.get_ready()):
                blocked = sorted(failed.intersection(chosen[number].needs))
                running[pool.submit(_one, shared, chosen[number], prints[number], blocked)] = number
            for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:  # Windows: Ctrl-C meanwhile
                number, outcome = running.pop(future), future.result()
                if outcome.state in ("failed", "left out"):
                    failed.add(number)
                if outcome.state == "ok":
                    _note_seconds(folder, number, outcome.seconds)
                order.done(number)
                yield outcome


@contextmanager
def _workers(jobs: int) -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Threads that wait for notebooks, and the read end of a pipe that closes when this block or this process ends."""
    lifeline, held = os.pipe()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield pool, lifeline
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            os.close(held)
    os.close(lifeline)


def _one(shared: _Run, notebook: Notebook, print_: str, blocked: list[str]) -> Outcome:
    executed = shared.folder / "executed" / notebook.path.name
    kept = shared.folder / "executed" / f"{notebook.number}.fingerprint"
    results = shared.folder / "results" / f"{notebook.number}.json"
    if blocked:
        return Outcome(notebook, "left out", 0.0, executed, f"it needs {', '.join(blocked)}")
    unchanged = kept.exists() and kept.read_text() == print_
    if shared.resume and unchanged and results.exists() and not judge(executed):
        return Outcome(notebook, "kept", 0.0, executed)
    kept.unlink(missing_ok=True)
    start = time.perf_counter()
    message = execute(notebook.path, executed, shared.profile, shared.bar, shared.lifeline)
    seconds = time.perf_counter() - start
    if reason := judge(executed, message):
        return Outcome(notebook, "failed", seconds, executed, reason)
    write_atomically(kept, print_.encode())
    return Outcome(notebook, "ok", seconds, executed)


def execute(source: Path, executed: Path, profile: str, bar: bool, lifeline: int) -> str:
    """Run one notebook in a process of its own, which ends with `lifeline`; returns its error in a line, or nothing."""
    _make(executed.parent)
    executed.unlink(missing_ok=True)
    command = [sys.executable, "-m", "course_lib.course.execution", str(source), str(executed), profile]
    environment = os.environ | {
        "OMP_WAIT_POLICY": "PASSIVE",  # before torch is loaded
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's python3 kernel, not one of the user's
        "COURSE_CACHE": str(paths.cache()),
        "COURSE_OUTPUT": str(executed.parents[2]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(paths.REPO), os.environ.get("PYTHONPATH")])),
    }
    log = executed.with_suffix(".log")
    with log.open("wb") as sink:
        stderr = None if bar else sink
        command.append("bar" if bar else "no bar")
        code = subprocess.run(
            command, env=environment, stdin=lifeline, stdout=sink, stderr=stderr, check=False
        ).returncode
    if code in (0, 1):
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
        return next(filter(None, reversed(lines)), "no message") if code else ""
    return f"its process ended with exit code {code}"


def judge(executed: Path, message: str = "") -> str:
    """Empty when every code cell of the executed file ran to its end; else the first fault, with its cell.

    `message` is what papermill said of a run that failed. Cells are counted from 1, as in the notebook's source.
    """
    if not executed.is_file():
        return f"no executed file was written{_because(message)}"
    try:
        cells = nbformat.read(executed, as_version=4).cells
    except Exception:
        return f"the executed file cannot be read{_because(message)}"
    own = [c for c in cells if not PAPERMILL_CELLS.intersection(c.metadata.get("tags", []))]
    code = [(number, cell) for number, cell in enumerate(own, 1) if cell.cell_type == "code" and cell.source.strip()]
    for number, cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                return f"cell {number} raised {output.ename}: {' '.join(output.evalue.split())}"
    if message or any(not _completed(cell) for _, cell in code):
        started = [number for number, cell in code if cell.metadata.get("papermill", {}).get("start_time")]
        stopped = f"cell {started[-1]} did not run to its end" if started else "no cell was run"
        return stopped + _because(message)
    return "" if code else "the notebook has no code cell"


def _completed(cell: nbformat.NotebookNode) -> bool:
    return cell.execution_count is not None and cell.metadata.get("papermill", {}).get("status") == "completed"


def _because(message: str) -> str:
    return f" ({message})" if message else ""


def check_parameters(path: Path) -> None:
    """Raise CourseError unless the notebook's parameters cell declares PROFILE and SEED and nothing else."""
    try:
        declared = set(papermill.inspect_notebook(str(path)))
    except ValueError:
        raise CourseError(f"{path}: names no kernel, or not its language; choose python3 and save it.") from None
    if missing := set(PARAMETERS) - declared:
        raise CourseError(f"{path}: its parameters cell lacks {', '.join(sorted(missing))}; declare it there.")
    if unknown := declared - set(PARAMETERS):
        raise CourseError(f"{path}: unknown parameter {', '.join(sorted(unknown))}; a notebook has PROFILE and SEED.")


def fingerprints(notebooks: Iterable[Notebook], profile: str) -> dict[str, str]:
    """For each notebook a hash of all that decides its outputs: cells, library, data, lock, profile, needs."""
    common = hashlib.sha256(profile.encode())
    data = [file for file in paths.DATA.rglob("*") if file.is_file() and not _is_of_a_run(file)]
    for file in sorted([paths.LOCK, *paths.REPO.glob("course_lib/**/*.py"), *data]):
        common.update(file.name.encode() + file.read_bytes())
    prints: dict[str, str] = {}
    for notebook in notebooks:
        cells = [(c.cell_type, c.source) for c in nbformat.read(notebook.path, as_version=4).cells]
        needs = [prints.get(number, "") for number in notebook.needs]
        content = json.dumps([common.hexdigest(), cells, needs])
        prints[notebook.number] = hashlib.sha256(content.encode()).hexdigest()
    return prints


def _is_of_a_run(file: Path) -> bool:
    """Whether a run made it. The other results, saved trainings and ladders, are what notebooks read."""
    return paths.DATA / "results" in file.parents and bool(re.fullmatch(r"(\d\d|seconds)\.json", file.name))


def _note_seconds(folder: Path, number: str, seconds: float) -> None:
    file = folder / "results" / "seconds.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    write_atomically(file, (json.dumps(known | {number: round(seconds, 1)}, indent=1, sort_keys=True) + "\n").encode())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"{folder} cannot be made ({error.strerror}); name another with --output.") from None

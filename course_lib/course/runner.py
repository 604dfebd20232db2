"""Executes notebooks with papermill, one process each, in the order of their needs, and judges what came out.

papermill's exit code alone is not believed: `sys.exit(0)` in a cell ends a notebook early with exit code 0. A notebook
is done when every code cell of the executed file ran to its end without an error.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
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
CELL_SECONDS = 3600  # one cell may take this long; the longest, MPNet's full training, takes about half


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook; `reason` is empty unless it failed or was left out."""

    notebook: Notebook
    state: Literal["ok", "kept", "failed", "left out"]
    seconds: float
    executed: Path
    reason: str = ""


def run(notebooks: list[Notebook], profile: str, resume: bool = False, jobs: int = 1) -> Iterator[Outcome]:
    """Execute notebooks whose needs are among them; yields each outcome when it is known.

    With `resume`, a notebook whose executed file is whole and whose sources have not changed since is kept.
    After a failure its dependents are left out; all others still run.
    """
    profiles.load(profile)
    folder = paths.outputs(profile)
    _make(folder / "executed")
    for notebook in notebooks:
        check_parameters(notebook.path)
    chosen = {n.number: n for n in notebooks}
    order = TopologicalSorter({n.number: [m for m in n.needs if m in chosen] for n in notebooks})
    order.prepare()
    prints = fingerprints(notebooks, profile)
    failed: set[str] = set()
    with ThreadPoolExecutor(jobs) as pool:
        running = {}
        while order.is_active():
            for number in sorted(order.get_ready()):
                blocked = sorted(failed.intersection(chosen[number].needs))
                task = (chosen[number], profile, folder, prints[number], resume, jobs == 1, blocked)
                running[pool.submit(_one, *task)] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, outcome = running.pop(future), future.result()
                if outcome.state in ("failed", "left out"):
                    failed.add(number)
                order.done(number)
                yield outcome


def _one(
    notebook: Notebook, profile: str, folder: Path, print_: str, resume: bool, bar: bool, blocked: list[str]
) -> Outcome:
    executed = folder / "executed" / notebook.path.name
    kept = folder / "executed" / f"{notebook.number}.fingerprint"
    if blocked:
        return Outcome(notebook, "left out", 0.0, executed, f"it needs {', '.join(blocked)}")
    unchanged = kept.exists() and kept.read_text() == print_
    if resume and unchanged and not judge(executed) and (folder / "results" / f"{notebook.number}.json").exists():
        return Outcome(notebook, "kept", 0.0, executed)
    kept.unlink(missing_ok=True)
    start = time.perf_counter()
    message = execute(notebook.path, executed, profile, bar)
    seconds = time.perf_counter() - start
    reason = judge(executed) or message
    if reason:
        return Outcome(notebook, "failed", seconds, executed, reason)
    write_atomically(kept, print_.encode())
    _note_seconds(folder, notebook.number, seconds)
    return Outcome(notebook, "ok", seconds, executed)


def execute(source: Path, executed: Path, profile: str, bar: bool) -> str:
    """Run one notebook with papermill in a process of its own; returns the last line of its error, or nothing."""
    _make(executed.parent)
    executed.unlink(missing_ok=True)
    command = [sys.executable, "-m", "papermill", str(source), str(executed), "-k", "python3", "--cwd", source.parent]
    command += ["-p", "PROFILE", profile, "--execution-timeout", str(CELL_SECONDS)]
    command += ["--progress-bar" if bar else "--no-progress-bar", "--no-log-output", "--log-level", "ERROR"]
    environment = os.environ | {
        "OMP_WAIT_POLICY": "PASSIVE",  # before torch is loaded
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's python3 kernel, not one of the user's
        "COURSE_OUTPUT": str(executed.parents[2]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(paths.REPO), os.environ.get("PYTHONPATH")])),
    }
    log = executed.with_suffix(".log")
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.PIPE)
        for chunk in iter(lambda: process.stderr.read1(4096), b""):
            sink.write(chunk)
            if bar:
                sys.stderr.write(chunk.decode(errors="replace"))
                sys.stderr.flush()
        code = process.wait()
    if code == 0:
        return ""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"papermill ended with exit code {code}: {lines[-1].strip() if lines else 'no message'}"


def judge(executed: Path) -> str:
    """Empty when every code cell of the executed file ran to its end; else the first fault, with its cell."""
    if not executed.is_file():
        return "no executed file was written"
    try:
        cells = nbformat.read(executed, as_version=4).cells
    except Exception as error:
        return f"the executed file cannot be read ({error})"
    code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    for number, cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                return f"cell {number} raised {output.ename}: {output.evalue}"
    for number, cell in code:
        status = cell.metadata.get("papermill", {}).get("status")
        if cell.source.strip() and (cell.execution_count is None or status in ("pending", "running", "failed")):
            return f"cell {number} did not run to its end; the kernel stopped in it or before it"
    return "" if code else "the notebook has no code cell"


def check_parameters(path: Path) -> None:
    """Raise CourseError unless the notebook's parameters cell declares PROFILE and SEED and nothing else."""
    declared = set(papermill.inspect_notebook(str(path)))
    if missing := set(PARAMETERS) - declared:
        raise CourseError(f"{path}: its parameters cell lacks {', '.join(sorted(missing))}; declare it there.")
    if unknown := declared - set(PARAMETERS):
        raise CourseError(f"{path}: unknown parameter {', '.join(sorted(unknown))}; a notebook has PROFILE and SEED.")


def fingerprints(notebooks: Iterable[Notebook], profile: str) -> dict[str, str]:
    """For each notebook a hash of all that decides its outputs: cells, library, data, lock, profile, needs."""
    common = hashlib.sha256(profile.encode())
    files = [paths.LOCK, *paths.REPO.glob("course_lib/**/*.py"), *paths.DATA.glob("*.*"), *paths.DATA.glob("qa/*")]
    for file in sorted(files):
        common.update(file.name.encode() + file.read_bytes())
    prints: dict[str, str] = {}
    for notebook in notebooks:
        cells = [(c.cell_type, c.source) for c in nbformat.read(notebook.path, as_version=4).cells]
        needs = [prints.get(number, "") for number in notebook.needs]
        content = json.dumps([common.hexdigest(), cells, needs])
        prints[notebook.number] = hashlib.sha256(content.encode()).hexdigest()
    return prints


def _note_seconds(folder: Path, number: str, seconds: float) -> None:
    file = folder / "results" / "seconds.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    write_atomically(file, (json.dumps(known | {number: round(seconds, 1)}, indent=1, sort_keys=True) + "\n").encode())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"{folder} cannot be made ({error.strerror}); name another with --output.") from None

"""What several test files share: the real MiniLM, a small course of a test's own, and the `course` command on it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from course_lib import encoders, paths

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core each; torch reads it when it is first imported

COMMAND = """
import pathlib, sys
from course_lib import encoders, paths
paths.NOTEBOOKS = pathlib.Path(sys.argv.pop(1))
sys.argv[0] = "course"
from course_lib.cli import main
main()
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = 'PROFILE: str = "short"\nSEED: int = 42'


@dataclass(frozen=True)
class SmallCourse:
    """A folder of notebooks, and the folder that a run of them fills."""

    notebooks: Path
    output: Path

    def write(self, name: str, *cells: str, needs: str = "nothing", parameters: str = PARAMETERS) -> Path:
        """A notebook of a first cell, a parameters cell, the given code, and the record of its results."""
        first = nbformat.v4.new_markdown_cell(f"# About {name}\n\n| | |\n|---|---|\n| needs | {needs} |")
        declared = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        record = f'from course_lib.course import ledger\n\nledger.record("{name[:2]}", PROFILE, SEED)'
        content = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
        content.cells = [first, declared, *map(nbformat.v4.new_code_cell, [*cells, record])]
        self.notebooks.mkdir(exist_ok=True)
        nbformat.write(content, self.notebooks / f"{name}.ipynb")
        return self.notebooks / f"{name}.ipynb"

    def executed(self, name: str, profile: str = "smoke") -> Path:
        return self.output / profile / "executed" / f"{name}.ipynb"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The command in a process of its own; text from both of its streams."""
        own = {"PYTHONPATH": str(paths.REPO), "COURSE_OUTPUT": str(self.output), "COLUMNS": "200"}
        command = [sys.executable, "-c", COMMAND, str(self.notebooks), *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        options = {"env": os.environ | own | environment, "text": True, "encoding": "utf-8", "start_new_session": True}
        if sys.platform != "win32":  # a shell's background job ignores Ctrl-C, and its children inherit that
            options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(command, **streams, **options)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environment) as process:
            stdout, stderr = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.fixture(scope="session")
def minilm() -> encoders.Encoder:
    return encoders.load("minilm", device="cpu")


@pytest.fixture
def small_course(tmp_path: Path) -> SmallCourse:
    return SmallCourse(tmp_path / "notebooks", tmp_path / "build")


@pytest.fixture(scope="module")
def shared_course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """One for all tests of a file."""
    folder = tmp_path_factory.mktemp("course")
    return SmallCourse(folder / "notebooks", folder / "build")

"""What several test files share: the real data and the real MiniLM, read once; a small course and its command."""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pytest

from course_lib import artifacts, encoders, paths
from course_lib.data import passages, qa, splits, terms

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core each; torch reads it when it is first imported

COMMAND = """
import pathlib, sys
from course_lib import artifacts, encoders, paths
from course_lib.data import passages, qa, splits, terms
paths.NOTEBOOKS = pathlib.Path(sys.argv.pop(1))
sys.argv[0] = "course"
from course_lib.cli import main
main()
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = 'PROFILE: str = "short"\nSEED: int = 42'


def pytest_collection_finish() -> None:
    """What the imports made lives to the end: no collection of garbage, of which each training asks for one, looks at
    it again."""
    gc.freeze()


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
def concepts() -> list[qa.Concept]:
    return qa.load()


@pytest.fixture(scope="session")
def heldout() -> splits.Heldout:
    return splits.load()


@pytest.fixture(scope="session")
def corpus() -> list[passages.Passage]:
    return passages.load()


@pytest.fixture(scope="session")
def inventory() -> list[terms.Term]:
    return terms.load()


@pytest.fixture
def read_once(concepts, corpus, inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What loads the course's own data is given what the fixtures above hold."""
    for module, loaded in ((qa, concepts), (passages, corpus), (terms, inventory)):
        monkeypatch.setattr(module, "load", lambda loaded=loaded: loaded)


@pytest.fixture(scope="session")
def minilm() -> encoders.Encoder:
    return encoders.load("minilm", device="cpu")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MiniLM's tokenizer, random weights of a twentieth of its size: for what any weights show."""
    import torch
    from transformers import AutoConfig, AutoModel

    folder = shutil.copytree(encoders.folder("minilm"), tmp_path_factory.mktemp("encoders") / "tiny")
    small = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
    for name, change in (("config.json", small), ("1_Pooling/config.json", {"word_embedding_dimension": 32})):
        content = json.loads((folder / name).read_text("utf-8"))
        (folder / name).write_text(json.dumps(content | change), encoding="utf-8")
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(minilm: encoders.Encoder, tiny_folder: Path) -> encoders.Encoder:
    from course_lib import models

    model = models.load(tiny_folder, "cpu")
    model.max_seq_length = minilm.model.max_seq_length
    sha256 = artifacts.sha256(tiny_folder / "model.safetensors")
    return replace(minilm, model=model, layers=2, dimensions=32, sha256=sha256)


@pytest.fixture
def left_behind() -> Callable[[Path], list[str]]:
    """The names of all files below a folder, the locks aside."""
    return lambda folder: sorted(f.name for f in folder.rglob("*") if f.is_file() and not f.name.endswith(".lock"))


@pytest.fixture
def no_share_and_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders come from the package index alone, unless a test says otherwise."""
    from huggingface_hub import constants

    for name in ("COURSE_MODELS", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # for this process; those that a test starts have their own


@pytest.fixture
def small_course(tmp_path: Path) -> SmallCourse:
    return SmallCourse(tmp_path / "notebooks", tmp_path / "build")


@pytest.fixture(scope="module")
def shared_course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """One for all tests of a file."""
    folder = tmp_path_factory.mktemp("course")
    return SmallCourse(folder / "notebooks", folder / "build")

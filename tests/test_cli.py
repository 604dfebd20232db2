"""The `course` command: what works says so, and what is refused is refused in one sentence, with exit code 1."""

import subprocess
import sys

import pytest

from course_lib import paths
from course_lib.course import ledger
from course_lib.errors import CourseError


@pytest.fixture
def two(small_course):
    small_course.write("00_start")
    small_course.write("05_compare", needs="00")
    return small_course


def refused(answer: subprocess.CompletedProcess, *words: str) -> None:
    assert answer.returncode == 1
    (sentence,) = answer.stderr.strip().splitlines()
    assert sentence.startswith("course: ") and all(word in sentence for word in words), sentence


def test_list_shows_every_notebook_with_what_it_needs(two):
    answer = two.command("list")
    assert answer.returncode == 0
    assert answer.stdout.splitlines() == ["00  About 00_start", "05  About 05_compare  (needs 00)"]


@pytest.mark.parametrize("command", ["run", "report"])
def test_an_unknown_profile_is_refused_with_those_there_are(two, command):
    answer = two.command(command, "--profile", "tiny")
    refused(answer, "'tiny'", "smoke, short, full")
    assert answer.stdout == "" and not two.output.exists()


def test_an_output_folder_that_cannot_be_made_is_refused(two):
    two.output.write_text("a file in the place of the folder")
    refused(two.command("run", "--output", str(two.output)), str(two.output), "--output")


def test_output_names_the_folder_of_a_run_and_of_its_report(two, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "elsewhere"))
    ledger.record("05", "smoke", 42, scores=[{"task": "t", "retriever": "BM25", "mean": 0.5, "low": 0.4, "high": 0.6}])
    answer = two.command("report", "--profile", "smoke", "--output", str(tmp_path / "elsewhere"))
    assert answer.returncode == 0 and "| t | BM25 | 0.500 [0.400, 0.600] |" in answer.stdout
    assert answer.stdout.splitlines()[-1].endswith(str(tmp_path / "elsewhere" / "smoke" / "executed"))


def test_check_names_every_fault_of_every_notebook(two):
    answer = two.command("check", "--contract")
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    assert {line.split(":")[0] for line in answer.stderr.splitlines()} == {"00_start.ipynb", "05_compare.ipynb"}


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

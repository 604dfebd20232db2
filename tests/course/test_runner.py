"""What `course_lib.course.runner` refuses before it runs anything, how it judges what ran, and when it runs again."""

from pathlib import Path

import nbformat
import pytest

from course_lib import paths
from course_lib.course import catalog, runner
from course_lib.errors import CourseError


def executed_file(folder: Path, *cells: nbformat.NotebookNode) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), folder / "00_it.ipynb")
    return folder / "00_it.ipynb"


def code_cell(count: int | None, status: str, source: str = "1") -> nbformat.NotebookNode:
    papermill = {"status": status, "start_time": None if status == "pending" else "2026-01-01T00:00:00"}
    return nbformat.v4.new_code_cell(source, execution_count=count, metadata={"papermill": papermill})


def test_the_judge_accepts_a_file_whose_every_cell_completed_empty_ones_aside(tmp_path):
    file = executed_file(tmp_path, code_cell(1, "completed"), code_cell(None, "pending", source=" \n"))
    assert runner.judge(file) == ""


@pytest.mark.parametrize(
    "count, status", [(None, "completed"), (2, "running"), (2, "failed"), (2, "pending"), (None, "pending")]
)
def test_the_judge_refuses_a_file_with_one_cell_that_did_not_complete(tmp_path, count, status):
    fault = runner.judge(executed_file(tmp_path, code_cell(1, "completed"), code_cell(count, status)))
    assert fault == f"cell {1 if status == 'pending' else 2} did not run to its end"


def test_the_judge_believes_papermills_message_even_where_the_file_looks_complete(tmp_path):
    file = executed_file(tmp_path, code_cell(1, "completed"))  # so it looks after a time-out in the last cell
    assert runner.judge(file, "CellTimeoutError: slow") == "cell 1 did not run to its end (CellTimeoutError: slow)"


def test_the_judge_refuses_a_file_that_is_missing_empty_or_without_code(tmp_path):
    assert runner.judge(tmp_path / "none.ipynb") == "no executed file was written"
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    assert runner.judge(tmp_path / "half.ipynb") == "the executed file cannot be read"
    assert (
        runner.judge(executed_file(tmp_path, nbformat.v4.new_markdown_cell("# A"))) == "the notebook has no code cell"
    )


@pytest.mark.parametrize(
    "parameters, words",
    [
        ('PROFILE: str = "short"\nSEED: int = 42\nSPEED: int = 1', "unknown parameter SPEED"),
        ('PROFILE: str = "short"', "its parameters cell lacks SEED"),
        ("# none", "its parameters cell lacks PROFILE, SEED"),
    ],
)
def test_an_unknown_or_a_missing_parameter_is_refused_before_anything_runs(
    small_course, monkeypatch, parameters, words
):
    monkeypatch.setenv("COURSE_OUTPUT", str(small_course.output))
    small_course.write("00_good")
    bad = small_course.write("01_bad", parameters=parameters)
    with pytest.raises(CourseError, match=words) as error:
        list(runner.run(catalog.load(small_course.notebooks), "smoke"))
    assert str(bad) in str(error.value) and "\n" not in str(error.value)
    assert not small_course.output.exists()


def test_a_notebook_that_names_no_kernel_is_refused(small_course):
    path = small_course.write("00_it")
    content = nbformat.read(path, as_version=4)
    del content.metadata["kernelspec"]
    nbformat.write(content, path)
    with pytest.raises(CourseError, match="names no kernel"):
        runner.check_parameters(path)


def prints(small_course, profile: str = "smoke") -> dict[str, str]:
    return runner.fingerprints(catalog.load(small_course.notebooks), profile)


def test_a_fingerprint_changes_with_cells_profile_library_data_lock_and_needs(small_course, monkeypatch, tmp_path):
    for name in ("course_lib", "data/qa", "data/results/full"):
        (tmp_path / name).mkdir(parents=True)
    saved = "data/results/full/train-a-seed1.json"
    files = [tmp_path / name for name in ("course_lib/a.py", "data/terms.yaml", "data/qa/a.jsonl", saved, "lock")]
    for file in files:
        file.write_text("before")
    for name, place in (("REPO", tmp_path), ("DATA", tmp_path / "data"), ("LOCK", tmp_path / "lock")):
        monkeypatch.setattr(paths, name, place)
    small_course.write("00_a")
    small_course.write("01_b", needs="00")
    before = prints(small_course)
    (tmp_path / "data" / "results" / "full" / "00.json").write_text("{}")  # what a run made is no source
    assert prints(small_course) == before

    small_course.write("01_b", "1", needs="00")
    assert prints(small_course)["00"] == before["00"] and prints(small_course)["01"] != before["01"]
    small_course.write("01_b", needs="00")
    small_course.write("00_a", "1")
    assert prints(small_course)["00"] != before["00"] and prints(small_course)["01"] != before["01"]
    small_course.write("00_a")
    seen = [before, prints(small_course, "short")]
    for file in files:
        file.write_text("after")
        seen.append(prints(small_course))
    assert len({tuple(p.items()) for p in seen}) == 2 + len(files)


def test_relative_folders_mean_the_same_to_the_command_and_to_a_kernel(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_OUTPUT", "made")
    monkeypatch.setenv("COURSE_CACHE", "cache")
    assert paths.outputs("smoke") == tmp_path / "made" / "smoke" and paths.cache() == tmp_path / "cache"


def test_an_output_folder_that_cannot_be_made_is_named(small_course, monkeypatch):
    small_course.write("00_good")
    small_course.output.write_text("a file in the place of the folder")
    monkeypatch.setenv("COURSE_OUTPUT", str(small_course.output))
    with pytest.raises(CourseError, match="--output") as error:
        list(runner.run(catalog.load(small_course.notebooks), "smoke"))
    assert str(small_course.output) in str(error.value)

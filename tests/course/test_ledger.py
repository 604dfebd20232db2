"""What `course_lib.course.ledger` promises."""

import json
import platform

import numpy as np
import pytest

from course_lib.course import ledger
from course_lib.errors import CourseError


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "build"))
    monkeypatch.setattr(ledger, "SAVED", tmp_path / "saved")
    return tmp_path / "build"


def one_sentence(error: pytest.ExceptionInfo[CourseError], *words: str) -> None:
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_what_is_recorded_is_read_back_with_profile_seed_and_python(output):
    results = {"losses": [2.5, 0.125], "encoder": "naïve – ☃", "scores": {"mean": 0.5}, "none": None}
    file = ledger.record("07", "short", 42, **results)
    assert file == output / "short" / "results" / "07.json"
    head = {"notebook": "07", "profile": "short", "seed": 42, "python": platform.python_version()}
    assert ledger.read("07", file.parent) == head | results


def test_a_later_record_replaces_the_earlier_and_nothing_else(output):
    ledger.record("05", "smoke", 42, loss=1.0)
    ledger.record("07", "smoke", 42, loss=2.0)
    ledger.record("07", "smoke", 42, loss=3.0)
    found = ledger.read_all(output / "smoke" / "results")
    assert {number: row["loss"] for number, row in found.items()} == {"05": 1.0, "07": 3.0}
    assert len(list((output / "smoke" / "results").iterdir())) == 2  # nothing half-written beside them


def test_the_results_of_profiles_stay_apart(output):
    ledger.record("05", "smoke", 42, loss=1.0)
    assert ledger.read_all(output / "short" / "results") == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32(1), np.arange(3), {1, 2}, object()])
def test_what_plain_json_cannot_hold_is_refused_and_the_old_record_stays(output, value):
    ledger.record("07", "smoke", 42, loss=1.0)
    with pytest.raises(CourseError) as error:
        ledger.record("07", "smoke", 42, loss=value)
    one_sentence(error, "Notebook 07", "not plain JSON")
    assert ledger.read("07", output / "smoke" / "results")["loss"] == 1.0


@pytest.mark.parametrize("notebook", ["7", "007", "seconds", "../07", ""])
def test_what_is_no_notebooks_number_is_refused(output, notebook):
    with pytest.raises(CourseError, match="two digits"):
        ledger.record(notebook, "smoke", 42)
    assert not output.exists()


def test_an_unknown_profile_is_refused(output):
    with pytest.raises(CourseError, match="no profile 'tiny'"):
        ledger.record("07", "tiny", 42)
    assert not output.exists()


def test_a_folder_that_cannot_be_written_is_named(output):
    output.write_text("a file in the place of the folder")
    with pytest.raises(CourseError) as error:
        ledger.record("07", "smoke", 42)
    one_sentence(error, str(output), "writable")


def test_missing_results_name_the_notebook_to_run(output):
    with pytest.raises(CourseError) as error:
        ledger.read("07", output)
    one_sentence(error, str(output / "07.json"), "run notebook 07 first")


def test_a_damaged_file_is_named(output):
    file = ledger.record("07", "smoke", 42)
    file.write_text(file.read_text()[:-9])
    for read in (lambda: ledger.read("07", file.parent), lambda: ledger.read_all(file.parent)):
        with pytest.raises(CourseError) as error:
            read()
        one_sentence(error, str(file), "not JSON")


def test_read_all_takes_notebooks_alone(output):
    folder = ledger.record("07", "smoke", 42).parent
    (folder / "seconds.json").write_text('{"07": 3.0}')
    assert set(ledger.read_all(folder)) == {"07"}


def test_save_copies_results_and_seconds_of_one_profile(output, tmp_path):
    folder = ledger.record("07", "full", 42, loss=1.0).parent
    (folder / "seconds.json").write_text('{"07": 3.0}')
    ledger.record("05", "smoke", 42)
    files = ledger.save("full")
    assert files == [tmp_path / "saved" / "full" / name for name in ("07.json", "seconds.json")]
    assert json.loads(files[0].read_text())["loss"] == 1.0
    assert not (tmp_path / "saved" / "smoke").exists()


def test_save_without_results_says_what_to_run():
    with pytest.raises(CourseError) as error:
        ledger.save("full")
    one_sentence(error, "course run --profile full")


def test_saved_trainings_are_those_of_one_encoder_and_none_is_no_error(tmp_path):
    assert ledger.saved_trainings("minilm") == []
    folder = tmp_path / "saved" / "full"
    folder.mkdir(parents=True)
    for name in ("train-minilm-as-printed-seed43", "train-minilm-fit-defaults-seed42", "train-mpnet-as-printed-seed42"):
        (folder / f"{name}.json").write_text(json.dumps({"recipe": name}))
    (folder / "07.json").write_text("{}")
    assert [row["recipe"][6:] for row in ledger.saved_trainings("minilm")] == [
        "minilm-as-printed-seed43",
        "minilm-fit-defaults-seed42",
    ]

"""What `course_lib.course.runner` promises, with real papermill, real kernels and the real command."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from course_lib.course import catalog, runner

WITH_THE_OTHER = """
import pathlib, time
if pathlib.Path("two_at_once").exists():
    pathlib.Path("{own}.here").touch()
    end = time.monotonic() + 120
    while not pathlib.Path("{other}.here").exists():
        assert time.monotonic() < end, "the other notebook did not come"
        time.sleep(0.05)
"""
STATES = {"00": "ok", "01": "failed", "02": "failed", "03": "failed", "04": "left out", "05": "left out"}
STATES |= {"06": "ok", "07": "ok", "08": "ok"}


@pytest.fixture(scope="module")
def first_run(shared_course) -> subprocess.CompletedProcess:
    """Good notebooks and bad ones, once through the command."""
    write = shared_course.write
    write("00_good", "print(PROFILE, SEED)")
    write("01_raises", "1 + 1", 'raise ValueError("two\\n  lines")', "print('never')")
    write("02_exits", "import sys\nsys.exit(0)", "print('never')")
    write("03_is_killed", "import os", "os.kill(os.getpid(), 9)", "print('never')")
    write("04_needs_a_bad_one", needs="00, 01")
    write("05_needs_that_one", needs="[04](04_needs_a_bad_one.ipynb)")
    write("06_needs_a_good_one", needs="00")
    write("07_first_of_two", WITH_THE_OTHER.format(own="07", other="08"))
    write("08_second_of_two", WITH_THE_OTHER.format(own="08", other="07"))
    return shared_course.command("run", "--profile", "smoke")


@pytest.fixture(scope="module")
def second_run(shared_course, first_run) -> dict[str, runner.Outcome]:
    """The same resumed, two at a time, after one notebook changed, one lost its results and one half of itself."""
    shared_course.write("06_needs_a_good_one", "print('changed')", needs="00")
    (shared_course.output / "smoke" / "results" / "07.json").unlink()
    half = shared_course.executed("08_second_of_two").read_bytes()
    shared_course.executed("08_second_of_two").write_bytes(half[: len(half) // 2])
    (shared_course.notebooks / "two_at_once").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_OUTPUT", str(shared_course.output))
        outcomes = runner.run(catalog.load(shared_course.notebooks), "smoke", resume=True, jobs=2)
        return {outcome.notebook.number: outcome for outcome in outcomes}


def test_a_good_notebook_is_done_and_its_executed_file_holds_outputs_and_the_profile(shared_course, first_run):
    assert "[OK]   00_good" in first_run.stdout
    cells = nbformat.read(shared_course.executed("00_good"), as_version=4).cells
    assert "smoke 42" in [output.get("text", "").strip() for cell in cells for output in cell.get("outputs", [])]
    assert (shared_course.output / "smoke" / "results" / "00.json").is_file()


def test_the_source_of_a_notebook_is_never_written(shared_course, first_run):
    for source in shared_course.notebooks.glob("*.ipynb"):
        assert not any(cell.get("outputs") for cell in nbformat.read(source, as_version=4).cells)


def test_one_bad_notebook_makes_the_command_fail_while_all_others_run(first_run):
    assert first_run.returncode == 1
    lines = [line for line in (first_run.stdout + first_run.stderr).splitlines() if line.startswith("[")]
    shown = {name[:2]: mark == "[OK]" for mark, name in (line.split()[:2] for line in lines)}
    assert shown == {number: state == "ok" for number, state in STATES.items()}
    assert "Traceback" not in first_run.stderr


def test_a_cell_that_raises_is_named_with_its_message_and_the_partial_notebook_is_kept(shared_course, first_run):
    assert "[FAIL] 01_raises failed: cell 4 raised ValueError: two lines\n" in first_run.stderr
    assert f"the partial notebook: {shared_course.executed('01_raises')}" in first_run.stderr
    source = nbformat.read(shared_course.notebooks / "01_raises.ipynb", as_version=4)
    assert "two" in source.cells[4 - 1].source  # papermill's own cells are not counted
    outputs = [c.outputs for c in nbformat.read(shared_course.executed("01_raises"), 4).cells if c.cell_type == "code"]
    assert outputs[2][0].data["text/plain"] == "2" and outputs[3][0].ename == "ValueError" and not any(outputs[4:])


def test_a_cell_that_calls_sys_exit_with_0_is_a_failure_whatever_papermill_says(shared_course, first_run):
    assert "[FAIL] 02_exits failed: cell 3 raised SystemExit: 0\n" in first_run.stderr
    assert not (shared_course.output / "smoke" / "results" / "02.json").exists()


def test_a_killed_kernel_is_called_that_in_the_cell_where_it_died(first_run):
    reason = "cell 4 did not run to its end (DeadKernelError: Kernel died)"
    assert f"[FAIL] 03_is_killed failed: {reason}\n" in first_run.stderr


def test_dependents_of_a_failed_notebook_are_left_out_to_the_last(shared_course, first_run):
    assert "[FAIL] 04_needs_a_bad_one left out: it needs 01\n" in first_run.stderr
    assert "[FAIL] 05_needs_that_one left out: it needs 04\n" in first_run.stderr
    assert not shared_course.executed("04_needs_a_bad_one").exists()


def test_a_notebook_runs_after_what_it_needs(first_run):
    assert first_run.stdout.index("00_good") < first_run.stdout.index("06_needs_a_good_one")


def test_one_at_a_time_shows_papermills_progress_bar_and_never_its_traceback(first_run):
    assert "00_good: 100%" in first_run.stderr and "5/5" in first_run.stderr  # cells


def test_the_seconds_of_every_finished_notebook_are_noted(shared_course, first_run):
    from course_lib.course import ledger

    seconds = ledger.read("seconds", shared_course.output / "smoke" / "results")
    assert set(seconds) == {number for number, state in STATES.items() if state == "ok"}
    assert all(took > 0 for took in seconds.values())


def test_resume_keeps_what_is_done_and_unchanged_and_runs_the_rest_again(second_run):
    assert {number for number, outcome in second_run.items() if outcome.state == "kept"} == {"00"}
    assert second_run["00"].seconds == 0


def test_a_changed_notebook_one_without_its_results_and_one_cut_in_half_run_again(shared_course, second_run):
    assert [second_run[number].state for number in ("06", "07", "08")] == ["ok"] * 3
    assert "changed" in shared_course.executed("06_needs_a_good_one").read_text(encoding="utf-8")
    assert (shared_course.output / "smoke" / "results" / "07.json").is_file()
    assert runner.judge(shared_course.executed("08_second_of_two")) == ""


def test_two_jobs_run_two_notebooks_at_once(shared_course, second_run):
    assert (shared_course.notebooks / "07.here").exists() and (shared_course.notebooks / "08.here").exists()
    assert second_run["07"].state == second_run["08"].state == "ok"  # each waited for the other


def test_two_jobs_come_to_the_same_outcomes_as_one(first_run, second_run):
    states = {number: outcome.state.replace("kept", "ok") for number, outcome in second_run.items()}
    assert states == STATES
    for outcome in second_run.values():
        assert outcome.state in ("ok", "kept") or f"{outcome.state}: {outcome.reason}\n" in first_run.stderr


HANGS_AT_FIRST = """
import pathlib, time
while not pathlib.Path("go_on").exists():
    pathlib.Path("heartbeat").write_text(str(time.monotonic()))
    time.sleep(0.1)
"""


def wait_until(there, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def stop(process: subprocess.Popen, how: str) -> None:
    if how == "kill":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the command and all that it started
    _, stderr = process.communicate(timeout=120)
    assert process.returncode != 0 and "Traceback" not in stderr


def test_an_interrupted_run_leaves_no_kernel_behind_and_completes_when_called_again(small_course):
    small_course.write("00_quick")
    small_course.write("01_hangs", HANGS_AT_FIRST, needs="00")
    small_course.write("02_waits_in_the_queue", needs="00")
    waiting = small_course.executed("02_waits_in_the_queue")
    waiting.parent.mkdir(parents=True)
    waiting.write_text("from an earlier run")
    heartbeat = small_course.notebooks / "heartbeat"
    for how in ["kill"] if sys.platform == "win32" else ["Ctrl-C", "kill"]:
        with contextlib.suppress(FileNotFoundError):
            heartbeat.unlink()
        process = small_course.start("run", "--profile", "smoke", "--resume")
        wait_until(heartbeat.exists)
        stop(process, how)
        wait_until(lambda: time.time() - heartbeat.stat().st_mtime > 1)
        assert waiting.read_text() == "from an earlier run"
    assert runner.judge(small_course.executed("01_hangs")) != ""
    (small_course.notebooks / "go_on").touch()
    again = small_course.command("run", "--profile", "smoke", "--resume")
    assert again.returncode == 0, again.stderr
    assert "[OK]   00_quick  kept" in again.stdout and "[OK]   01_hangs" in again.stdout
    assert runner.judge(waiting) == ""

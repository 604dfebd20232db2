"""What `course_lib.doctor` promises: every check ok and failing, and nothing needed but the standard library."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from importlib.metadata import version
from pathlib import Path

import pytest

from course_lib import artifacts, doctor, encoders, paths

NAMES = ("Python ", "memory:", "cache:", "packages:", "kernel python3:", "encoder minilm:", "encoder mpnet:")
NAMES += ("corpus: scikit-learn ", "manuals: scikit-image ")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    for name in ("COURSE_MODELS", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))


def bare_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The Python that this environment was made with: it has the standard library, and here nothing else."""
    name = "python.exe" if sys.platform == "win32" else f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(Path(sys.base_prefix, name)), "-S", "-E", *arguments]
    own = {"cwd": paths.REPO, "env": os.environ | environment, "timeout": 120}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **own)


def test_it_runs_where_nothing_is_installed_and_gives_a_remedy_for_every_failure():
    answer = bare_python("-m", "course_lib.doctor")
    assert answer.returncode == 1 and answer.stderr == ""
    lines = answer.stdout.splitlines()
    checks = [line for line in lines if line.startswith("[")]
    for name, line in zip((*NAMES, "hub:"), checks, strict=True):
        assert line[7:].startswith(name)
    assert any(line.startswith("[FAIL] packages: ") and "missing (lock: " in line for line in checks)
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert following.startswith("       ") == line.startswith("[FAIL]")


@pytest.mark.parametrize("module", ["doctor", "install"])
def test_it_imports_only_the_standard_library_and_our_own(module):
    code = f"import sys, course_lib.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = set(bare_python("-c", code).stdout.split())
    assert "course_lib" in loaded
    assert loaded <= sys.stdlib_module_names | {"course_lib", "__main__"}


def test_the_exit_code_is_0_only_where_every_check_is_ok(monkeypatch, capsys):
    good, bad = doctor.Check(True, "one"), doctor.Check(False, "two", "Do this.")
    monkeypatch.setattr(doctor, "checks", lambda: iter([good]))
    assert doctor.main() == 0 and capsys.readouterr().out == "[OK]   one\n"
    monkeypatch.setattr(doctor, "checks", lambda: iter([bad, good]))
    assert doctor.main() == 1 and capsys.readouterr().out == "[FAIL] two\n       Do this.\n[OK]   one\n"


def test_python_is_measured(monkeypatch):
    assert doctor.python().ok and doctor.python().what == "Python " + sys.version.split()[0]
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))
    assert not doctor.python().ok and "3.11 or newer" in doctor.python().remedy


@pytest.mark.parametrize("gigabytes, ok", [(2, False), (6.9, False), (7.1, True), (64, True)])
def test_memory_is_measured(monkeypatch, gigabytes, ok):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": int(gigabytes * 2**30 / 4096)}
    monkeypatch.setattr(os, "sysconf", sizes.get, raising=False)
    assert doctor.memory().ok == ok and f"{gigabytes:.0f} GB" in doctor.memory().what


def test_memory_that_a_system_does_not_tell_is_no_failure(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert doctor.memory().ok and "not measured" in doctor.memory().what


@pytest.mark.parametrize("gigabytes, ok", [(7, False), (9, True)])
def test_the_disk_of_a_cache_that_does_not_exist_yet_is_measured(tmp_path, monkeypatch, gigabytes, ok):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, gigabytes * 1e9))
    check = doctor.disk(tmp_path / "not" / "there" / "yet")
    assert check.ok == ok and f"{gigabytes} GB free" in check.what and "COURSE_CACHE" in check.remedy
    assert not (tmp_path / "not").exists()


def test_a_cache_on_a_drive_that_is_not_there_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    check = doctor.disk(tmp_path)
    assert not check.ok and "on a drive that is not there" in check.what and "COURSE_CACHE" in check.remedy


def test_a_cache_that_cannot_be_written_fails(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert not doctor.disk(folder).ok and "not writable" in doctor.disk(folder).what
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert not doctor.disk(tmp_path).ok


def test_packages_as_in_the_lock_are_ok_in_this_environment():
    check = doctor.packages(paths.LOCK.read_text(encoding="utf-8"))
    assert check.ok, check.what


def test_a_package_that_is_missing_or_of_another_version_fails():
    pytest_here = f"pytest=={version('pytest')}\n"
    check = doctor.packages(f"{pytest_here}no-such-package==1.0\nnbformat==0.1\n")
    assert not check.ok
    assert "2 differ" in check.what and "no-such-package missing (lock: 1.0)" in check.what
    assert f"nbformat {version('nbformat')} (lock: 0.1)" in check.what
    assert doctor.packages(pytest_here).ok


def test_what_the_lock_pins_for_other_systems_may_be_missing_but_not_of_another_version():
    marked = "{} ; python_full_version < '3.12'\n{} ; python_full_version >= '3.12'\n".format
    assert doctor.packages(marked("no-such-package==1.0", "no-such-package==2.0")).ok
    assert doctor.packages(marked("nbformat==0.1", f"nbformat=={version('nbformat')}")).ok
    assert not doctor.packages(marked("nbformat==0.1", "nbformat==0.2")).ok


def test_a_local_build_of_torch_is_the_pinned_version(monkeypatch):
    monkeypatch.setattr(doctor, "version", {"torch": "2.13.0+cpu"}.get)
    assert doctor.packages("torch==2.13.0\n").ok and not doctor.packages("torch==2.12.0\n").ok


def test_the_kernel_of_this_environment_is_found_and_a_missing_one_fails(tmp_path, monkeypatch):
    assert doctor.kernel().ok and doctor.kernel().what.endswith("kernel.json")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert not doctor.kernel().ok and "missing" in doctor.kernel().what


@pytest.mark.parametrize("name", ["minilm", "mpnet"])
def test_an_encoder_is_found_where_it_lies_and_said_to_be_missing_where_not(tmp_path, name):
    assert not doctor.encoder(name).ok and "course run 00" in doctor.encoder(name).remedy
    folder = tmp_path / "cache" / "encoders" / encoders.ENCODERS[name][-1].folder
    folder.mkdir(parents=True)
    check = doctor.encoder(name)
    assert check.ok and check.what == f"encoder {name}: package index: {folder}"


def test_a_share_that_is_not_there_fails_with_what_to_correct(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_MODELS", str(tmp_path / "gone"))
    check = doctor.encoder("minilm")
    assert not check.ok and str(tmp_path / "gone") in check.what and "COURSE_MODELS" in check.remedy


def test_archives_are_found_in_the_cache_and_said_to_be_missing_where_one_is_not(tmp_path):
    needed = [artifacts.SCIKIT_LEARN, artifacts.SCIPY]
    folder = tmp_path / "cache" / "downloads"
    folder.mkdir(parents=True)
    for artifact in needed:
        assert doctor.archives("corpus", needed, "Get them.") == doctor.Check(
            False, "corpus: scikit-learn 1.9.1, scipy 1.17.1 not here yet", "Get them."
        )
        (folder / artifact.filename).touch()
    check = doctor.archives("corpus", needed, "Get them.")
    assert check.ok and check.what.endswith("scipy 1.17.1 in the cache")


def test_the_hub_is_reachable_or_not_and_neither_is_a_failure(monkeypatch):
    import socket

    def refuse(*_, **__) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert doctor.hub().ok and "not reachable (timed out)" in doctor.hub().what
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: socket.socket())
    assert doctor.hub().ok and "is reachable" in doctor.hub().what


def test_the_command_gives_the_same_report(small_course):
    answer = small_course.command("doctor")
    shown = [line[7:] for line in answer.stdout.splitlines() if line.startswith("[")]
    assert all(line.startswith(name) for name, line in zip(NAMES, shown, strict=False)) and answer.stderr == ""

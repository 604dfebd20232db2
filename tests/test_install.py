"""What `course_lib.install` promises, with a real environment whose pip only notes what it is asked."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from itertools import pairwise
from pathlib import Path

import pytest

from course_lib import install, paths

PIP = """
import json, os, pathlib, sys
folder = pathlib.Path(__file__).parent
with (folder / "asked.jsonl").open("a") as stream:
    stream.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(7 if any(word in sys.argv for word in os.environ.get("PIP_FAILS_AT", "").split()) else 0)
"""
CREATE = venv.create


class Machine:
    """A repository without an environment; `asked` is what pip was asked to install, newest last."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.created = folder, 0
        (folder / "pyproject.toml").write_text("[project]\n")
        (folder / "requirements.lock").write_text("numpy==2.4.6\ntorch==2.13.0\n")

    @property
    def stamp(self) -> Path:
        return self.folder / ".venv" / "installed.sha256"

    @property
    def packages(self) -> Path:
        scheme = {"base": str(self.folder / ".venv"), "platbase": str(self.folder / ".venv")}
        return Path(sysconfig.get_path("purelib", "venv", scheme))

    @property
    def asked(self) -> list[list[str]]:
        file = self.packages / "pip" / "asked.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def create(self, folder: Path, **options: bool) -> None:
        assert options["with_pip"] and options["clear"]
        self.created += 1
        CREATE(folder, **options | {"with_pip": False})
        (self.packages / "pip").mkdir()
        (self.packages / "pip" / "__init__.py").touch()
        (self.packages / "pip" / "__main__.py").write_text(PIP)

    def has_torch(self, version: str) -> None:
        (self.packages / f"torch-{version}.dist-info").mkdir()
        (self.packages / f"torch-{version}.dist-info" / "METADATA").write_text(f"Name: torch\nVersion: {version}\n")


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(paths, "REPO", tmp_path)
    monkeypatch.setattr(paths, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(install, "wants_cpu_torch", lambda platform, nvidia: False)
    monkeypatch.setattr(venv, "create", machine.create)
    return machine


def test_a_fresh_machine_gets_an_environment_the_lock_and_the_library(machine):
    assert install.main() == 0 and machine.created == 1
    lock, library = machine.asked
    assert lock[:1] == ["install"] and lock[-2:] == ["-r", str(paths.LOCK)]
    assert library[-3:] == ["--no-deps", "-e", str(machine.folder)]
    assert machine.stamp.read_text() == install._fingerprint()


def test_a_second_call_does_nothing(machine, capfd):
    install.main()
    capfd.readouterr()
    assert install.main() == 0
    assert len(machine.asked) == 2 and machine.created == 1 and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_is_installed_again_into_the_same_environment(machine, file):
    install.main()
    with (machine.folder / file).open("a") as stream:
        stream.write("# changed\n")
    assert install.main() == 0
    assert len(machine.asked) == 4 and machine.created == 1


def test_a_moved_repository_is_installed_again(machine, monkeypatch):
    before = install._fingerprint()
    monkeypatch.setattr(paths, "REPO", shutil.copytree(machine.folder, machine.folder.parent / "moved"))
    assert install._fingerprint() != before


@pytest.mark.parametrize("failing, done", [("-r", 1), ("-e", 2)])
def test_an_installation_that_stops_has_no_stamp_and_is_completed_by_the_next_call(
    machine, monkeypatch, capfd, failing, done
):
    monkeypatch.setenv("PIP_FAILS_AT", failing)
    assert install.main() == 7 and len(machine.asked) == done
    assert "check the network" in capfd.readouterr().err and not machine.stamp.exists()
    monkeypatch.delenv("PIP_FAILS_AT")
    assert install.main() == 0 and machine.stamp.exists() and machine.created == 1


def test_a_later_installation_that_stops_does_not_leave_the_old_stamp(machine, monkeypatch):
    install.main()
    with paths.LOCK.open("a") as stream:
        stream.write("more==1\n")
    monkeypatch.setenv("PIP_FAILS_AT", "-r")
    assert install.main() == 7 and not machine.stamp.exists()


@pytest.mark.parametrize("damage", ["pip gone", "python gone", "python is no program"])
def test_half_an_environment_is_made_anew(machine, damage, capfd):
    install.main()
    (python,) = [p for p in (machine.folder / ".venv").glob("*/*") if p.name in ("python", "python.exe")]
    if damage == "pip gone":
        shutil.rmtree(machine.packages / "pip")
    else:
        python.unlink()
        if damage == "python is no program":
            python.write_text("")
    capfd.readouterr()
    assert install.main() == 0 and machine.created == 2 and len(machine.asked) == 2
    assert "Creating .venv" in capfd.readouterr().out and machine.stamp.exists()


@pytest.mark.parametrize("error", [subprocess.CalledProcessError(1, "ensurepip"), PermissionError(13, "denied")])
def test_an_environment_that_cannot_be_created_ends_in_one_sentence(machine, monkeypatch, capsys, error):
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(venv, "create", refuse)
    assert install.main() == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "could not be created" in sentence and "python3-venv" in sentence


def test_a_machine_without_gpu_takes_torch_from_the_index_of_cpu_builds_in_one_short_try(machine, monkeypatch):
    monkeypatch.setattr(install, "wants_cpu_torch", lambda platform, nvidia: True)
    assert install.main() == 0
    torch, lock, _ = machine.asked
    assert torch[-1] == "torch==2.13.0" and "--no-deps" in torch and lock[-2] == "-r"
    options = dict(pairwise(torch))
    assert options["--index-url"] == install.CPU_INDEX
    assert options["--retries"] == "0" and float(options["--timeout"]) <= 10


def test_where_the_index_of_cpu_builds_cannot_be_reached_the_installation_goes_on(machine, monkeypatch, capfd):
    monkeypatch.setattr(install, "wants_cpu_torch", lambda platform, nvidia: True)
    monkeypatch.setenv("PIP_FAILS_AT", "--index-url")
    assert install.main() == 0 and len(machine.asked) == 3 and machine.stamp.exists()


@pytest.mark.parametrize("installed, asked", [("2.13.0+cpu", 2), ("2.13.0", 2), ("2.12.0+cpu", 3)])
def test_torch_that_is_there_in_the_pinned_version_is_kept(machine, monkeypatch, installed, asked):
    monkeypatch.setattr(install, "wants_cpu_torch", lambda platform, nvidia: True)
    machine.create(machine.folder / ".venv", symlinks=os.name != "nt", with_pip=True, clear=True)
    machine.has_torch(installed)
    assert install.main() == 0 and len(machine.asked) == asked


@pytest.mark.parametrize(
    "platform, nvidia, wanted",
    [
        ("linux", None, True),
        ("linux", "/usr/bin/nvidia-smi", False),
        ("darwin", None, False),
        ("win32", None, False),
        ("win32", "C:/nvidia-smi.exe", False),
    ],
)
def test_only_linux_without_an_nvidia_gpu_wants_the_cpu_build(platform, nvidia, wanted):
    assert install.wants_cpu_torch(platform, nvidia) is wanted


def test_the_pinned_torch_is_that_of_the_lock():
    assert install.pinned_torch() in paths.LOCK.read_text(encoding="utf-8").splitlines()
    assert install.pinned_torch().startswith("torch==")


def one_sentence_about_python(stderr: str) -> None:
    (sentence,) = stderr.splitlines()
    assert "the course needs 3.11 or newer" in sentence and "PYTHON=python3.11" in sentence


def test_an_old_python_is_refused_before_anything_is_made(machine, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))
    assert install.main() == 1
    one_sentence_about_python(capsys.readouterr().err)
    assert not (machine.folder / ".venv").exists()


def old_pythons() -> list[str]:
    found = [shutil.which(f"python3.{minor}") for minor in (8, 9, 10)]
    say = "import sys; sys.exit(sys.version_info >= (3, 11))"
    return [p for p in found if p and subprocess.run([p, "-c", say], capture_output=True).returncode == 0]


@pytest.mark.skipif(not old_pythons(), reason="no Python older than 3.11 on this machine")
def test_old_pythons_come_as_far_as_that_sentence(tmp_path):
    for name in ("__init__", "install", "paths"):
        target = tmp_path / "course_lib" / f"{name}.py"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(paths.REPO / "course_lib" / target.name, target)
    for python in old_pythons():
        command = [python, "-m", "course_lib.install"]
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert answer.returncode == 1
        one_sentence_about_python(answer.stderr)
    assert not (tmp_path / ".venv").exists()

"""Makes the environment: `python -m course_lib.install`. Standard library only; a second call does nothing.

A machine without an NVIDIA GPU takes torch from PyTorch's own index of CPU builds, one try, and goes on without it
where that index cannot be reached.
"""

from __future__ import annotations  # so that an old Python comes as far as the sentence that refuses it

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from course_lib import paths

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Create .venv, install the lock and course_lib; returns the exit code."""
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        print(f"This is Python {sys.version.split()[0]}; the course needs {wanted} or newer: name one, "
              f"as in `make course PYTHON=python{wanted}`.", file=sys.stderr)  # fmt: skip
        return 1
    folder = paths.REPO / ".venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "installed.sha256"
    if stamp.exists() and stamp.read_text() == _fingerprint() and _runs(python):
        return 0
    stamp.unlink(missing_ok=True)
    if not _runs(python):
        print("Creating .venv", flush=True)
        try:
            venv.create(folder, symlinks=os.name != "nt", with_pip=True, clear=True)  # as `python -m venv` does
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{folder} could not be created ({error}): install Python's venv module (python3-venv on Debian), "
                  "make the folder writable, and call again.", file=sys.stderr)  # fmt: skip
            return 1
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    if wants_cpu_torch(sys.platform, shutil.which("nvidia-smi")) and not _has_torch(python):
        print("Installing torch for the CPU", flush=True)
        one_try = ["--no-deps", "--retries", "0", "--timeout", "10", "--index-url", CPU_INDEX]
        subprocess.run([*pip, "--quiet", *one_try, pinned_torch()], stderr=subprocess.DEVNULL, check=False)
    print("Installing requirements.lock (some minutes the first time)", flush=True)
    for arguments in (["-r", str(paths.LOCK)], ["--no-deps", "-e", str(paths.REPO)]):
        if code := subprocess.run([*pip, "--quiet", *arguments], check=False).returncode:
            print("The installation stopped: check the network and pip's message above, and call again.",
                  file=sys.stderr)  # fmt: skip
            return code
    stamp.write_text(_fingerprint())
    return 0


def wants_cpu_torch(platform: str, nvidia: str | None) -> bool:
    """Only on Linux does the package index' torch bring CUDA along; only a machine with a GPU has a use for it."""
    return platform == "linux" and nvidia is None


def pinned_torch() -> str:
    return re.search(r"^torch==\S+", paths.LOCK.read_text(encoding="utf-8"), re.M)[0]


def _fingerprint() -> str:
    content = paths.LOCK.read_bytes() + (paths.REPO / "pyproject.toml").read_bytes() + str(paths.REPO).encode()
    return hashlib.sha256(content).hexdigest()


def _runs(python: Path, code: str = "import pip") -> bool:
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:  # not there, or not a program
        return False


def _has_torch(python: Path) -> bool:
    pinned = pinned_torch().partition("==")[2]
    return _runs(python, f"from importlib.metadata import version as v; exit(v('torch').split('+')[0] != '{pinned}')")


if __name__ == "__main__":
    sys.exit(main())

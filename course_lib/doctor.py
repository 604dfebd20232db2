"""Whether this machine can run the course, and what to do if not: `course doctor`, or `python -m course_lib.doctor`.

Standard library only, so that it runs before anything is installed.
"""

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_lib import encoders, paths
from course_lib.artifacts import SCIKIT_IMAGE, SCIKIT_LEARN, SCIPY, STATSMODELS, Artifact
from course_lib.errors import CourseError

MEMORY_GB, DISK_GB = 7, 8
HUB = "huggingface.co"


@dataclass(frozen=True)
class Check:
    """One line of the report; the remedy is shown where it is not ok."""

    ok: bool
    what: str
    remedy: str = ""


def main() -> int:
    """Print every check; returns 1 if one failed."""
    failed = False
    for check in checks():
        print(f"{'[OK]  ' if check.ok else '[FAIL]'} {check.what}")
        if not check.ok:
            failed = True
            print(f"       {check.remedy}")
    return int(failed)


def checks() -> Iterator[Check]:
    yield python()
    yield memory()
    yield disk(paths.cache())
    yield packages(paths.LOCK.read_text(encoding="utf-8"))
    yield kernel()
    for name in ("minilm", "mpnet"):
        yield encoder(name)
    yield archives("corpus", [SCIKIT_LEARN], "Notebook 08 downloads it; `course run 08` does so now.")
    yield archives("manuals", [SCIKIT_IMAGE, SCIPY, STATSMODELS], "Notebook 11 downloads them.")
    yield hub()


def python() -> Check:
    shown = "Python " + sys.version.split()[0]
    return Check(sys.version_info >= (3, 11), shown, "Install Python 3.11 or newer and make the environment with it.")


def memory() -> Check:
    try:
        gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):  # Windows
        return Check(True, f"memory: not measured on this system; the course wants {MEMORY_GB} GB")
    remedy = f"The course wants {MEMORY_GB} GB: close other programs, or run it in the smoke profile."
    return Check(gigabytes >= MEMORY_GB, f"memory: {gigabytes:.0f} GB", remedy)


def disk(folder: Path) -> Check:
    remedy = f"Name a folder that you may write, with {DISK_GB} GB free, in COURSE_CACHE."
    there = next((p for p in (folder, *folder.parents) if os.path.exists(p)), None)  # Path.exists may raise
    if there is None:
        return Check(False, f"cache: {folder}, on a drive that is not there", remedy)
    gigabytes = shutil.disk_usage(there).free / 1e9
    writable = there.is_dir() and os.access(there, os.W_OK)
    what = f"cache: {folder}, {gigabytes:.0f} GB free" + ("" if writable else ", not writable")
    return Check(writable and gigabytes >= DISK_GB, what, remedy)


def packages(lock: str) -> Check:
    """Installed versions against the lock; what it pins for some systems or Pythons alone may be missing."""
    allowed: dict[str, list[str]] = {}
    for name, pinned, marker in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+) *(;?)", lock, re.M):
        allowed.setdefault(name, ["missing"] if marker else []).append(pinned)
    wrong = []
    for name, versions in allowed.items():
        try:
            installed = version(name).split("+")[0]
        except PackageNotFoundError:
            installed = "missing"
        if installed not in versions:
            wrong.append(f"{name} {installed} (lock: {versions[-1]})")
    shown = "packages: as in requirements.lock"
    if wrong:
        shown = f"packages: {len(wrong)} differ from requirements.lock: {', '.join(wrong[:3])}"
    return Check(not wrong, shown, "Run `python -m course_lib.install`, and this with the Python in .venv.")


def kernel() -> Check:
    spec = Path(sys.prefix, "share", "jupyter", "kernels", "python3", "kernel.json")
    return Check(
        spec.is_file(),
        f"kernel python3: {spec if spec.is_file() else 'missing'}",
        "Run `python -m course_lib.install`, and this with the Python in .venv.",
    )


def encoder(name: str) -> Check:
    try:
        where = encoders.status(name)
    except CourseError as error:
        return Check(False, f"encoder {name}: {error}", "Correct COURSE_MODELS or unset it.")
    return Check(
        where is not None,
        f"encoder {name}: {where or 'not here yet'}",
        "The first notebook downloads it; `course run 00` does so now.",
    )


def archives(name: str, needed: Sequence[Artifact], remedy: str) -> Check:
    there = all((paths.cache() / "downloads" / artifact.filename).is_file() for artifact in needed)
    listed = ", ".join(f"{artifact.name} {artifact.version}" for artifact in needed)
    return Check(there, f"{name}: {listed} {'in the cache' if there else 'not here yet'}", remedy)


def hub() -> Check:
    """Reachable or not, both are fine: without the hub the package index serves."""
    try:
        socket.create_connection((HUB, 443), timeout=3).close()
    except OSError as error:
        return Check(True, f"hub: not reachable ({error}); encoders come from the package index instead")
    return Check(True, f"hub: {HUB} is reachable")


if __name__ == "__main__":
    sys.exit(main())

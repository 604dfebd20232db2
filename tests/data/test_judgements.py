"""What readers judged exists, was drawn as it says, and a bad row is refused."""

from collections import Counter
from pathlib import Path

import pytest

from course_lib.data import judgements
from course_lib.data.passages import Passage
from course_lib.data.terms import Term
from course_lib.data.triplets import StrongPair
from course_lib.errors import CourseError

ROW = '{"kind": "mention", "passage": "a#000", "term": "loss", "judgement": "about"}\n'


@pytest.mark.parametrize("path", [judgements.TRAINING, judgements.MENTIONS], ids=lambda path: path.name)
def test_every_judged_passage_and_term_exists(path: Path, corpus: list[Passage], by_name: dict[str, Term]) -> None:
    known = {p.id for p in corpus}
    rows = judgements.load(path)
    assert rows and all(row.passage in known and row.term in by_name for row in rows)


def test_mentions_were_drawn_25_a_group_of_strength(strong: list[StrongPair]) -> None:
    strength = {(p.passage.id, p.term.name): p.strength for p in strong}
    rows = judgements.load(judgements.MENTIONS)
    assert Counter(min(3, strength.get((row.passage, row.term), 1)) for row in rows) == {1: 25, 2: 25, 3: 25}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ROW + ROW, r":2: 'loss' in a#000 is judged twice; keep one line\.$"),
        (ROW + "{\n", r":2: not JSON \(.+\); mend the line\.$"),
        (ROW.replace("about", "perhaps"), r":1: judgement: Input should be 'about', 'mentions'"),
        (ROW.replace("term", "word"), r":1: term: Field required"),
        ("[]\n", r":1: .*dictionary"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CourseError, match=rf"judged\.jsonl{message}"):
        judgements.load(file)


def test_blank_lines_and_crlf_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_bytes(b"\r\n" + ROW.encode().replace(b"\n", b"\r\n"))
    assert [row.term for row in judgements.load(file)] == ["loss"]

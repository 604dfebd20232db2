"""What `course_lib.data.passages` promises: the same bytes everywhere, lengths in bounds, nothing reserved."""

from collections import Counter
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from course_lib import artifacts
from course_lib.data import passages
from course_lib.data.passages import Document, Passage
from course_lib.data.rst import Block
from course_lib.errors import CourseError

WORDS = "loss row model data fit score".split()


@pytest.fixture(scope="module")
def counter() -> Tokenizer:
    return passages.tokenizer()


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return passages.read_documents(artifacts.fetch(artifacts.SCIKIT_LEARN))


def text(length: int, opening: str = "the") -> str:
    """A sentence of this many tokens, the two special ones left out."""
    return " ".join([opening, *(WORDS[i % len(WORDS)] for i in range(length - 2))]) + "."


def document(*blocks: Block | str, name: str = "page.rst") -> Document:
    return Document(name, tuple(Block(0, b) if isinstance(b, str) else b for b in blocks))


def test_the_archive_gives_the_recorded_bytes(documents: list[Document], counter: Tokenizer) -> None:
    built = passages.cut(documents, counter)
    assert passages.sha256(passages.to_jsonl(built).encode()) == passages.SHA256


def test_what_is_kept_in_the_cache_is_what_was_built(corpus: list[Passage]) -> None:
    assert passages.sha256(passages.to_jsonl(corpus).encode()) == passages.SHA256
    assert [passages.from_json(line) for line in passages.to_jsonl(corpus).splitlines()] == corpus


def test_every_passage_has_60_to_304_tokens(corpus: list[Passage], counter: Tokenizer) -> None:
    lengths = [len(e.ids) for e in counter.encode_batch([p.text for p in corpus])]
    assert min(lengths) >= 60 and max(lengths) <= 304
    assert (passages.MIN_TOKENS, passages.MAX_TOKENS) == (60, 304)


def test_nothing_of_the_reserved_glossary_is_read(corpus: list[Passage], documents: list[Document]) -> None:
    assert not [name for name in {*(p.document for p in corpus), *(d.name for d in documents)} if "glossary" in name]
    assert passages._wanted("doc/glossary.rst") is None


def test_ids_are_unique_and_number_the_passages_of_a_document(corpus: list[Passage]) -> None:
    assert len({p.id for p in corpus}) == len(corpus)
    for name in {p.document for p in corpus}:
        ids = [p.id for p in corpus if p.document == name]
        assert ids == [f"{name}#{number:03d}" for number in range(len(ids))]


def test_no_paragraph_stands_in_three_documents_or_more(corpus: list[Passage]) -> None:
    seen = Counter(line for d in {p.document for p in corpus} for line in lines_of(corpus, d))
    assert not [line for line, count in seen.items() if count >= passages.REPEATED and len(line.split()) > 8]


def lines_of(corpus: list[Passage], name: str) -> set[str]:
    return {line for p in corpus if p.document == name for line in p.text.split("\n")}


def test_no_text_is_in_the_corpus_twice(corpus: list[Passage]) -> None:
    assert len({p.text for p in corpus}) == len(corpus)


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("doc/modules/svm.rst", "modules/svm.rst"),
        ("doc/common_pitfalls.rst", "common_pitfalls.rst"),
        ("examples/svm/plot_iris.py", "examples/svm/plot_iris.py"),
        ("doc/install.rst", None),
        ("doc/whats_new/v1.9.rst", None),
        ("doc/modules/svm.txt", None),
        ("examples/svm/helper.py", None),
        ("examples/release_highlights/plot_release_highlights_1_9_0.py", None),
        ("sklearn/svm/plot_x.py", None),
    ],
)
def test_guide_and_gallery_are_prose_and_the_rest_is_not(member: str, name: str | None) -> None:
    assert passages._wanted(member) == name


def test_a_passage_is_filled_before_the_next_one_opens(counter: Tokenizer) -> None:
    page = document(*(text(100, opening) for opening in ("one", "two", "three", "four")))
    cut = passages.cut([page], counter)
    assert [p.text.count("\n") for p in cut] == [2, 0]
    assert len(counter.encode(cut[0].text).ids) == 302
    assert [p.id for p in cut] == ["page.rst#000", "page.rst#001"]


@pytest.mark.parametrize(("length", "kept"), [(57, 0), (58, 1), (302, 1), (303, 0)])
def test_the_bounds_belong_to_the_range(counter: Tokenizer, length: int, kept: int) -> None:
    assert len(counter.encode(text(length)).ids) == length + 2
    assert len(passages.cut([document(text(length))], counter)) == kept


def test_a_heading_opens_the_next_passage_and_never_ends_one(counter: Tokenizer) -> None:
    page = document(Block(1, "Top"), text(250), Block(2, "Below"), text(150), text(200, "then"), Block(2, "Last"))
    first, second, third = passages.cut([page], counter)
    assert first.headings == ("Top",) and "Below" not in first.text
    assert second.text.startswith("Below\n") and second.headings == ("Below",)
    assert third.headings == ("Below",) and "Last" not in third.text  # the heading that it stands under


def test_headings_without_room_beside_their_paragraph_stand_above_the_passage(counter: Tokenizer) -> None:
    heading = text(10)
    for headings in ([heading], [text(100, "a"), text(100, "b"), heading]):
        [found] = passages.cut([document(*(Block(1, own) for own in headings), text(302))], counter)
        assert len(counter.encode(found.text).ids) <= passages.MAX_TOKENS and found.headings == (heading,)


def test_a_long_paragraph_falls_into_sentences_and_a_data_dump_is_dropped(counter: Tokenizer) -> None:
    long = " ".join(text(100, opening) for opening in ("One", "Two", "Three", "Four"))
    assert [len(counter.encode(p.text).ids) for p in passages.cut([document(long)], counter)] == [302, 102]
    assert not passages.cut([document(text(900))], counter)


def test_boilerplate_of_three_documents_is_dropped_and_of_two_is_not(counter: Tokenizer) -> None:
    pages = [document(text(80, "same"), text(80, own), name=own) for own in ("a", "b", "c")]
    assert all("same" not in p.text for p in passages.cut(pages, counter))
    assert all("same" in p.text for p in passages.cut(pages[:2], counter))


def test_passages_never_reach_across_documents(counter: Tokenizer) -> None:
    pages = [document(text(70, own), name=own) for own in ("a", "b")]
    assert [p.document for p in passages.cut(pages, counter)] == ["a", "b"]
    assert passages.cut([], counter) == passages.cut([document()], counter) == []


def test_a_gallery_example_gives_its_docstring_and_its_comment_blocks() -> None:
    code = (
        '"""\nTitle\n=====\nSays it.\n"""\n# a plain comment\nx = 1\n# %%\n# A block\n# of two lines.\ny = 2\n'
        + "#" * 79
    )
    source = passages.gallery_to_rst(code + "\n# An older block.\nz = 3\n")
    assert "Says it." in source and "A block\nof two lines." in source and "An older block." in source
    assert "x = 1" not in source and "y = 2" not in source and "plain comment" not in source


def test_a_damaged_cache_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: list[Passage]) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(passages, "read_documents", lambda archive: [])
    monkeypatch.setattr(passages, "cut", lambda documents, counter: corpus)
    monkeypatch.setattr(artifacts, "fetch", lambda artifact: tmp_path / "archive")
    monkeypatch.setattr(passages, "tokenizer", lambda: None)
    kept = tmp_path / "corpus" / f"passages-{passages.SHA256[:12]}.jsonl"
    kept.parent.mkdir()
    kept.write_text("{half a line", encoding="utf-8")
    assert passages.load() == corpus
    assert passages.sha256(kept.read_bytes()) == passages.SHA256


def test_other_passages_than_the_recorded_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "read_documents", lambda archive: [])
    monkeypatch.setattr(artifacts, "fetch", lambda artifact: tmp_path / "archive")
    monkeypatch.setattr(passages, "tokenizer", lambda: None)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    with pytest.raises(CourseError, match=rf"SHA-256 \w{{12}}, not {passages.SHA256[:12]} as recorded.*requirements"):
        passages.load()
    assert not (tmp_path / "corpus").exists()

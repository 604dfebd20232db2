"""A learner's own folder: what is read of each format, and `course build-triplets` from the files to the parquet."""

import sys
from pathlib import Path

import pytest

from course_lib import cli
from course_lib.data import documents, passages, tables, terms
from course_lib.data.rst import Block
from course_lib.errors import CourseError

PROSE = (
    "The reef is built by coral polyps, which live together with algae. When the water gets too warm, coral bleaching "
    "sets in: the polyps expel their algae and turn white. Bleaching does not kill at once, but a coral that stays "
    "without algae for weeks will starve. Reefs recover slowly, over ten years or more, when the next heat wave lets "
    "them. {}"
)
MARKDOWN = f"""---
title: Reefs
tags: [sea]
---

# Coral *bleaching*

{PROSE.format("Divers count colonies on *transects*.")}

It goes on. In code:

```python
code = "coral coral coral"
```

    indented = "coral"

* Heat is the **most** frequent cause;
  fresh water is another.
* Cold

| table | cell |
|---|---|
| coral | coral |

This is
$$
a = b
$$

Setext heading
--------------

Text with `code`, a [link](https://example.org) and an image ![of a reef](reef.png).

## References

Darwin, The structure and distribution of coral reefs.

# After it

The end.
"""
HTML = f"""<!doctype html><html><head><title>No</title><style>p {{ color: red }}</style></head><body>
<nav><ul><li>Home</li></ul></nav><main><!-- no comment --><h1>Coral bleaching</h1><p>{PROSE.format("One&nbsp;two.")}</p>
<p>As follows:</p> <pre>coral coral</pre><div>Loose <em>k</em>-means text<p>A paragraph</p><ul><li>first</li>
<li>second<br>line</li></ul></div>
<script>coral()</script><table><tr><td>coral</td></tr></table></main><footer>Imprint</footer></body></html>"""
RST = f"""
.. _bleaching:

Coral bleaching
===============

{PROSE.format("See the map.")} Read :ref:`bleaching` and `more <https://example.org>`_.

.. code-block:: python

   coral = "coral"

.. an-unknown-directive:: coral
"""
TEXT = f"""{PROSE.format("Sea grass stands")}
beside the reef.

Sea grass and sea grass again.
"""
TERMS = """
biology:
- term: coral bleaching
  aliases: [bleaching]
- term: coral
- term: algae
- term: mangrove
- term: sponge
plants:
- term: sea grass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reefs in every format, in folders, beside files that are none of the learner's documents."""
    files = {"reef.md": MARKDOWN, "web/reef.html": HTML, "old/reef.rst": RST, "notes.TXT": TEXT}
    others = {"reef.csv": "coral,coral", ".hidden.md": MARKDOWN, ".git/description.txt": TEXT, "empty.md": ""}
    for name, content in (files | others).items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(content, encoding="utf-8")
    return tmp_path / "mine"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "terms.yaml").write_text(TERMS, encoding="utf-8")
    return tmp_path / "terms.yaml"


def blocks(folder: Path, name: str) -> list[Block]:
    return next(list(d.blocks) for d in documents.read(folder) if d.name == name)


def test_documents_are_the_files_of_known_formats_in_order_of_name_and_no_hidden_ones(folder):
    names = ["empty.md", "notes.TXT", "old/reef.rst", "reef.md", "web/reef.html"]
    assert [d.name for d in documents.read(folder)] == names


def test_markdown_gives_headings_paragraphs_and_list_items_without_code_tables_and_references(folder):
    assert blocks(folder, "reef.md") == [
        Block(1, "Coral bleaching"),
        Block(0, PROSE.format("Divers count colonies on transects.")),
        Block(0, "It goes on."),
        Block(0, "Heat is the most frequent cause; fresh water is another."),
        Block(0, "Cold"),
        Block(2, "Setext heading"),
        Block(0, "Text with code, a link and an image ."),
        Block(1, "After it"),
        Block(0, "The end."),
    ]


def test_html_gives_the_same_without_scripts_and_page_furniture_minified_or_not(folder):
    expected = [
        Block(1, "Coral bleaching"),
        Block(0, PROSE.format("One two.")),
        Block(0, "Loose k-means text"),
        Block(0, "A paragraph"),
        Block(0, "first"),
        Block(0, "second line"),
    ]
    assert blocks(folder, "web/reef.html") == expected
    (folder / "web" / "reef.html").write_text(HTML.replace("\n", ""), encoding="utf-8")
    assert blocks(folder, "web/reef.html") == expected


def test_html_without_main_or_body_is_read_as_well(tmp_path):
    source = "<center><h2>Reefs</h2></center>Loose text<li>one<p>two</p><p>three</p>"
    (tmp_path / "a.htm").write_text(source, encoding="utf-8")
    assert blocks(tmp_path, "a.htm") == [Block(2, "Reefs"), Block(0, "Loose text"), Block(0, "one two three")]


def test_restructuredtext_is_read_as_the_corpus_of_the_course_is(folder):
    text = PROSE.format("See the map.") + " Read Coral bleaching and more."
    assert blocks(folder, "old/reef.rst") == [Block(1, "Coral bleaching"), Block(0, text)]


def test_plain_text_gives_what_blank_lines_divide(folder):
    first = PROSE.format("Sea grass stands") + " beside the reef."
    assert blocks(folder, "notes.TXT") == [Block(0, first), Block(0, "Sea grass and sea grass again.")]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(folder):
    plain = documents.read(folder)
    for file in folder.rglob("*.*"):
        if file.is_file():
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert documents.read(folder) == plain


def test_dashes_and_dollars_that_are_neither_front_matter_nor_formula_take_nothing_away(tmp_path):
    (tmp_path / "a.md").write_text("---\n\nFirst.\n\n---\n\n$$ is a price.\n\nLast $$\n", encoding="utf-8")
    assert [b.text for b in blocks(tmp_path, "a.md")] == ["First.", "$$ is a price.", "Last $$"]


def test_what_is_built_keeps_the_rules_of_the_course(folder, inventory):
    built = documents.build(folder, inventory)
    known = terms.load(inventory)
    counter, matcher = passages.tokenizer(), terms.Matcher(known)
    assert all(60 <= len(counter.encode(p.text).ids) <= 304 for p in built.passages) and len(built.passages) == 4
    assert built.occurring == {"coral bleaching", "coral", "algae", "sea grass"}
    assert len(built.triplets) == 2 * len(built.pairs) > 0
    text = {p.id: p for p in built.passages}
    for pair in built.pairs:
        mentions = len(matcher.by_term(pair.passage.text)[pair.term.name])
        assert mentions >= 2 or any(pair.term.name in matcher.by_term(h) for h in pair.passage.headings)
    for triplet in built.triplets:
        assert triplet.anchor == text[triplet.passage].text
        assert triplet.negative not in matcher.by_term(triplet.anchor) and triplet.positive != triplet.negative
    assert documents.build(folder, inventory) == built


def course(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["course", "build-triplets", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code or 0


def test_the_command_writes_one_parquet_file_and_prints_what_it_counted(folder, inventory, monkeypatch, capsys):
    output = folder.parent / "new" / "triplets.parquet"
    assert course(monkeypatch, folder, "--terms", inventory, "--output", output) == 0
    built, written = documents.build(folder, inventory), tables.load(output)
    assert written.column_names == ["sentence_0", "sentence_1", "sentence_2"]
    assert written["sentence_1"][:] == [t.positive for t in built.triplets]
    printed = {line[:12].strip(): int(line[12:24]) for line in capsys.readouterr().out.splitlines()}
    assert printed == {
        "documents": 5,
        "passages": 4,
        "terms": 4,
        "strong pairs": len(built.pairs),
        "triplets": len(built.triplets),
    }
    bytes_then = output.read_bytes()
    assert course(monkeypatch, folder, "--terms", inventory, "--output", output) == 0
    assert output.read_bytes() == bytes_then


def spoil(kind: str, folder: Path, inventory: Path) -> str:
    """Make one thing wrong; the sentence that is due."""
    readable = [file for file in folder.rglob("*.*") if file.is_file() and file.suffix != ".csv"]
    if kind == "a folder that does not exist":
        folder.rename(folder.with_name("elsewhere"))
        return f"{folder} is no folder; name the one that holds your documents."
    if kind == "an empty folder":
        for file in folder.rglob("*.*"):
            if file.is_file():
                file.unlink()
        return f"{folder}: holds no file that ends in .md, .rst, .txt, .html, .htm; put your documents there."
    if kind == "no file of a known format":
        for file in readable:
            file.unlink()
        return f"{folder}: holds no file that ends in .md, .rst, .txt, .html, .htm; put your documents there."
    if kind == "documents that are too short":
        for file in readable:
            file.write_text("Coral and coral.", encoding="utf-8")
        return f"{folder}: no passage of 60 to 304 tokens in 5 documents; add longer texts."
    if kind == "a file that is not UTF-8":
        (folder / "notes.TXT").write_bytes("Riff\n\nKorallen bleichen für Jahre aus\n".encode("latin-1"))
        return f"{folder / 'notes.TXT'}:3: not UTF-8 at byte 25; save the file as UTF-8."
    if kind == "a wrong row in the inventory":
        inventory.write_text(TERMS.replace("- term: algae", "- name: algae"), encoding="utf-8")
        return f"{inventory}:6: term: Field required"
    if kind == "no such inventory":
        inventory.unlink()
        return f"{inventory}: cannot be read (No such file or directory); check the path."
    if kind == "no strong pair":
        inventory.write_text("cars:\n- term: gear box\n- term: clutch\n", encoding="utf-8")
        return f"{inventory}: none of its 2 terms stands twice, or once and in a heading, in a passage of {folder};"
    inventory.write_text("biology:\n- term: coral\n", encoding="utf-8")
    return "No term is left as a negative for 'coral' and passage notes.TXT#000"


@pytest.mark.parametrize(
    "kind",
    [
        "a folder that does not exist",
        "an empty folder",
        "no file of a known format",
        "documents that are too short",
        "a file that is not UTF-8",
        "a wrong row in the inventory",
        "no such inventory",
        "no strong pair",
        "no term left to be a negative",
    ],
)
def test_bad_input_ends_in_one_sentence_and_exit_code_1_and_nothing_is_written(
    folder, inventory, monkeypatch, capsys, kind
):
    sentence = spoil(kind, folder, inventory)
    output = folder.parent / "new" / "triplets.parquet"
    assert course(monkeypatch, folder, "--terms", inventory, "--output", output) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"course: {sentence}") and captured.err.count("\n") == 1
    assert captured.out == "" and not output.parent.exists()


def test_an_output_that_cannot_be_written_is_named(folder, inventory, monkeypatch, capsys):
    assert course(monkeypatch, folder, "--terms", inventory, "--output", inventory / "triplets.parquet") == 1
    assert f"{inventory / 'triplets.parquet'} cannot be written" in capsys.readouterr().err
    assert inventory.read_text("utf-8") == TERMS


def test_the_reader_raises_what_the_command_prints(tmp_path):
    with pytest.raises(CourseError, match="holds no file"):
        documents.read(tmp_path)

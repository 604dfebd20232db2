"""A learner's own folder: Markdown, reStructuredText, HTML and plain text, and triplets of them by the course's rules.

Kept is prose, as in the course's own corpus: headings, paragraphs, list items. Left out are code, tables, formulas set
apart, figures, page furniture and sections of references.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt

from course_lib.data import passages, rst, terms, triplets
from course_lib.data.passages import Document, Passage
from course_lib.data.rst import Block
from course_lib.data.text import read_text
from course_lib.data.triplets import StrongPair, Triplet
from course_lib.errors import CourseError

HEADINGS = "h1 h2 h3 h4 h5 h6".split()
PARAGRAPHS = "p li dt dd caption figcaption summary".split()
BOXES = "article blockquote body details div dl footer header html main ol section ul".split()
DROPPED = ("aside audio button figure form head nav noscript script select style svg template textarea video").split()
EMPTIED = "math pre table".split()  # what a sentence may announce
FRONT_MATTER = re.compile(r"\A---\n(?=[\w-]+:).*?^(?:---|\.\.\.)$", re.S | re.M)
DISPLAY_FORMULA = re.compile(r"^\$\$(?:(?!\n\s*\n).)*?\$\$[ \t]*$", re.S | re.M)
SEED = 42


@dataclass(frozen=True)
class Built:
    """What a folder gave, step by step; `occurring` are the names of the terms that a passage mentions at all."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    occurring: frozenset[str]
    pairs: tuple[StrongPair, ...]
    triplets: tuple[Triplet, ...]


def build(folder: Path, inventory: Path) -> Built:
    """Documents -> passages of 60 to 304 tokens -> strong pairs -> two triplets a pair, in one call; seeded.

    Raises CourseError for a bad file of either kind (file and line named), and when a step is left with nothing.
    """
    known = terms.load(inventory)
    documents = read(folder)
    cut = passages.cut(documents, passages.tokenizer())
    if not cut:
        low, high = passages.MIN_TOKENS, passages.MAX_TOKENS
        raise CourseError(
            f"{folder}: no passage of {low} to {high} tokens in {len(documents)} documents; add longer texts."
        )
    pairs = triplets.strong_pairs(cut, known)
    if not pairs:
        raise CourseError(
            f"{inventory}: none of its {len(known)} terms stands twice, or once and in a heading, in a passage "
            f"of {folder}; add terms that these documents are about."
        )
    matcher = terms.Matcher(known)
    occurring = frozenset(mention.term for passage in cut for mention in matcher.mentions(passage.text))
    made = triplets.build(pairs, known, SEED)
    return Built(tuple(documents), tuple(cut), occurring, tuple(pairs), tuple(made))


def read(folder: Path) -> list[Document]:
    """Every file of a known format in the folder and below, in order of name; hidden files aside.

    Raises CourseError when there is none, and for a file that is not UTF-8.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder} is no folder; name the one that holds your documents.")
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    readable = {
        name: read_text(path)
        for name, path in sorted(paths.items())
        if path.suffix.lower() in READERS and path.is_file() and not re.search(r"(?:^|/)\.", name)
    }
    if not readable:
        raise CourseError(f"{folder}: holds no file that ends in {', '.join(READERS)}; put your documents there.")
    titles = {label: title for source in readable.values() for label, title in rst.labels(source).items()}
    return [
        Document(name, tuple(READERS[Path(name).suffix.lower()](source, titles))) for name, source in readable.items()
    ]


def _rst(source: str, titles: dict[str, str]) -> list[Block]:
    return rst.prose(rst.resolve_references(source, titles))


def _text(source: str, _: dict[str, str]) -> list[Block]:
    """Paragraphs are what blank lines divide; plain text has no headings."""
    return [Block(0, " ".join(part.split())) for part in re.split(r"\n\s*\n", source) if part.strip()]


def _markdown(source: str, titles: dict[str, str]) -> list[Block]:
    """CommonMark with tables, by way of the HTML that it stands for."""
    prose = DISPLAY_FORMULA.sub("<pre></pre>\n", FRONT_MATTER.sub("", source))
    return _html(MarkdownIt("commonmark").enable("table").render(prose), titles)


def _html(source: str, _: dict[str, str]) -> list[Block]:
    soup = BeautifulSoup(source, "html.parser")
    for tag in soup(DROPPED):
        tag.decompose()
    for tag in soup(EMPTIED):
        tag.clear()
    for tag in soup([*HEADINGS, *PARAGRAPHS, *BOXES, "br"]):
        tag.insert_before(" ")
        tag.insert_after(" ")  # minified pages have no space there
    blocks = _blocks(soup.find("main") or soup.body or soup)
    return list(_without_references(block for block in blocks if block.text))


READERS: dict[str, Callable[[str, dict[str, str]], list[Block]]] = {
    ".md": _markdown,
    ".rst": _rst,
    ".txt": _text,
    ".html": _html,
    ".htm": _html,
}


def _blocks(box: Tag) -> Iterator[Block]:
    """Headings and paragraphs below a tag; text that stands in no paragraph of its own is one as well."""
    loose: list[str] = []
    for child in box.children:
        if not isinstance(child, Tag):
            loose += [child] if type(child) is NavigableString else []  # not a comment or a doctype
        elif child.name in HEADINGS + PARAGRAPHS + BOXES + EMPTIED or child.find(HEADINGS + PARAGRAPHS):
            yield _block(0, "".join(loose))
            loose = []
            if child.name in HEADINGS:
                yield _block(HEADINGS.index(child.name) + 1, child.get_text())
            elif child.name in PARAGRAPHS:
                yield _block(0, _without_announcement(child))
            else:
                yield from _blocks(child)
        else:
            loose.append(child.get_text())
    yield _block(0, "".join(loose))


def _block(level: int, text: str) -> Block:
    return Block(level, " ".join(text.split()))


def _without_announcement(tag: Tag) -> str:
    """The text, less the last sentence of a paragraph that runs on into code or a formula: `It is given by`."""
    text, after = tag.get_text().strip(), tag.find_next_sibling()
    if tag.name == "p" and after is not None and after.name in EMPTIED and not text.endswith((".", "!", "?")):
        return " ".join(rst.sentences(text)[:-1])
    return text


def _without_references(blocks: Iterable[Block]) -> Iterator[Block]:
    """Without the sections that the course's own corpus leaves out, down to the next heading of their level."""
    dropped = 0
    for block in blocks:
        if block.level and (not dropped or block.level <= dropped):
            dropped = block.level if block.text.lower() in rst.DROPPED_HEADINGS else 0
        if not dropped:
            yield block

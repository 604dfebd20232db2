"""The passage corpus: scikit-learn's user guide and example gallery, cut into passages of 60 to 304 tokens.

The source is scikit-learn's own source distribution (BSD-3-Clause), read straight from the archive: nothing of it is
installed or run, and no passage is ever committed. doc/glossary.rst is reserved: it belongs to no corpus of the course.
"""

import ast
import hashlib
import json
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tokenizers import Tokenizer

from course_lib import artifacts, encoders, paths
from course_lib.data import rst
from course_lib.errors import CourseError
from course_lib.files import write_atomically

SHA256 = "041aa92ea680ed036082cbbe9a6f43e8079441dc31522661317c7e6b050fdf9c"
MIN_TOKENS, MAX_TOKENS = 60, 304
REPEATED = 3  # a paragraph in this many documents is boilerplate
GUIDE = {  # folders and pages of prose; the rest of doc/ is administration
    *("modules", "computing", "datasets"),
    *("common_pitfalls.rst", "getting_started.rst", "metadata_routing.rst", "model_persistence.rst"),
}


@dataclass(frozen=True)
class Document:
    """One source file as headings and paragraphs. `name` is its path in the archive: `modules/svm.rst`."""

    name: str
    blocks: tuple[rst.Block, ...]


@dataclass(frozen=True)
class Passage:
    """A run of text from one document; `headings` are those it holds, after the one that it starts under."""

    id: str
    document: str
    headings: tuple[str, ...]
    text: str


def load() -> list[Passage]:
    """The pinned corpus: from the cache, or built from the downloaded archive (some 10 seconds) and kept.

    Raises CourseError when the passages built are not the recorded ones, byte for byte.
    """
    return pinned("passages", SHA256, lambda: read_documents(artifacts.fetch(artifacts.SCIKIT_LEARN)))


def pinned(name: str, expected: str, read: Callable[[], Iterable[Document]]) -> list[Passage]:
    """The passages of the documents that `read` gives, kept in the cache as `name`; read only where they are not kept.

    Raises CourseError when the SHA-256 of those built is not the expected one.
    """
    kept = paths.cache() / "corpus" / f"{name}-{expected[:12]}.jsonl"
    if kept.exists() and sha256(content := kept.read_bytes()) == expected:
        return [from_json(line) for line in content.decode().split("\n") if line]
    passages = cut(read(), tokenizer())
    content = to_jsonl(passages).encode()
    if sha256(content) != expected:
        raise CourseError(
            f"The passages built have SHA-256 {sha256(content)[:12]}, not {expected[:12]} as recorded in "
            f"course_lib/data/{name.partition('-')[0]}.py: install the versions of requirements.lock and try again."
        )
    write_atomically(kept, content)
    return passages


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def to_jsonl(passages: Iterable[Passage]) -> str:
    return "".join(json.dumps(asdict(p), ensure_ascii=False) + "\n" for p in passages)


def from_json(line: str) -> Passage:
    row = json.loads(line)
    return Passage(**row | {"headings": tuple(row["headings"])})


def tokenizer() -> Tokenizer:
    """The MPNet tokenizer, by which passages are measured; truncation off."""
    counter = Tokenizer.from_file(str(encoders.folder("mpnet") / "tokenizer.json"))
    counter.no_truncation()
    counter.no_padding()
    return counter


def _wanted(name: str) -> str | None:
    """The name a document of the corpus goes by, or None for everything else in the archive."""
    folder, _, file = name.rpartition("/")
    if re.fullmatch(r"plot_\w+\.py", file) and folder.startswith("examples/"):
        return None if folder == "examples/release_highlights" else name
    if name.startswith("doc/") and name.endswith(".rst"):
        page = name.removeprefix("doc/")
        return page if page.partition("/")[0] in GUIDE else None
    return None


def read_documents(archive: Path, wanted: Callable[[str], str | None] = _wanted) -> list[Document]:
    """Guide pages and gallery examples of a source distribution, in order of name.

    `wanted` gives the name that a member of the archive goes by, or None for one that is no document.
    """
    sources = dict(sorted(_members(archive, wanted)))
    titles: dict[str, str] = {}
    for name, source in sources.items():
        titles |= rst.labels(source)
        titles[f"sphx_glr_auto_{name.replace('/', '_')}"] = next(rst.headings(source), name)
    return [
        Document(name, tuple(rst.prose(rst.resolve_references(source, titles)))) for name, source in sources.items()
    ]


def _members(archive: Path, wanted: Callable[[str], str | None]) -> Iterator[tuple[str, str]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and (shown := wanted(name)):
                text = tar.extractfile(member).read().decode("utf-8")
                yield shown, gallery_to_rst(text) if name.endswith(".py") else text


def gallery_to_rst(code: str) -> str:
    """The text of a sphinx-gallery example: its docstring and its comment blocks after `# %%` or a line of `#`."""
    parts = [ast.get_docstring(ast.parse(code)) or ""]
    for block in re.split(r"^(?:# ?%%|#{20,}).*$", code, flags=re.M)[1:]:
        comment = re.match(r"\s*((?:#.*\n?)+)", block)
        if comment:
            parts.append("\n".join(re.sub(r"^# ?", "", line) for line in comment[1].splitlines()))
    return "\n\n.. code-block:: python\n\n    ...\n\n".join(parts) + "\n"


def cut(documents: Iterable[Document], counter: Tokenizer) -> list[Passage]:
    """Fill passages up to MAX_TOKENS, paragraph by paragraph, within a document; drop ends below MIN_TOKENS."""
    documents = list(documents)
    seen = Counter(text for d in documents for text in {b.text for b in d.blocks if b.level == 0})
    passages = []
    for document in documents:
        texts = _filled(document, counter, {text for text, count in seen.items() if count >= REPEATED})
        for number, (headings, text) in enumerate(texts):
            passages.append(Passage(f"{document.name}#{number:03d}", document.name, headings, text))
    return passages


def _filled(document: Document, counter: Tokenizer, boilerplate: set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    def size(text: str) -> int:
        return len(counter.encode(text).ids)

    above, lines, total = "", [], 0  # the last heading before `lines`; the blocks gathered; their tokens
    for block in _pieces(document.blocks, size):
        if block.text in boilerplate:
            continue
        length = size(block.text) - 2  # without the two special tokens
        if total + length > MAX_TOKENS - 2:
            yield from _closed(above, lines, size)
            above = next((line.text for line in reversed(lines) if line.level), above)
            lines = _trailing_headings(lines)
            total = sum(size(line.text) - 2 for line in lines)
            while total + length > MAX_TOKENS - 2:  # a heading for which no room is left stands above the passage
                above, total = lines[0].text, total - size(lines[0].text) + 2
                lines = lines[1:]
        lines.append(block)
        total += length
    yield from _closed(above, lines, size)


def _trailing_headings(lines: list[rst.Block]) -> list[rst.Block]:
    kept = len(lines)
    while kept and lines[kept - 1].level:
        kept -= 1
    return lines[kept:]


def _closed(above: str, lines: list[rst.Block], size) -> Iterator[tuple[tuple[str, ...], str]]:
    """A passage ends in a paragraph, not in a heading, and is long enough."""
    lines = lines[: len(lines) - len(_trailing_headings(lines))]
    text = "\n".join(line.text for line in lines)
    if lines and size(text) >= MIN_TOKENS:
        headings = [line.text for line in lines if line.level]
        yield tuple(headings if lines[0].level else [above, *headings]), text


def _pieces(blocks: Iterable[rst.Block], size) -> Iterator[rst.Block]:
    """Paragraphs longer than a passage fall into sentences; a sentence longer than that is dropped (a data dump)."""
    for block in blocks:
        if size(block.text) <= MAX_TOKENS:
            yield block
        else:
            yield from (rst.Block(0, s) for s in rst.sentences(block.text) if size(s) <= MAX_TOKENS)

"""Two checks on texts of a shape that nothing is trained on: what a gain in its own task may have cost a model.

Transfer: the titles of sections of held-out documents, the same domain in another shape; and of the manuals of other
libraries, neighbouring domains. Forgetting: topics of Python's own manual, another domain altogether, which every
Python carries in `pydoc_data`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pydoc_data import topics

from course_lib.data import rst
from course_lib.data.passages import Passage
from course_lib.data.qa import shared_grams
from course_lib.data.splits import SHINGLE_LIMIT, SHINGLE_WORDS, Heldout, Split
from course_lib.data.text import shingles
from course_lib.evaluation.tasks import RetrievalTask, spread
from course_lib.profiles import Profile

MIN_WORDS, MAX_WORDS = 20, 250  # a shorter text is no document; of a longer one the first words are kept
QUERY_WORDS = 60  # a longer sentence might not fit into an encoder of 128 tokens
DEV_EVERY = 3  # every third topic is asked about on dev, the others on test
VERSION_NOTE = re.compile(r"(?:New|Added|Changed|Deprecated)\b.* version")


@dataclass(frozen=True)
class Section:
    """The paragraphs between one heading of a document and the next; the title is not part of the text."""

    id: str
    document: str
    title: str
    text: str


def title_to_section(passages: Sequence[Passage], heldout: Heldout, split: Split, profile: Profile) -> RetrievalTask:
    """Each title of a section against the sections of held-out documents, shown without any title.

    A title that stands in several documents of the whole corpus (Conclusion) asks for no section in particular and is
    no query; of one that a document uses again, all sections are right. Sections of one document are one group.
    """
    return _title_task("title -> section", passages, heldout.passages(passages, split), split, profile)


def title_to_section_of_manuals(manuals: Sequence[Passage], split: Split, profile: Profile) -> RetrievalTask:
    """The same of the manuals of other libraries that `data.manuals` gives for the split; no recipe has seen any."""
    return _title_task("title -> section (other manuals)", manuals, manuals, split, profile)


def _title_task(
    name: str, corpus: Sequence[Passage], shown: Sequence[Passage], split: Split, profile: Profile
) -> RetrievalTask:
    documents = defaultdict(set)
    for passage in corpus:
        for heading in passage.headings:
            documents[heading.casefold()].add(passage.document)
    ids: dict[str, str] = {}  # text -> the first section of that text
    right = defaultdict(list)
    for section in sections(spread(shown, profile.passages)):
        ids.setdefault(section.text, section.id)
        if len(documents[section.title.casefold()]) == 1:
            right[f"{section.document}/{section.title}"].append(section)
    return RetrievalTask(
        name,
        queries={query: own[0].title for query, own in right.items()},
        corpus={key: text for text, key in ids.items()},
        qrels={query: frozenset(ids[section.text] for section in own) for query, own in right.items()},
        groups={query: own[0].document for query, own in right.items()},
        split=split,
    )


def sections(passages: Iterable[Passage]) -> Iterator[Section]:
    """The sections of documents, put together again from the passages that these were cut into, in reading order."""
    found: list[tuple[str, str, list[str]]] = []  # document, title, words
    for passage in passages:
        lines = passage.text.split("\n")
        above, *coming = passage.headings
        if lines[0] == above:
            coming = [above, *coming]
        elif not found or found[-1][:2] != (passage.document, above):
            found.append((passage.document, above, []))
        for line in lines:
            if coming and line == coming[0]:
                found.append((passage.document, coming.pop(0), []))
            else:
                found[-1][2].extend(line.split())
    for number, (document, title, words) in enumerate(found):
        if title and len(words) >= MIN_WORDS:
            yield Section(f"{document}/section {number}", document, title, " ".join(words[:MAX_WORDS]))


def first_sentence_to_topic(split: Split, profile: Profile, manual: Mapping[str, str] = topics.topics) -> RetrievalTask:
    """The first sentence of each topic of Python's manual against the rest of all topics; a topic is a group.

    Titles would be too easy a query: they come back in the text. The manual is that of the Python that runs this: with
    another version the texts, the fingerprint and the scores are others, so a result states the version.
    """
    found = dict(list(_topics(manual).items())[: profile.passages])
    asked = [name for place, name in enumerate(found) if (place % DEV_EVERY == 0) == (split == "dev")]
    return RetrievalTask(
        "first sentence -> Python topic",
        queries={name: found[name][0] for name in asked},
        corpus={name: rest for name, (_, rest) in found.items()},
        qrels={name: frozenset([name]) for name in asked},
        groups={name: name for name in asked},
        split=split,
    )


def _topics(manual: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Name -> first sentence and up to MAX_WORDS words of the rest, in order of name.

    A topic that shares text with a shorter one (the page of compound statements holds that of `if`) is left out.
    """
    kept: dict[str, tuple[str, str]] = {}
    known: list[set] = []
    for name in sorted(manual, key=lambda name: (len(manual[name]), name)):
        first, *others = rst.sentences(_prose(manual[name]))
        rest = " ".join(others).split()[:MAX_WORDS]
        own = shingles(" ".join([first, *rest]), SHINGLE_WORDS)
        fits = len(rest) >= MIN_WORDS and len(first.split()) <= QUERY_WORDS
        if fits and all(shared_grams(own, other) <= SHINGLE_LIMIT for other in known):
            kept[name] = first, " ".join(rest)
            known.append(own)
    return dict(sorted(kept.items()))


def _prose(topic: str) -> str:
    """The paragraphs and list items of a topic: no title, code, grammar, signature, table or note on versions."""
    paragraphs = []
    for block in re.split(r"\n\s*\n", topic.strip()):
        text = " ".join(block.split())
        apart = block.startswith("   ") or "::=" in block or VERSION_NOTE.match(text)
        if not apart and text.endswith((".", ":", "?", "!")):
            paragraphs.append(re.sub(r'["*]', "", text).strip())
    return " ".join(paragraphs)

"""The inventory of machine-learning terms, and finding and masking them in text.

`data/terms.yaml` groups terms by category. A term has aliases (matched in any case, with hyphen or space, with or
without a plural -s, also inside CamelCase: RandomForestClassifier holds "random forest"), exact names (matched as
written: acronyms, class names) and parents (broader terms, which are never its negatives). Not found are plurals like
"batteries" or "losses", unless they are aliases, and names inside snake_case.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from course_lib import paths
from course_lib.data.text import read_text, reason
from course_lib.errors import CourseError

BLANK = "…"
BREAK = re.compile(rf"[\n{BLANK}]")
WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
CAMEL = re.compile(r"[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]+|[A-Z]+$)+")
HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


@dataclass(frozen=True)
class Term:
    """One concept of the field with every name it goes by."""

    name: str
    category: str
    aliases: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """Where a term stands in a text: characters `start` to `end`."""

    term: str
    start: int
    end: int


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    term: str = Field(min_length=2)
    aliases: list[str] = []
    exact: list[str] = []
    parents: list[str] = []


def load(path: Path = paths.DATA / "terms.yaml") -> list[Term]:
    """Read and check an inventory: `category: [{term, aliases, exact, parents}, ...]`.

    Raises CourseError naming file and line for what is not such a row, for a name that two terms claim or that could
    never match, for an unknown parent and for parents in a circle.
    """
    try:
        root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise CourseError(f"{path}:{line}: not YAML ({problem}); mend the line.") from None
    if not isinstance(content, dict) or not all(isinstance(rows, list) for rows in content.values()):
        raise CourseError(f"{path}:1: an inventory is `category:` followed by a list of `- term: ...`; write it so.")
    _check_keys(root, path)
    terms, lines = [], []
    for (category, rows), (_, nodes) in zip(content.items(), root.value, strict=True):
        for row, node in zip(rows, nodes.value, strict=True):
            lines.append(f"{path}:{node.start_mark.line + 1}")
            try:
                checked = _Row.model_validate(row)
            except ValidationError as error:
                raise CourseError(f"{lines[-1]}: {reason(error)}.") from None
            names = (tuple(own) for own in (checked.aliases, checked.exact, checked.parents))
            terms.append(Term(checked.term, str(category), *names))
    _check_names(terms, lines)
    _check_parents(terms, lines)
    return terms


def _check_keys(root: yaml.MappingNode, path: Path) -> None:
    """YAML keeps the last of two equal keys without a word."""
    rows = [row for _, rows in root.value for row in rows.value if isinstance(row, yaml.MappingNode)]
    for mapping in (root, *rows):
        seen = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise CourseError(f"{path}:{key.start_mark.line + 1}: {key.value!r} stands twice; merge the two.")
            seen.add(key.value)


def _check_names(terms: list[Term], lines: list[str]) -> None:
    spoken: dict[tuple[str, ...], str] = {}  # in any case, singular or plural
    written: dict[str, str] = {}  # as it stands

    def refuse_second(owner: str, name: str, term: Term, line: str) -> None:
        if owner != term.name:
            raise CourseError(f"{line}: {name!r} is claimed by {owner!r} and by {term.name!r}; keep it in one.")

    seen = set()
    for term, line in zip(terms, lines, strict=True):
        if term.name in seen:
            raise CourseError(f"{line}: the term {term.name!r} stands twice; merge the two.")
        seen.add(term.name)
        for name in (term.name, *term.aliases):
            if not (keys := _keys(name)):
                raise CourseError(f"{line}: {name!r} holds no word to look for; correct it or delete it.")
            for key in keys:
                refuse_second(spoken.setdefault(key, term.name), name, term, line)
    for term, line in zip(terms, lines, strict=True):
        for name in term.exact:
            if not WORD.fullmatch(name):
                raise CourseError(f"{line}: exact {name!r} is not one word and would never match; make it an alias.")
            refuse_second(written.setdefault(name, term.name), name, term, line)
            refuse_second(spoken.get((_stem(name),), term.name), name, term, line)


def _check_parents(terms: list[Term], lines: list[str]) -> None:
    place = {term.name: line for term, line in zip(terms, lines, strict=True)}
    for term in terms:
        for parent in term.parents:
            if parent not in place:
                raise CourseError(
                    f"{place[term.name]}: parent {parent!r} is no term of this inventory; add it or correct it."
                )
    try:
        tuple(TopologicalSorter({t.name: t.parents for t in terms}).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise CourseError(
            f"{place[circle[0]]}: parents in a circle, {' -> '.join(circle)}; remove one of them."
        ) from None


def _keys(name: str) -> set[tuple[str, ...]]:
    """What a name is looked up by: its words, lower case and singular; PageRank as one word and as two."""
    words = WORD.findall(name.replace("'s", " s"))
    parts = [part for word in words for part in (HUMP.findall(word) if CAMEL.fullmatch(word) else [word])]
    return {tuple(map(_stem, words)), tuple(map(_stem, parts))} - {()}


def _stem(word: str) -> str:
    """Lower case, singular; the same rule for terms and text, so it need not be English in every case."""
    word = word.lower()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


class Matcher:
    """Finds mentions of an inventory's terms: whole words, the longest name first, no two overlapping."""

    def __init__(self, terms: Iterable[Term]):
        self.terms = tuple(terms)
        self.names: dict[tuple[str, ...], str] = {}
        self.exact: dict[str, str] = {}
        for term in self.terms:
            for name in (term.name, *term.aliases):
                self.names |= dict.fromkeys(_keys(name), term.name)
            self.exact |= dict.fromkeys(term.exact, term.name)
        self._only = cache(lambda names: Matcher(term for term in self.terms if term.name in names))
        self.longest: dict[str, int] = defaultdict(lambda: 1)  # first word -> words in the longest name
        for key in self.names:
            self.longest[key[0]] = max(self.longest[key[0]], len(key))

    def mentions(self, text: str) -> list[Mention]:
        """All of them, in reading order. A name never reaches across a line end or a blank."""
        spans = list(self._spans(text.replace("'s", " s")))
        stems = [_stem(word) for word, _, _ in spans]
        found, i = [], 0
        while i < len(spans):
            start = spans[i][1]
            longest = self.longest.get(stems[i], 1)
            for size in range(min(longest, len(spans) - i), 0, -1):
                end = spans[i + size - 1][2]
                term = self.names.get(tuple(stems[i : i + size]))
                if term is None and size == 1:
                    term = self.exact.get(text[start:end])
                if term and not BREAK.search(text, start, end):
                    found.append(Mention(term, start, end))
                    i += size
                    break
            else:
                i += 1
        return found

    def by_term(self, text: str) -> dict[str, list[Mention]]:
        grouped = defaultdict(list)
        for mention in self.mentions(text):
            grouped[mention.term].append(mention)
        return dict(grouped)

    def mask(self, text: str, names: Collection[str]) -> str:
        """The text with every name of these terms replaced by BLANK, also inside the longer name of another term."""
        for mention in reversed(self._only(frozenset(names)).mentions(text)):
            text = text[: mention.start] + BLANK + text[mention.end :]
        return text

    def _spans(self, text: str) -> Iterable[tuple[str, int, int]]:
        """Words with their places; RandomForestClassifier is three words, unless it is itself an exact name."""
        for match in WORD.finditer(text):
            camel = match[0] not in self.exact and CAMEL.fullmatch(match[0])
            parts = list(HUMP.finditer(match[0])) if camel else []
            if len(parts) > 1:
                yield from ((p[0], match.start() + p.start(), match.start() + p.end()) for p in parts)
            else:
                yield match[0], match.start(), match.end()

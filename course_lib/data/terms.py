"""The inventory of machine-learning terms, and finding and masking them in text.

`data/terms.yaml` groups terms by category. A term has aliases (matched in any case, singular or plural, with hyphen
or space, also inside an identifier: RandomForestClassifier holds "random forest"), exact names (matched as written:
acronyms, class names) and parents (broader terms, which are never its negatives).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from course_lib import paths
from course_lib.data.text import read_text, reason
from course_lib.errors import CourseError

BLANK = "…"
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

    Raises CourseError naming file and line for what is not such a row, a name claimed by two terms, an unknown parent.
    """
    try:
        root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        raise CourseError(f"{path}:{line}: not YAML ({getattr(error, 'problem', error)}); mend the line.") from None
    if not isinstance(content, dict) or not all(isinstance(rows, list) for rows in content.values()):
        raise CourseError(f"{path}:1: an inventory is `category:` followed by a list of `- term: ...`; write it so.")
    terms, lines = [], {}
    for (category, rows), (_, nodes) in zip(content.items(), root.value, strict=True):
        for row, node in zip(rows, nodes.value, strict=True):
            line = node.start_mark.line + 1
            try:
                checked = _Row.model_validate(row)
            except ValidationError as error:
                raise CourseError(f"{path}:{line}: {reason(error)}.") from None
            terms.append(
                Term(
                    checked.term,
                    str(category),
                    tuple(checked.aliases),
                    tuple(checked.exact),
                    tuple(checked.parents),
                )
            )
            lines[len(terms) - 1] = line
    _check_names(terms, lines, path)
    return terms


def _check_names(terms: list[Term], lines: dict[int, int], path: Path) -> None:
    known, owner = {t.name for t in terms}, {}
    for number, term in enumerate(terms):
        where = f"{path}:{lines[number]}"
        for key in _keys(term):
            if owner.setdefault(key, term.name) != term.name:
                raise CourseError(
                    f"{where}: {' '.join(key)!r} is claimed by {owner[key]!r} and by {term.name!r}; keep it in one."
                )
        if sum(t.name == term.name for t in terms) > 1:
            raise CourseError(f"{where}: the term {term.name!r} stands twice; merge the two.")
        for parent in term.parents:
            if parent not in known:
                raise CourseError(f"{where}: parent {parent!r} is no term of this inventory; add it or correct it.")
    try:
        tuple(TopologicalSorter({t.name: t.parents for t in terms}).static_order())
    except CycleError as error:
        raise CourseError(f"{path}: parents in a circle, {' -> '.join(error.args[1])}; remove one of them.") from None


def _keys(term: Term) -> Iterable[tuple[str, ...]]:
    yield from {tuple(_stem(w) for w in _words(name)) for name in (term.name, *term.aliases)}
    yield from {(name,) for name in term.exact}


def _words(text: str) -> list[str]:
    return WORD.findall(text.replace("'s", " s"))


def _stem(word: str) -> str:
    """Lower case, singular; the same rule for terms and text, so it need not be English in every case."""
    word = word.lower()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


class Matcher:
    """Finds mentions of an inventory's terms: whole words, the longest name first, no two overlapping."""

    def __init__(self, terms: Iterable[Term]):
        self.names: dict[tuple[str, ...], str] = {}
        self.exact: dict[str, str] = {}
        for term in terms:
            for key in {tuple(_stem(w) for w in _words(n)) for n in (term.name, *term.aliases)}:
                self.names[key] = term.name
            self.exact |= dict.fromkeys(term.exact, term.name)
        self.longest = max(map(len, self.names), default=1)

    def mentions(self, text: str) -> list[Mention]:
        words = list(self._spans(text.replace("'s", " s")))
        found, i = [], 0
        while i < len(words):
            for size in range(min(self.longest, len(words) - i), 0, -1):
                run = words[i : i + size]
                term = self.names.get(tuple(_stem(w) for w, _, _ in run))
                if term is None and size == 1:
                    term = self.exact.get(text[run[0][1] : run[0][2]])
                if term and "\n" not in text[run[0][1] : run[-1][2]]:
                    found.append(Mention(term, run[0][1], run[-1][2]))
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
        """The text with each mention of these terms, under any of their names, replaced by BLANK."""
        for mention in reversed(self.mentions(text)):
            if mention.term in names:
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

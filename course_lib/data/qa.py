"""The question-answer data: one JSONL file a topic, one concept a line.

A row is {concept, family, aliases, question, answers: [...], scenarios: [{question, also: [...]}, ...]}: a definitional
question, eight answers that say the same in different ways, and three situations that describe the concept without
naming it; `also` lists siblings that would be a defensible answer as well.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from tokenizers import Tokenizer

from course_lib import encoders, paths
from course_lib.data.text import read_text, reason, words
from course_lib.errors import CourseError

QUESTION_TOKENS, ANSWER_TOKENS, SCENARIO_TOKENS = (7, 19), (20, 110), (14, 60)
SHARED_GRAMS = 0.5  # answers that share more of their content 4-grams than this are near-duplicates
UNNAMED_ANSWERS = 2  # how many answers must do without the concept's name
STOP_WORDS = frozenset(
    """a an the of to in on for and or is are was be been being it its this that these those as by with from at into
    than then so but not no each every any some which who whom whose what when where how why if while one two can may
    will would should could do does did has have had there their they them we you your i my our more most much many
    such same other only also very all both between over under up out about""".split()
)


@dataclass(frozen=True)
class Scenario:
    """A situation that a concept answers; `also` are the concepts that answer it as well."""

    question: str
    also: tuple[str, ...]


@dataclass(frozen=True)
class Concept:
    """One row of the data, with the topic (its file) that it stands in."""

    name: str
    topic: str
    family: str
    aliases: tuple[str, ...]
    question: str
    answers: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Pair:
    """One training example."""

    question: str
    answer: str
    concept: str


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _ScenarioRow(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    question: Text
    also: list[Text]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    concept: Text
    family: Text
    aliases: list[Text]
    question: Text
    answers: Annotated[list[Text], Field(min_length=8, max_length=8)]
    scenarios: Annotated[list[_ScenarioRow], Field(min_length=3, max_length=3)]


def load(folder: Path = paths.DATA / "qa") -> list[Concept]:
    """Read and check every topic file, in order of name.

    Raises CourseError, naming file, line, field and remedy, for the first row that breaks a rule of this module.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise CourseError(f"{folder}: holds no .jsonl file; name the folder of the question-answer data.")
    counter = tokenizer()
    placed = [(f"{file}:{number}", concept) for file in files for number, concept in _read(file, counter)]
    _check_concepts(placed)
    _check_answers(placed)
    return [concept for _, concept in placed]


def pairs(concepts: Iterable[Concept]) -> list[Pair]:
    """Every answer with its question, concept by concept."""
    return [Pair(c.question, answer, c.name) for c in concepts for answer in c.answers]


def tokenizer() -> Tokenizer:
    """The MiniLM tokenizer, by which lengths are measured; truncation off."""
    counter = Tokenizer.from_file(str(encoders.folder("minilm") / "tokenizer.json"))
    counter.no_truncation()
    counter.no_padding()
    return counter


def names(concept: Concept, text: str) -> str | None:
    """The name or alias of the concept that a text uses: whole words, plural and hyphen tolerant; None if none."""
    for name in (concept.name, *concept.aliases):
        pattern = r"[-\s]".join(re.escape(part) for part in re.split(r"[-\s]", name))
        case = 0 if name.isupper() and len(name) <= 5 else re.IGNORECASE
        if re.search(rf"(?<![A-Za-z0-9]){pattern}(?:e?s)?(?![A-Za-z0-9])", text, case):
            return name
    return None


def content_grams(text: str) -> set[tuple[str, ...]]:
    """The distinct runs of four content words."""
    content = [word for word in words(text) if word not in STOP_WORDS]
    return {tuple(content[i : i + 4]) for i in range(len(content) - 3)}


def shared_grams(a: set, b: set) -> float:
    """Share of the smaller set's 4-grams that the other holds too, 0 to 1."""
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _read(file: Path, counter: Tokenizer) -> Iterable[tuple[int, Concept]]:
    lines = read_text(file).split("\n")
    cut_off = lines[-1] != ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            content = json.loads(line)
            if not isinstance(content, dict):
                raise CourseError(f"{where}: a row is one JSON object, {{...}}, not {line[:20]!r}; correct the row.")
            row = _Row.model_validate(content)
        except json.JSONDecodeError as error:
            if cut_off and number == len(lines):
                raise CourseError(f"{where}: the last line is cut off; restore it or delete it.") from None
            raise CourseError(f"{where}: not JSON ({error.msg}, column {error.colno}); mend the line.") from None
        except ValidationError as error:
            raise CourseError(f"{where}: {reason(error)}; correct the row.") from None
        concept = Concept(
            row.concept,
            file.stem,
            row.family,
            tuple(row.aliases),
            row.question,
            tuple(row.answers),
            tuple(Scenario(s.question, tuple(s.also)) for s in row.scenarios),
        )
        _check_lengths(where, concept, counter)
        _check_wording(where, concept)
        yield number, concept


def _check_lengths(where: str, concept: Concept, counter: Tokenizer) -> None:
    texts = [("question", concept.question, QUESTION_TOKENS)]
    texts += [(f"answers.{i}", text, ANSWER_TOKENS) for i, text in enumerate(concept.answers)]
    texts += [(f"scenarios.{i}", s.question, SCENARIO_TOKENS) for i, s in enumerate(concept.scenarios)]
    for field, text, (low, high) in texts:
        if not low <= (size := len(counter.encode(text).ids)) <= high:
            raise CourseError(f"{where}: {field} has {size} tokens, not {low} to {high}; rewrite it.")


def _check_wording(where: str, concept: Concept) -> None:
    if not names(concept, concept.question):
        raise CourseError(f"{where}: question does not name the concept {concept.name!r}; use its name or an alias.")
    for i, scenario in enumerate(concept.scenarios):
        if name := names(concept, scenario.question):
            raise CourseError(f"{where}: scenarios.{i} names its concept ({name!r}); describe it without the name.")
    if sum(names(concept, answer) is None for answer in concept.answers) < UNNAMED_ANSWERS:
        raise CourseError(f"{where}: fewer than {UNNAMED_ANSWERS} answers do without the concept's name; rewrite some.")


def _check_concepts(placed: list[tuple[str, Concept]]) -> None:
    """What no single row can show: concepts that stand twice, siblings that do not exist."""
    first: dict[str, str] = {}
    known = {(c.topic, c.name) for _, c in placed}
    for where, concept in placed:
        if there := first.get(concept.name.casefold()):
            raise CourseError(f"{where}: concept {concept.name!r} stands already at {there}; merge them.")
        first[concept.name.casefold()] = where
        for i, scenario in enumerate(concept.scenarios):
            for sibling in scenario.also:
                if (concept.topic, sibling) not in known or sibling == concept.name:
                    raise CourseError(
                        f"{where}: scenarios.{i}.also {sibling!r} is no other concept of this file; correct it."
                    )


def _check_answers(placed: list[tuple[str, Concept]]) -> None:
    """No answer stands twice or nearly twice, be it under one concept or under two."""
    seen: list[tuple[str, str, set]] = []  # the text, its place, its 4-grams
    holders: dict[tuple[str, ...], list[int]] = {}  # 4-gram -> places in `seen`
    for where, concept in placed:
        for i, answer in enumerate(concept.answers):
            grams = content_grams(answer) or {tuple(words(answer))}
            for other in {n for gram in grams for n in holders.get(gram, ())}:
                text, there, theirs = seen[other]
                if shared_grams(grams, theirs) > SHARED_GRAMS:
                    verb = "repeats" if words(text) == words(answer) else "nearly repeats"
                    raise CourseError(
                        f"{where}: answers.{i} of {concept.name!r} {verb} {there}; rewrite one of the two."
                    )
            for gram in grams:
                holders.setdefault(gram, []).append(len(seen))
            seen.append((answer, f"answers.{i} of {concept.name!r} at {where}", grams))

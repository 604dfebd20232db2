"""A trained model's card beside the published one: what is equal, what differs, what one side leaves out, and why."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from course_lib import paths
from course_lib.course import card_reader
from course_lib.course.card_reasons import Reasons
from course_lib.errors import CourseError
from course_lib.training import cards
from course_lib.training.cards import Card, Value
from course_lib.training.recipes import MINILM_AS_PRINTED, MPNET_AS_PRINTED

State = Literal["present", "differs", "absent on ours", "absent on the published card", "absent on both"]
SEED = 42
RECORDED = "recipe encoder stand_in_for rows steps planned_steps processes precision versions".split()
WHOLE = "the section"  # stands for the facts of a section that holds none
TRACKS = {  # encoder -> the published card, our training of it, the notebook that trains
    "minilm": (cards.MINILM, MINILM_AS_PRINTED, "07"),
    "mpnet": (cards.MPNET, MPNET_AS_PRINTED, "10"),
}


@dataclass(frozen=True)
class Fact:
    """One fact on both cards, None where it is absent. `why` explains every difference, and some equal values."""

    name: str
    published: Value
    ours: Value
    state: State
    why: str = ""


@dataclass(frozen=True)
class Section:
    """One section, under the heading that it has on the cards."""

    name: str
    state: State
    facts: tuple[Fact, ...]


def of_model(encoder: str, profile: str) -> list[Section]:
    """The model that notebook 07 or 10 left in the outputs folder, beside the card that it reproduces.

    Raises CourseError for an unknown encoder, and where there is no trained model.
    """
    if encoder not in TRACKS:
        raise CourseError(f"There is no published card {encoder!r}: choose one of {', '.join(TRACKS)}.")
    published, recipe, notebook = TRACKS[encoder]
    folder = paths.outputs(profile) / "models" / f"{recipe.name}-seed{SEED}"
    if not folder.is_dir():
        raise CourseError(f"{folder} does not exist: `course run {notebook} --profile {profile}` trains the model.")
    return compare(published, *read(folder))


def read(folder: Path) -> tuple[Card, dict]:
    """Card and record of a model folder. Raises CourseError for one that `trainer.train` did not write."""
    try:
        card = card_reader.read((folder / "README.md").read_text(encoding="utf-8"))
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return card, {name: record[name] for name in RECORDED}
    except (OSError, ValueError, LookupError, yaml.YAMLError) as error:
        reason = str(error).replace("\n", " ")
        raise CourseError(f"{folder} does not hold a card and a run.json that can be read ({reason}).") from error


def compare(published: Card, ours: Card, record: dict) -> list[Section]:
    """Section by section in the order of the published card, then what only ours has.

    Of All Hyperparameters those count that the published facts name: the other lines are the library's inventory.
    """
    reasons, found = Reasons(published, ours, record), []
    for name in dict.fromkeys([*published.sections, *ours.sections]):
        theirs, mine = (dict(card.sections.get(name, {})) for card in (published, ours))
        if name == "All Hyperparameters":
            mine = {fact: value for fact, value in mine.items() if fact in theirs}
        elif name in ours.sections and not mine:
            mine = {WHOLE: "prose"}
        found.append(_section(name, theirs, mine, reasons))
    return found


def _section(name: str, published: dict[str, Value], ours: dict[str, Value], reasons: Reasons) -> Section:
    facts = []
    for fact in dict.fromkeys([*published, *ours]) or [WHOLE]:
        theirs, mine = published.get(fact), ours.get(fact)
        state = _state(theirs, mine)
        facts.append(Fact(fact, theirs, mine, state, reasons.why(name, fact, state)))
    sides = [any(value is not None for value in side.values()) or None for side in (published, ours)]
    state = _state(*sides)
    if any(fact.state not in ("present", "absent on both") for fact in facts) and state == "present":
        state = "differs"
    return Section(name, state, tuple(facts))


def _state(published: Value, ours: Value) -> State:
    if published is None and ours is None:
        return "absent on both"
    if published is None or ours is None:
        return "absent on the published card" if published is None else "absent on ours"
    return "present" if published == ours else "differs"  # 5 and 5.0 are equal


def table(sections: Sequence[Section]) -> str:
    """Markdown: a heading with the state of each section, a row for each fact."""
    lines = []
    for section in sections:
        lines += [f"## {section.name}: {section.state}", ""]
        lines += ["| | published | ours | | why |", "|---|---|---|---|---|"]
        rows = [(f.name, _shown(f.published), _shown(f.ours), f.state, f.why) for f in section.facts]
        lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
        lines += [""]
    return "\n".join(lines).rstrip()


def _shown(value: Value) -> str:
    return "" if value is None else str(value)

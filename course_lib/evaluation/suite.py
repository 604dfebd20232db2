"""Every task of the course by its name, built from the course's data: what notebooks and `course evaluate` score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_lib.data import manuals, passages, qa, splits, terms
from course_lib.data.splits import Split
from course_lib.errors import CourseError
from course_lib.evaluation import checks, tasks
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.profiles import Profile


@dataclass(frozen=True)
class Data:
    """What the tasks are built from."""

    concepts: list[qa.Concept]
    passages: list[passages.Passage]
    terms: list[terms.Term]
    heldout: splits.Heldout


def load_data() -> Data:
    """The course's own. Raises what its loaders raise."""
    return Data(qa.load(), passages.load(), terms.load(), splits.load())


def build(data: Data, split: Split, profile: Profile, names: Sequence[str] = ()) -> dict[str, RetrievalTask]:
    """Name -> task, those that are named, or else all that the split has. Raises CourseError for an unknown name."""
    if unknown := set(names) - TASKS.keys():
        raise CourseError(f"There is no task {min(unknown)!r}: choose from {', '.join(TASKS)}.")
    lacking = () if split == "test" else UNSEEN
    every = [name for name in TASKS if name not in lacking]
    return {name: TASKS[name](data, split, profile) for name in names or every}


def _term_passages(data: Data, split: Split, profile: Profile, masked: bool) -> RetrievalTask:
    return tasks.term_to_passages(data.passages, data.terms, data.heldout, split, profile, masked)


def _unseen_term_passages(data: Data, split: Split, profile: Profile, masked: bool) -> RetrievalTask:
    """The terms that are held out for the split: training knows them neither as positive nor as negative."""
    whole = _term_passages(data, split, profile, masked)
    unseen = {term for term, own in data.heldout.term.items() if own == split}
    return whole.only(unseen, f"{whole.name.removesuffix(')')}, unseen terms)")


def _passage_terms(data: Data, split: Split, profile: Profile, masked: bool) -> RetrievalTask:
    return tasks.passage_to_terms(data.passages, data.terms, data.heldout, split, profile, masked)


TASKS: dict[str, Callable[[Data, Split, Profile], RetrievalTask]] = {
    "question-answers": lambda d, *of: tasks.question_to_answers(d.concepts, d.heldout, *of),
    "scenario-answers": lambda d, *of: tasks.scenario_to_answers(d.concepts, d.heldout, *of),
    "term-passages": lambda *of: _term_passages(*of, masked=False),
    "term-passages-masked": lambda *of: _term_passages(*of, masked=True),
    "unseen-term-passages": lambda *of: _unseen_term_passages(*of, masked=False),
    "unseen-term-passages-masked": lambda *of: _unseen_term_passages(*of, masked=True),
    "passage-terms": lambda *of: _passage_terms(*of, masked=False),
    "passage-terms-masked": lambda *of: _passage_terms(*of, masked=True),
    "transfer": lambda d, *of: checks.title_to_section(d.passages, d.heldout, *of),
    "forgetting": lambda _, *of: checks.first_sentence_to_topic(*of),
    "transfer-manuals": lambda _, split, *of: checks.title_to_section_of_manuals(manuals.load(split), split, *of),
}
UNSEEN = ("unseen-term-passages", "unseen-term-passages-masked")  # heldout.txt lists terms for test alone

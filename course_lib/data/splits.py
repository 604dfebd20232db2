"""Which concepts, documents and terms are held out, and the proof that nothing of them leaks into training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from course_lib import paths
from course_lib.data.passages import Passage
from course_lib.data.qa import Concept, Pair
from course_lib.data.terms import Term
from course_lib.data.text import read_text, shingles, words
from course_lib.data.triplets import StrongPair
from course_lib.errors import CourseError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
KINDS = ("concept", "document", "term")
CARD_PAIRS, CARD_TRIPLETS = 2764, 3552  # the sizes on the published cards
SHINGLE_WORDS, SHINGLE_LIMIT = 8, 0.2


@dataclass(frozen=True)
class Heldout:
    """For each kind, name -> the split that it is held out for; everything not listed is for training.

    `places` says where each (kind, name) is listed, as file:line.
    """

    concept: dict[str, Split]
    document: dict[str, Split]
    term: dict[str, Split]
    places: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)

    def concepts(self, concepts: Iterable[Concept], split: Split) -> list[Concept]:
        return [c for c in concepts if self.concept.get(c.name, "train") == split]

    def passages(self, passages: Iterable[Passage], split: Split) -> list[Passage]:
        return [p for p in passages if self.document.get(p.document, "train") == split]


def load(path: Path = paths.DATA / "heldout.txt") -> Heldout:
    """Read lines of `SPLIT KIND NAME`; blank lines and lines that open with # are comments.

    Raises CourseError naming file and line for anything else, and for a name listed twice.
    """
    kinds: dict[str, dict[str, Split]] = {kind: {} for kind in KINDS}
    places: dict[tuple[str, str], str] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        split, kind, name = [*line.strip().split(" ", 2), "", ""][:3]
        if split not in SPLITS[1:] or kind not in KINDS or not name:
            raise CourseError(f"{path}:{number}: expected `dev|test concept|document|term NAME`, found {line!r}.")
        if name in kinds[kind]:
            raise CourseError(f"{path}:{number}: {kind} {name!r} is listed twice; keep one line.")
        kinds[kind][name] = split
        places[kind, name] = f"{path}:{number}"
    return Heldout(**kinds, places=places)


def check_listed(heldout: Heldout, concepts: Iterable[Concept], passages: Iterable[Passage], terms: Iterable[Term]):
    """Raise CourseError when a held-out name exists nowhere: a misspelt line would silently train on test data."""
    exist = {
        "concept": {c.name for c in concepts},
        "document": {p.document for p in passages},
        "term": {t.name for t in terms},
    }
    for kind in KINDS:
        for name in getattr(heldout, kind):
            if name not in exist[kind]:
                place = heldout.places.get((kind, name), "held out")
                raise CourseError(f"{place}: there is no {kind} {name!r}; correct the line or delete it.")


def training_pairs(concepts: Sequence[Concept], heldout: Heldout) -> list[Pair]:
    """As many pairs as the published card has: first answers first, so that only some eighth answers are left out."""
    rounds = zip(*(c.answers for c in heldout.concepts(concepts, "train")), strict=True)
    train = heldout.concepts(concepts, "train")
    pairs = [Pair(c.question, a, c.name) for answers in rounds for c, a in zip(train, answers, strict=True)]
    return pairs[:CARD_PAIRS]


def training_strong_pairs(pairs: Iterable[StrongPair], heldout: Heldout) -> list[StrongPair]:
    """The strongest pairs of training documents and terms, two triplets each: as many as the published card has."""
    free = [p for p in pairs if p.passage.document not in heldout.document and p.term.name not in heldout.term]
    return sorted(free, key=lambda p: -p.strength)[: CARD_TRIPLETS // 2]


class LeakageError(CourseError):
    """Held-out data found in training data."""


def assert_no_leakage(training: Iterable[tuple[str, str]], heldout: Iterable[tuple[str, str]]) -> None:
    """Both sides are (group, text): group is a concept or a document.

    Raises LeakageError when a group stands on both sides, or when more than SHINGLE_LIMIT of the SHINGLE_WORDS-word
    shingles of a held-out text occur in the training texts.
    """
    training = list(training)
    groups = {group for group, _ in training}
    known = {run for _, text in training for run in _runs(text)}
    for group, text in heldout:
        if group in groups:
            raise LeakageError(f"{group!r} is in training and held out; list it in data/heldout.txt and build again.")
        if (share := overlap(text, known)) > SHINGLE_LIMIT:
            raise LeakageError(
                f"{share:.0%} of a held-out text of {group!r} occurs in training ({text[:60]!r}...); hold out its twin."
            )


def overlap(text: str, known: set[tuple[str, ...]]) -> float:
    """Share of the text's shingles that `known` holds, 0 to 1."""
    own = _runs(text)
    return len(own & known) / len(own) if own else 0.0


def _runs(text: str) -> set[tuple[str, ...]]:
    """The shingles of a text; a text shorter than a shingle is one run."""
    return shingles(text, SHINGLE_WORDS) or {tuple(words(text))} - {()}

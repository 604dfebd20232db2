"""Triplets of passage, term that fits, term that does not.

A pair of passage and term is *strong* when the passage uses the term at least twice, or once if a heading names it; a
heading that stands in the passage is itself such a use. Reading showed that most strong pairs are about the term, while
most single mentions only pass by it.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from course_lib.data.passages import Passage
from course_lib.data.terms import Matcher, Term
from course_lib.errors import CourseError

Kind = Literal["random", "same category", "nearest"]
NEAREST = 10  # a nearest negative is drawn from this many


@dataclass(frozen=True)
class Triplet:
    """One training example; `passage` is the id of the passage that the anchor was made from."""

    anchor: str
    positive: str
    negative: str
    passage: str


@dataclass(frozen=True)
class StrongPair:
    """A passage that is likely to be about a term.

    `strength` counts mentions, those of headings in the text too, and two more if any heading names the term.
    """

    passage: Passage
    term: Term
    strength: int


def strong_pairs(passages: Iterable[Passage], terms: Sequence[Term]) -> list[StrongPair]:
    """Every strong pair, passage by passage, in the order of the inventory."""
    matcher, found = Matcher(terms), []
    for passage in passages:
        inside = matcher.by_term(passage.text)
        headed = {m.term for heading in passage.headings for m in matcher.mentions(heading)}
        for term in terms:
            mentions = len(inside.get(term.name, ()))
            if mentions >= 2 or (mentions and term.name in headed):
                found.append(StrongPair(passage, term, mentions + 2 * (term.name in headed)))
    return found


def build(
    pairs: Sequence[StrongPair],
    terms: Sequence[Term],
    seed: int,
    withheld: Collection[str] = (),
    masked: float = 0.0,
    negatives: Sequence[Kind] = ("random", "same category"),
    nearest: Mapping[str, Sequence[str]] | None = None,
) -> list[Triplet]:
    """One triplet a pair for each kind of `negatives`: drawn from all terms, from the positive's category if one is
    left in it, or from the NEAREST terms that `nearest` lists for the passage's id (see `nearest_terms`).

    Never a term that the passage mentions, nor an ancestor or descendant of the positive, nor one of the `withheld`
    names. `masked` is the share of pairs in whose anchor the positive is blanked out.
    Raises CourseError when the inventory leaves a pair no negative, or for nearest negatives without `nearest`.
    """
    if "nearest" in negatives and nearest is None:
        raise CourseError("Nearest negatives need `nearest`: make it with triplets.nearest_terms.")
    matcher, rng = Matcher(terms), random.Random(seed)
    by_name = {term.name: term for term in terms}
    mentioned = {passage: _mentioned(passage, matcher) for passage in dict.fromkeys(pair.passage for pair in pairs)}
    kin = {term: relatives(term, by_name) for term in dict.fromkeys(pair.term for pair in pairs)}
    triplets = []
    for pair in pairs:
        excluded = {*withheld, *mentioned[pair.passage], *kin[pair.term]}
        allowed = [name for name in by_name if name not in excluded]
        if not allowed:
            raise CourseError(
                f"No term is left as a negative for {pair.term.name!r} and passage {pair.passage.id}: "
                "the passage mentions them all, or they are its relatives; add terms to the inventory."
            )
        same = [name for name in allowed if by_name[name].category == pair.term.category] or allowed
        hide = rng.random() < masked
        anchor = matcher.mask(pair.passage.text, {pair.term.name}) if hide else pair.passage.text
        pools = {"random": allowed, "same category": same}
        if nearest is not None:
            pools["nearest"] = [name for name in nearest[pair.passage.id] if name not in excluded][:NEAREST]
        for kind in negatives:
            triplets.append(Triplet(anchor, pair.term.name, rng.choice(pools[kind]), pair.passage.id))
    return triplets


def nearest_terms(passages: Sequence[Passage], terms: Sequence[Term], model) -> dict[str, list[str]]:
    """Passage id -> all term names, the nearest first by the cosine of a SentenceTransformer's embeddings."""
    names = [term.name for term in terms]
    vectors = model.encode([p.text for p in passages], normalize_embeddings=True)  # Shape: (passages, dimensions)
    order = (-vectors @ model.encode(names, normalize_embeddings=True).T).argsort(axis=1, kind="stable")
    return {p.id: [names[k] for k in row] for p, row in zip(passages, order, strict=True)}


def _mentioned(passage: Passage, matcher: Matcher) -> set[str]:
    """Every term in a passage's text and in the headings that it stands under."""
    return {mention.term for text in (passage.text, *passage.headings) for mention in matcher.mentions(text)}


def relatives(term: Term, by_name: Mapping[str, Term]) -> set[str]:
    """The term itself, all its ancestors and all its descendants."""

    children = defaultdict(list)
    for other in by_name.values():
        for parent in other.parents:
            children[parent].append(other.name)

    def reached(step: Callable[[str], Iterable[str]]) -> set[str]:
        found, queue = set(), [term.name]
        while queue:
            if (name := queue.pop()) not in found:
                found.add(name)
                queue += step(name)
        return found

    return reached(lambda name: by_name[name].parents) | reached(lambda name: children[name])

"""The published rows seen in other ways: what the better recipes train on. Nothing is added that the rows do not hold.

A published row shows the encoder a text and the name of what it is about, so that matching the name is enough. These
views hide the name in one of the two texts, and say of each row which questions its positive answers, so that a batch
sampler can keep false negatives apart.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.data.qa import Concept, Pair
from course_lib.data.terms import Matcher, Term
from course_lib.data.triplets import StrongPair

VIEW_COLUMNS = ("asks", "answers")  # of a dataset, beside its texts


@dataclass(frozen=True)
class View:
    """One training example. `asks` is the concept or term that the anchor asks for, `answers` are all those that the
    positive answers.
    """

    anchor: str
    positive: str
    asks: str
    answers: tuple[str, ...]


def questions(pairs: Sequence[Pair], concepts: Sequence[Concept], seed: int) -> list[View]:
    """The published rows as they are; concepts and `seed` decide nothing here."""
    return [View(p.question, p.answer, p.concept, (p.concept,)) for p in pairs]


def masked_answers(pairs: Sequence[Pair], concepts: Sequence[Concept], seed: int) -> list[View]:
    """Every answer as a positive, with another answer to the same question as its anchor, in which all names of the
    concept are blanked out.

    A concept with a single answer gives no row.
    """
    rng, by_name = random.Random(seed), {concept.name: concept for concept in concepts}
    answers: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        answers[pair.concept].append(pair.answer)
    rows = []
    for name, own in answers.items():
        concept = by_name[name]
        matcher = Matcher([Term(name, concept.topic, concept.aliases)])
        masked = [matcher.mask(text, {name}) for text in own]
        for number, positive in enumerate(own):
            others = [text for other, text in enumerate(masked) if other != number]
            if others:
                rows.append(View(rng.choice(others), positive, name, (name,)))
    return rows


def masked_passages(pairs: Sequence[StrongPair], terms: Sequence[Term], seed: int, masked: float) -> list[View]:
    """Every term with its passage; in a share `masked` of the rows all names of the term are blanked out of the
    passage.

    A passage answers every term that it mentions.
    """
    rng, matcher = random.Random(seed), Matcher(terms)
    mentioned = {passage: tuple(matcher.by_term(passage.text)) for passage in {pair.passage for pair in pairs}}
    rows = []
    for pair in pairs:
        name, text = pair.term.name, pair.passage.text
        shown = matcher.mask(text, {name}) if rng.random() < masked else text
        rows.append(View(name, shown, name, mentioned[pair.passage]))
    return rows

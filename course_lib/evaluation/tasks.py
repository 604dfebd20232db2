"""Retrieval tasks on held-out data: queries, a corpus, and every right answer to each query."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_lib.data.passages import Passage
from course_lib.data.qa import Concept
from course_lib.data.splits import Heldout, Split
from course_lib.data.terms import Matcher, Term
from course_lib.data.triplets import strong_pairs
from course_lib.errors import CourseError
from course_lib.profiles import Profile


@dataclass(frozen=True)
class RetrievalTask:
    """`qrels` maps each query id to the ids of all relevant documents; `groups` to what queries have in common.

    Queries of one group (scenarios of one concept) are not independent: intervals are taken over groups.
    """

    name: str
    queries: dict[str, str]
    corpus: dict[str, str]
    qrels: dict[str, frozenset[str]]
    groups: dict[str, str]

    def __post_init__(self):
        if not self.queries:
            raise CourseError(f"Task {self.name!r} asks nothing: choose a split or a profile with something held out.")
        for query, text in self.queries.items():
            if not text.strip():
                raise CourseError(f"Task {self.name!r}: query {query!r} is empty; remove it or write it.")
            if not self.qrels.get(query):
                raise CourseError(f"Task {self.name!r}: query {query!r} has no relevant document; remove it.")
            if unknown := self.qrels[query] - self.corpus.keys():
                raise CourseError(
                    f"Task {self.name!r}: qrels of {query!r} name {min(unknown)!r}, which the corpus lacks; correct it."
                )
        if len(set(self.corpus.values())) < len(self.corpus):
            raise CourseError(f"Task {self.name!r}: the corpus holds a text twice; keep one and list it in the qrels.")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of queries, corpus and qrels: scores of another fingerprint are scores of another task."""
        content = [self.queries, self.corpus, {query: sorted(right) for query, right in self.qrels.items()}]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def question_to_answers(concepts: Sequence[Concept], heldout: Heldout, split: Split, profile: Profile) -> RetrievalTask:
    """The definitional question of each held-out concept against the answers of all concepts."""
    asked, shown = _asked(concepts, heldout, split, profile)
    queries = {f"{c.name}/question": c.question for c in asked}
    relevant = {f"{c.name}/question": [c] for c in asked}
    return _answers_task("question -> answers", queries, shown, relevant)


def scenario_to_answers(concepts: Sequence[Concept], heldout: Heldout, split: Split, profile: Profile) -> RetrievalTask:
    """The scenarios of each held-out concept, which never name it, against the answers of all concepts.

    The answers of a sibling that a scenario lists as defensible are relevant too.
    """
    asked, shown = _asked(concepts, heldout, split, profile)
    by_name = {c.name: c for c in shown}
    queries, relevant = {}, {}
    for concept in asked:
        for number, scenario in enumerate(concept.scenarios, 1):
            key = f"{concept.name}/scenario {number}"
            queries[key] = scenario.question
            relevant[key] = [concept, *(by_name[name] for name in scenario.also if name in by_name)]
    return _answers_task("scenario -> answers", queries, shown, relevant)


def _asked(concepts, heldout: Heldout, split: Split, profile: Profile) -> tuple[list[Concept], list[Concept]]:
    """The concepts asked about, and those whose answers make the corpus: all of them, but in a small profile."""
    own = heldout.concepts(concepts, split)
    asked = own[: profile.concepts]
    if profile.concepts is None:
        return asked, list(concepts)
    others = [c for c in concepts if c not in asked]
    return asked, asked + others[: profile.concepts]


def _answers_task(name: str, queries: dict, shown: Iterable[Concept], relevant: dict) -> RetrievalTask:
    def ids(concept: Concept) -> list[str]:
        return [f"{concept.name}/{number}" for number in range(1, len(concept.answers) + 1)]

    return RetrievalTask(
        name,
        queries,
        corpus={key: text for c in shown for key, text in zip(ids(c), c.answers, strict=True)},
        qrels={query: frozenset(key for c in right for key in ids(c)) for query, right in relevant.items()},
        groups={query: right[0].name for query, right in relevant.items()},
    )


def term_to_passages(
    passages: Sequence[Passage],
    terms: Sequence[Term],
    heldout: Heldout,
    split: Split,
    profile: Profile,
    masked: bool,
) -> RetrievalTask:
    """Each term against the passages of held-out documents; right are the passages that are strongly about it.

    Masked, every term asked about is blanked out in every passage, under all its names: matching the string no longer
    helps, and the passage has to be understood.
    """
    corpus = heldout.passages(passages, split)[: profile.passages]
    found = strong_pairs(corpus, terms)
    asked = list(dict.fromkeys(pair.term.name for pair in found))[: profile.terms]
    qrels = {name: frozenset(p.passage.id for p in found if p.term.name == name) for name in asked}
    matcher = Matcher(terms)
    texts = {p.id: matcher.mask(p.text, asked) if masked else p.text for p in corpus}
    return RetrievalTask(
        f"term -> passages ({'masked' if masked else 'raw'})",
        queries={name: name for name in asked},
        corpus=texts,
        qrels=qrels,
        groups={name: name for name in asked},
    )

"""Retrieval tasks on held-out data: queries, a corpus, and every right answer to each query."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
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

    Queries of one group (scenarios of one concept) are not independent: intervals are taken over groups. `split` is
    the one that the queries are held out for, None for a task of one's own.
    """

    name: str
    queries: dict[str, str]
    corpus: dict[str, str]
    qrels: dict[str, frozenset[str]]
    groups: dict[str, str]
    split: Split | None = None

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

    def only(self, queries: Collection[str], name: str) -> "RetrievalTask":
        """The part of the task that asks these queries, those of them that it has, against the whole corpus."""
        kept = {query: text for query, text in self.queries.items() if query in queries}
        qrels, groups = ({query: of[query] for query in kept} for of in (self.qrels, self.groups))
        return RetrievalTask(name, kept, self.corpus, qrels, groups, self.split)


def question_to_answers(concepts: Sequence[Concept], heldout: Heldout, split: Split, profile: Profile) -> RetrievalTask:
    """The definitional question of each held-out concept against the answers of all concepts."""
    asked, shown = _asked(concepts, heldout, split, profile)
    queries = {f"{c.name}/question": c.question for c in asked}
    relevant = {f"{c.name}/question": [c] for c in asked}
    return _answers_task("question -> answers", queries, shown, relevant, split)


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
    return _answers_task("scenario -> answers", queries, shown, relevant, split)


def _asked(concepts, heldout: Heldout, split: Split, profile: Profile) -> tuple[list[Concept], list[Concept]]:
    """The concepts asked about, and those whose answers make the corpus: all of them, but in a small profile."""
    own = heldout.concepts(concepts, split)
    asked = own[: profile.concepts]
    if profile.concepts is None:
        return asked, list(concepts)
    others = [c for c in concepts if c not in asked]
    return asked, asked + others[: profile.concepts]


def _answers_task(name: str, queries: dict, shown: Iterable[Concept], relevant: dict, split: Split) -> RetrievalTask:
    def ids(concept: Concept) -> list[str]:
        return [f"{concept.name}/{number}" for number in range(1, len(concept.answers) + 1)]

    return RetrievalTask(
        name,
        queries,
        corpus={key: text for c in shown for key, text in zip(ids(c), c.answers, strict=True)},
        qrels={query: frozenset(key for c in right for key in ids(c)) for query, right in relevant.items()},
        groups={query: right[0].name for query, right in relevant.items()},
        split=split,
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

    Masked, every mention of a term asked about is blanked out in every passage, under all its names but where one
    stands inside snake_case: matching the string no longer helps, and the passage has to be understood.
    """
    corpus = heldout.passages(passages, split)[: profile.passages]
    found = strong_pairs(corpus, terms)
    asked = list(dict.fromkeys(pair.term.name for pair in found))[: profile.terms]
    return RetrievalTask(
        f"term -> passages ({'masked' if masked else 'raw'})",
        queries={name: name for name in asked},
        corpus=_texts(corpus, terms, asked if masked else ()),
        qrels={name: frozenset(p.passage.id for p in found if p.term.name == name) for name in asked},
        groups={name: name for name in asked},
        split=split,
    )


def passage_to_terms(
    passages: Sequence[Passage],
    terms: Sequence[Term],
    heldout: Heldout,
    split: Split,
    profile: Profile,
    masked: bool,
) -> RetrievalTask:
    """Each passage of held-out documents against the names of all terms that occur in any passage; right are those
    that it is strongly about.

    Masked, every term that is right for some query is blanked out in every query: the same texts as the corpus of
    `term_to_passages`, so an encoder that has judged one task has read the other's. Passages of one document are one
    group.
    """
    asked = spread(heldout.passages(passages, split), profile.passages)
    found = strong_pairs(asked, terms)
    right: dict[str, set[str]] = defaultdict(set)
    for pair in found:
        right[pair.passage.id].add(pair.term.name)
    matcher = Matcher(terms)
    occurring = {mention.term for passage in passages for mention in matcher.mentions(passage.text)}
    names = [term.name for term in terms if term.name in occurring]
    texts = _texts(asked, terms, {pair.term.name for pair in found} if masked else ())
    return RetrievalTask(
        f"passage -> terms ({'masked' if masked else 'raw'})",
        queries={passage: texts[passage] for passage in right},
        corpus={name: name for name in names},
        qrels={passage: frozenset(own) for passage, own in right.items()},
        groups={p.id: p.document for p in asked if p.id in right},
        split=split,
    )


def spread(passages: Sequence[Passage], number: int | None) -> Sequence[Passage]:
    """So many of them, at equal distances: of several documents, which are the groups. None means all."""
    return passages[:: max(1, len(passages) // number)][:number] if number else passages


def _texts(passages: Iterable[Passage], terms: Sequence[Term], blanked: Collection[str]) -> dict[str, str]:
    """Passage id -> its text without the names of the terms that are blanked out."""
    matcher = Matcher(terms)
    return {p.id: matcher.mask(p.text, blanked) if blanked else p.text for p in passages}

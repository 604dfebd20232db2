"""Tasks ask about held-out data only, know every right answer, and refuse what cannot be judged."""

import re
from dataclasses import replace

import pytest

from course_lib import profiles
from course_lib.data.splits import Heldout
from course_lib.data.terms import BLANK, Matcher
from course_lib.data.triplets import strong_pairs
from course_lib.errors import CourseError
from course_lib.evaluation import tasks
from course_lib.evaluation.tasks import RetrievalTask

FULL, SMOKE = profiles.load("full"), profiles.load("smoke")
SPLITS = pytest.mark.parametrize("split", ["dev", "test"])
QUESTIONS = pytest.mark.parametrize("make", [tasks.question_to_answers, tasks.scenario_to_answers])


@SPLITS
@QUESTIONS
def test_only_held_out_concepts_are_asked_about_against_the_answers_of_all(concepts, heldout, make, split):
    task = make(concepts, heldout, split, FULL)
    asked = {name for name, where in heldout.concept.items() if where == split}
    assert set(task.groups.values()) == asked
    assert len(task.queries) == len(asked) * (3 if make is tasks.scenario_to_answers else 1)
    assert sorted(task.corpus.values()) == sorted(answer for c in concepts for answer in c.answers)


def test_right_are_all_eight_answers_of_the_concept_and_of_the_siblings_that_a_scenario_lists(concepts):
    by_name = {c.name: c for c in concepts}
    heldout = Heldout({c.name: "test" for c in concepts if any(s.also for s in c.scenarios)}, {}, {})
    task = tasks.scenario_to_answers(concepts, heldout, "test", FULL)
    with_siblings = 0
    for query, right in task.qrels.items():
        concept = by_name[task.groups[query]]
        scenario = next(s for s in concept.scenarios if s.question == task.queries[query])
        expected = {answer for name in (concept.name, *scenario.also) for answer in by_name[name].answers}
        assert {task.corpus[document] for document in right} == expected
        with_siblings += len(expected) > 8
    assert with_siblings > 0
    question = tasks.question_to_answers(concepts, heldout, "test", FULL)
    for query, right in question.qrels.items():
        assert {question.corpus[document] for document in right} == set(by_name[question.groups[query]].answers)


@QUESTIONS
def test_a_small_profile_asks_few_but_still_held_out_concepts(concepts, heldout, make):
    task = make(concepts, heldout, "test", SMOKE)
    asked = set(task.groups.values())
    assert len(asked) == SMOKE.concepts and all(heldout.concept[name] == "test" for name in asked)
    assert len(task.corpus) == 2 * SMOKE.concepts * 8


@pytest.fixture(scope="module")
def passage_tasks(corpus, inventory, heldout) -> dict[tuple[str, bool], RetrievalTask]:
    return {
        (split, masked): tasks.term_to_passages(corpus, inventory, heldout, split, FULL, masked)
        for split in ("dev", "test")
        for masked in (False, True)
    }


@SPLITS
@pytest.mark.parametrize("masked", [False, True])
def test_passages_are_those_of_held_out_documents_and_right_ones_are_strongly_about_the_term(
    passage_tasks, corpus, inventory, heldout, split, masked
):
    task = passage_tasks[split, masked]
    own = [p for p in corpus if heldout.document.get(p.document) == split]
    assert task.corpus.keys() == {p.id for p in own} and len(own) > 50
    pairs = {(pair.term.name, pair.passage.id) for pair in strong_pairs(own, inventory)}
    assert {(query, document) for query, right in task.qrels.items() for document in right} == pairs
    assert all(query == text for query, text in task.queries.items())


@SPLITS
def test_the_masked_corpus_holds_no_name_of_a_queried_term(passage_tasks, inventory, split):
    raw, masked = passage_tasks[split, False], passage_tasks[split, True]
    assert raw.queries == masked.queries and raw.qrels == masked.qrels and raw.name != masked.name
    matcher = Matcher(inventory)
    for key, text in masked.corpus.items():
        assert not matcher.by_term(text).keys() & masked.queries.keys()
        mentioned = matcher.by_term(raw.corpus[key]).keys() & masked.queries.keys()
        assert bool(mentioned) == (BLANK in text.replace(BLANK, "", raw.corpus[key].count(BLANK)))


def test_the_masked_corpus_does_not_spell_a_queried_name_even_to_a_plain_search(passage_tasks, inventory):
    task = passage_tasks["test", True]
    whole = "\n".join(task.corpus.values())
    asked = [t for t in inventory if t.name in task.queries]
    written = [name for t in asked for name in t.exact]  # in this form alone
    written += [f for t in asked for n in (t.name, *t.aliases) for f in (n, n + "s", n.capitalize(), n.title())]
    spelt = [form for form in written if form in whole and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", whole)]
    assert spelt == []


def test_a_small_profile_asks_for_few_terms_among_few_passages(corpus, inventory, heldout):
    task = tasks.term_to_passages(corpus, inventory, heldout, "test", SMOKE, masked=True)
    assert 0 < len(task.queries) <= SMOKE.terms and len(task.corpus) == SMOKE.passages


@pytest.mark.parametrize(("split", "masked"), [("dev", False), ("test", True)])
def test_passages_are_asked_for_the_terms_that_they_are_strongly_about(
    passage_tasks, corpus, inventory, heldout, split, masked
):
    task = tasks.passage_to_terms(corpus, inventory, heldout, split, FULL, masked)
    other = passage_tasks[split, masked]
    turned = {(passage, term) for term, right in other.qrels.items() for passage in right}
    assert {(query, term) for query, right in task.qrels.items() for term in right} == turned
    assert all(text == other.corpus[query] for query, text in task.queries.items())  # encoded once for both
    documents = {p.id: p.document for p in corpus}
    assert task.groups == {query: documents[query] for query in task.queries}


def test_the_terms_to_choose_from_are_all_that_occur_in_any_passage_by_name(corpus, inventory, heldout):
    task = tasks.passage_to_terms(corpus, inventory, heldout, "test", SMOKE, masked=True)
    occurring = Matcher(inventory).by_term("\n".join(p.text for p in corpus))
    assert task.corpus == {t.name: t.name for t in inventory if t.name in occurring}
    assert 100 < len(task.corpus) < len(inventory)


def test_masked_passages_hold_no_name_of_a_term_that_is_right_for_any_of_them(corpus, inventory, heldout):
    task = tasks.passage_to_terms(corpus, inventory, heldout, "test", SMOKE, masked=True)
    asked = frozenset().union(*task.qrels.values())
    matcher = Matcher(inventory)
    assert not any(matcher.by_term(text).keys() & asked for text in task.queries.values())
    assert 0 < len(task.queries) <= SMOKE.passages and len(set(task.groups.values())) > 1


def test_a_part_of_a_task_asks_fewer_queries_of_the_same_corpus(passage_tasks):
    whole = passage_tasks["test", True]
    few = list(whole.queries)[3:6]
    part = whole.only({*few, "no query of the task"}, "few terms")
    assert part.name == "few terms" and list(part.queries) == list(part.qrels) == list(part.groups) == few
    assert all(part.qrels[query] == whole.qrels[query] for query in few)
    assert (part.corpus, part.split) == (whole.corpus, "test") and part.fingerprint != whole.fingerprint
    with pytest.raises(CourseError, match="'nothing' asks nothing"):
        whole.only([], "nothing")


@SPLITS
def test_a_task_says_which_split_it_asks_about(concepts, heldout, passage_tasks, split):
    made = [make(concepts, heldout, split, SMOKE) for make in (tasks.question_to_answers, tasks.scenario_to_answers)]
    assert {task.split for task in (*made, passage_tasks[split, False])} == {split}


def right_task() -> dict:
    return {
        "name": "t",
        "queries": {"q": "What is it?"},
        "corpus": {"a": "This.", "b": "That."},
        "qrels": {"q": frozenset("a")},
        "groups": {"q": "q"},
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"queries": {"q": " \n"}}, "Task 't': query 'q' is empty; remove it or write it."),
        (
            {"qrels": {"q": frozenset(["a", "z"])}},
            "Task 't': qrels of 'q' name 'z', which the corpus lacks; correct it.",
        ),
        ({"qrels": {"q": frozenset()}}, "Task 't': query 'q' has no relevant document; remove it."),
        ({"qrels": {}}, "Task 't': query 'q' has no relevant document; remove it."),
        (
            {"corpus": {"a": "This.", "b": "This."}},
            "Task 't': the corpus holds a text twice; keep one and list it in the qrels.",
        ),
        (
            {"queries": {}},
            "Task 't' asks nothing: choose a split or a profile with something held out.",
        ),
    ],
    ids=["empty query", "unknown id", "no relevant", "no qrels", "duplicates", "no query"],
)
def test_what_cannot_be_judged_is_refused_in_one_sentence(change, sentence):
    RetrievalTask(**right_task())
    with pytest.raises(CourseError) as error:
        RetrievalTask(**right_task() | change)
    assert str(error.value) == sentence


def test_the_fingerprint_changes_with_queries_corpus_and_qrels_and_with_nothing_else():
    task = RetrievalTask(**right_task())
    assert RetrievalTask(**right_task()).fingerprint == replace(task, name="u").fingerprint == task.fingerprint
    assert replace(task, split="test").fingerprint == task.fingerprint
    changed = [
        replace(task, queries={"q": "Which one?"}),
        replace(task, corpus={"a": "This.", "b": "Other."}),
        replace(task, qrels={"q": frozenset("ab")}),
    ]
    assert len({task.fingerprint, *(t.fingerprint for t in changed)}) == 4

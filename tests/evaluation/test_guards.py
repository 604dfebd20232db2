"""Nothing of a task stands in training, and no query is cut without a word."""

import pytest

from course_lib import profiles
from course_lib.data import splits, triplets
from course_lib.data.splits import SHINGLE_LIMIT, SHINGLE_WORDS, LeakageError
from course_lib.data.text import shingles
from course_lib.errors import CourseError
from course_lib.evaluation import guards, suite

FULL = profiles.load("full")
SOME = "a sentence of more than eight words which is about nothing at all"
OTHER = "here is another one of them that says quite different things to its reader"


@pytest.fixture(scope="module")
def training(concepts, corpus, inventory, heldout) -> list[str]:
    """All texts that the course trains on."""
    pairs = splits.training_pairs(concepts, heldout)
    strong = splits.training_strong_pairs(triplets.strong_pairs(corpus, inventory), heldout)
    texts = [text for pair in pairs for text in (pair.question, pair.answer)]
    return texts + [text for pair in strong for text in (pair.passage.text, pair.term.name)]


@pytest.fixture(scope="module")
def test_tasks(concepts, corpus, inventory, heldout) -> dict:
    return suite.build(suite.Data(concepts, corpus, inventory, heldout), "test", FULL, list(suite.TASKS))


def test_nothing_that_the_course_trains_on_stands_in_a_test_task(test_tasks, training):
    for name in suite.TASKS.keys() - set(suite.UNSEEN):  # unseen terms are parts of others
        guards.assert_untrained(test_tasks[name], training)


def test_no_section_of_another_manual_stands_in_what_the_course_trains_on(test_tasks, training):
    known = {run for text in training for run in shingles(text, SHINGLE_WORDS)}
    sections = test_tasks["transfer-manuals"].corpus.values()
    assert max(splits.overlap(section, known) for section in sections) <= SHINGLE_LIMIT


@pytest.mark.parametrize("name", suite.TASKS)
def test_a_planted_leak_is_refused_in_one_sentence(test_tasks, name):
    task = test_tasks[name]
    query = next(iter(task.queries))
    texts = [task.queries[query], *(task.corpus[document] for document in task.qrels[query])]
    with pytest.raises(LeakageError) as error:
        guards.assert_untrained(task, ["an innocent text", *texts])
    assert f"Task {task.name!r}: " in str(error.value) and repr(query) in str(error.value)
    assert str(error.value).endswith(" stands in the training texts; train without it, or judge on other data.")


def test_a_query_alone_and_the_answers_alone_are_leaks_a_quotation_and_a_shared_sibling_are_not(small_task):
    task = small_task({"a": SOME, "b": OTHER}, {"q": "one " + OTHER})
    for leaked in (OTHER, "slightly changed: " + OTHER, SOME, f"It says {SOME}, as we know."):
        with pytest.raises(LeakageError):
            guards.assert_untrained(task, [leaked])
    long_text = " ".join(f"word{i}" for i in range(200))
    guards.assert_untrained(task, [f"{long_text} one {OTHER} {long_text[::-1]}", "other words altogether"])
    two_right = type(task)("t", task.queries, task.corpus, {"q": frozenset("ab")}, task.groups)
    guards.assert_untrained(two_right, [SOME])


def test_a_query_that_the_model_would_cut_is_refused_and_one_that_just_fits_is_not(minilm, small_task):
    limit = minilm.model.max_seq_length
    fits, cut = "word " * (limit - 2), "word " * (limit - 1)
    guards.assert_queries_fit(small_task({"a": SOME}, {"q": fits}), minilm.model)
    with pytest.raises(CourseError) as error:
        guards.assert_queries_fit(small_task({"a": SOME}, {"short": "word", "long": cut}), minilm.model)
    assert str(error.value) == (
        f"Task 'a few words': query 'long' has {limit + 1} tokens, and the model would silently read the first "
        f"{limit}; shorten it, raise max_seq_length, or leave the task out."
    )


def test_a_model_without_a_limit_reads_every_query(small_task):
    class Unlimited:
        max_seq_length = float("inf")

    guards.assert_queries_fit(small_task({"a": SOME}, {"q": "word " * 9999}), Unlimited())


def test_a_long_document_is_no_fault_a_corpus_may_be_cut(minilm, small_task):
    guards.assert_queries_fit(small_task({"a": SOME * 99}, {"q": "word"}), minilm.model)

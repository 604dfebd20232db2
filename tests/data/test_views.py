"""Views show the published rows in other ways: no text is added, names are hidden, and what answers what is told."""

import shutil

import pytest

from course_lib import paths
from course_lib.data import qa, tables, views
from course_lib.data.passages import Passage
from course_lib.data.terms import BLANK, Term
from course_lib.data.triplets import strong_pairs

TERMS = [Term("ridge regression", "linear", ("ridge",)), Term("lasso", "linear"), Term("k-means", "clusters")]
PASSAGES = [
    Passage("a/1", "a", (), "Ridge regression shrinks. The ridge penalty is smooth; the lasso is not."),
    Passage("b/1", "b", (), "The lasso selects. A lasso path is piecewise linear."),
]


@pytest.fixture(scope="module")
def concepts(tmp_path_factory) -> list[qa.Concept]:
    folder = tmp_path_factory.mktemp("qa")
    shutil.copy(paths.DATA / "qa" / "metrics.jsonl", folder)
    return qa.load(folder)


def test_questions_are_the_published_rows(concepts):
    pairs = qa.pairs(concepts)
    rows = views.questions(pairs, concepts, seed=1)
    assert [(r.anchor, r.positive) for r in rows] == [(p.question, p.answer) for p in pairs]
    assert all(row.answers == (row.asks,) for row in rows)


def test_a_masked_answer_asks_for_another_answer_to_the_same_question_and_does_not_name_it(concepts):
    own = {concept.name: concept for concept in concepts}
    rows = views.masked_answers(qa.pairs(concepts), concepts, seed=1)
    assert [row.positive for row in rows] == [pair.answer for pair in qa.pairs(concepts)]
    for row in rows:
        concept = own[row.asks]
        assert row.positive in concept.answers and row.anchor != row.positive and row.answers == (row.asks,)
        assert not {name for name in (concept.name, *concept.aliases) if name.lower() in row.anchor.lower().split()}
        assert BLANK in row.anchor or row.anchor in concept.answers


def test_a_concept_with_one_answer_gives_no_row_of_masked_answers(concepts):
    assert views.masked_answers(qa.pairs(concepts)[:1], concepts, seed=1) == []


@pytest.mark.parametrize(("masked", "hidden"), [(0.0, 0), (1.0, 2)])
def test_a_masked_passage_hides_every_name_of_its_term_and_of_no_other(masked, hidden):
    pairs = strong_pairs(PASSAGES, TERMS)
    rows = views.masked_passages(pairs, TERMS, seed=1, masked=masked)
    assert [(r.anchor, r.asks) for r in rows] == [("ridge regression",) * 2, ("lasso",) * 2]
    assert sum(BLANK in row.positive for row in rows) == hidden
    if masked:
        assert rows[0].positive == f"{BLANK} shrinks. The {BLANK} penalty is smooth; the lasso is not."


def test_a_passage_answers_every_term_that_it_mentions_masked_or_not():
    rows = views.masked_passages(strong_pairs(PASSAGES, TERMS), TERMS, seed=1, masked=0.5)
    assert [row.answers for row in rows] == [("ridge regression", "lasso"), ("lasso",)]


def test_the_same_seed_shows_the_same_rows_and_another_seed_others(concepts):
    pairs = qa.pairs(concepts)
    first, again, other = (views.masked_answers(pairs, concepts, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_dataset_of_a_view_has_two_texts_and_what_a_sampler_must_know(concepts):
    rows = views.questions(qa.pairs(concepts)[:3], concepts, seed=1)
    dataset = tables.to_dataset(rows)
    assert dataset.column_names == ["sentence_0", "sentence_1", *views.VIEW_COLUMNS]
    assert dataset[0]["answers"] == [rows[0].asks] and dataset[0]["sentence_1"] == rows[0].positive

"""The datasheet prints what the data hold, and the data hold what the datasheet promises."""

from collections import Counter

from course_lib.data import datasheet, judgements


def test_every_fact_on_the_page_is_counted_from_the_data(read_once):
    assert datasheet.table(datasheet.facts()) in datasheet.PAGE.read_text(encoding="utf-8")


def test_most_judged_training_positives_are_about_their_term():
    judged = judgements.load(judgements.TRAINING)
    counts = Counter((j.kind, j.judgement) for j in judged)
    positives = sum(n for (kind, _), n in counts.items() if kind == "positive")
    negatives = sum(n for (kind, _), n in counts.items() if kind == "negative")
    assert (positives, negatives) == (150, 100)
    assert counts["positive", "about"] >= 0.75 * positives
    assert counts["positive", "wrong sense"] <= 0.03 * positives
    assert counts["negative", "false"] <= 0.02 * negatives


def test_the_judged_pairs_are_training_pairs(training):
    trained = {(p.passage.id, p.term.name) for p in training}
    judged = {(j.passage, j.term) for j in judgements.load(judgements.TRAINING) if j.kind == "positive"}
    assert judged <= trained


def test_siblings_can_be_told_apart_by_their_answers():
    rows = datasheet._jsonl(datasheet.paths.DATA / "sibling_test.jsonl")
    assert len(rows) == 60 and sum(row["picked"] == row["concept"] for row in rows) >= 54

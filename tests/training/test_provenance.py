"""The course's rows are known by their texts, and nobody else's get its name or licence."""

from datasets import Dataset

from course_lib.data import terms
from course_lib.training import provenance
from course_lib.training.provenance import PAIRS, TRIPLETS

OWN = "A text of somebody's own that is longer than a line of forty characters."


def test_question_answer_pairs_are_known_in_any_order_of_columns(pairs):
    first, second = pairs.column_names
    assert provenance.source(pairs) == PAIRS
    assert provenance.source(Dataset.from_dict({first: pairs[second], second: pairs[first]})) == PAIRS


def test_passages_are_known_raw_and_masked(corpus, inventory):
    matcher, corpus = terms.Matcher(inventory), corpus[:20]
    masked = [matcher.mask(p.text, {m.term for m in matcher.mentions(p.text)[:1]}) for p in corpus]
    assert masked != [p.text for p in corpus]
    for texts in ([p.text for p in corpus], masked):
        dataset = Dataset.from_dict({"sentence_0": texts, "sentence_1": ["term"] * 20, "sentence_2": ["other"] * 20})
        assert provenance.source(dataset) == TRIPLETS


def test_rows_of_somebody_else_are_nobody_s(pairs):
    assert provenance.source(Dataset.from_dict({"a": [OWN] * 4, "b": ["term"] * 4})) is None
    half = {name: [*pairs[name][:4], *[OWN] * 4] for name in pairs.column_names}
    assert provenance.source(Dataset.from_dict(half)) is None

"""Hubs and narrow cones are told from even spaces, and wins and losses can be traced to their queries."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.data.text import words
from course_lib.errors import CourseError
from course_lib.evaluation import diagnostics, judge
from course_lib.evaluation.metrics import METRICS
from course_lib.evaluation.retrievers import BM25, Random
from course_lib.evaluation.tasks import RetrievalTask

CHANCE = np.random.default_rng(0)
CLOUD = CHANCE.normal(size=(300, 40))
ROTATION = np.linalg.qr(CHANCE.normal(size=(40, 40)))[0]


def test_occurrences_equal_brute_force_and_their_mean_is_ten():
    found = diagnostics.occurrences(CLOUD)
    unit = CLOUD / np.linalg.norm(CLOUD, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, -np.inf)
    expected = np.zeros(len(CLOUD), int)
    for row in np.argsort(-similar, axis=1)[:, :10]:
        expected[row] += 1
    assert (found == expected).all() and found.mean() == 10


def test_a_text_near_the_middle_of_all_others_is_the_hub():
    apart = np.eye(40) + CHANCE.normal(0, 0.01, (40, 40))
    found = diagnostics.occurrences(np.vstack([apart, apart.mean(axis=0)]))
    assert found.argmax() == 40 and found[40] == 40


def test_hubness_grows_with_the_dimension_of_an_even_cloud():
    """What Radovanovic et al. showed."""
    by_dimension = [diagnostics.hubness(np.random.default_rng(1).normal(size=(400, d))) for d in (3, 20, 200)]
    assert by_dimension == sorted(by_dimension) and by_dimension[-1] > 2 * abs(by_dimension[0])


def test_texts_on_a_ring_have_no_hub():
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    assert diagnostics.hubness(np.stack([np.cos(angles), np.sin(angles)], axis=1)) == pytest.approx(0, abs=1e-9)


def test_both_go_by_directions_alone():
    lengths = CHANCE.uniform(0.5, 2, (300, 1))
    for measure in (diagnostics.hubness, diagnostics.anisotropy):
        assert measure(CLOUD @ ROTATION) == pytest.approx(measure(CLOUD), abs=1e-9)
        assert measure(CLOUD * lengths) == pytest.approx(measure(CLOUD), abs=1e-9)
        assert measure(CLOUD[CHANCE.permutation(300)]) == pytest.approx(measure(CLOUD), abs=1e-9)


def test_anisotropy_is_the_mean_cosine_over_all_pairs_by_brute_force():
    few = (CLOUD[:50] + 0.5).astype(np.float32)
    unit = few / np.linalg.norm(few, axis=1, keepdims=True)
    above = (unit @ unit.T)[np.triu_indices(50, 1)]
    assert diagnostics.anisotropy(few) == pytest.approx(above.mean(), abs=1e-6)


def test_anisotropy_is_0_for_even_directions_1_for_one_and_grows_with_a_vector_that_all_share():
    assert diagnostics.anisotropy(np.eye(40)) == pytest.approx(0, abs=1e-12)
    assert diagnostics.anisotropy(CLOUD) == pytest.approx(0, abs=0.01)
    assert diagnostics.anisotropy(np.ones((5, 40))) == pytest.approx(1)
    shared = [diagnostics.anisotropy(CLOUD + shift) for shift in (0, 0.5, 2)]
    assert shared == sorted(shared) and shared[-1] > 0.7


def test_too_few_texts_are_refused():
    with pytest.raises(CourseError, match="10 texts have no 10 neighbours each: embed more of them"):
        diagnostics.hubness(CLOUD[:10])
    assert diagnostics.occurrences(CLOUD[:11]).tolist() == [10] * 11
    with pytest.raises(CourseError, match="embed at least two"):
        diagnostics.anisotropy(CLOUD[:1])


# --- wins and losses


def made(values: dict[str, float], task: RetrievalTask, name: str, seed: int | None = None) -> judge.Scores:
    per_query = {query: dict.fromkeys(METRICS, value) for query, value in values.items()}
    return judge.Scores(task.name, name, per_query, task.groups, task.fingerprint, seed)


TASK = RetrievalTask(
    "a few words",
    queries={
        "1": "why does the loss fall",
        "2": "salty sea water",
        "3": "what is it",
        "4": "a loss of sea water today",
    },
    corpus={"a": "the loss falls when gradients shrink", "b": "sea water is salty", "c": "salt lakes are no sea"},
    qrels={"1": frozenset("a"), "2": frozenset("bc"), "3": frozenset("a"), "4": frozenset("b")},
    groups={"1": "training", "2": "water", "3": "training", "4": "water"},
)
BEFORE = made({"1": 0.5, "2": 0.5, "3": 0.5, "4": 0.5}, TASK, "before")
AFTER = made({"1": 0.9, "2": 0.2, "3": 0.5, "4": 0.4}, TASK, "after")
CHANGES = diagnostics.compare_queries(AFTER, BEFORE, TASK)


def test_queries_come_from_the_largest_loss_to_the_largest_gain_with_their_texts():
    assert [change.query for change in CHANGES] == ["2", "4", "3", "1"]
    assert [change.difference for change in CHANGES] == pytest.approx([-0.3, -0.1, 0, 0.4])
    lost = CHANGES[0]
    assert (lost.text, lost.group, lost.length) == ("salty sea water", "water", 3)
    assert lost.right == ("sea water is salty", "salt lakes are no sea")


def test_overlap_is_the_mean_share_of_content_words_in_the_right_documents():
    overlap = {change.query: change.overlap for change in CHANGES}
    assert overlap["2"] == pytest.approx((3 / 3 + 1 / 3) / 2)
    assert overlap["1"] == pytest.approx(1 / 2)  # of {loss, fall}: `falls` is another word
    assert overlap["3"] == 0.0  # no content word
    assert overlap["4"] == pytest.approx(2 / 4)


def test_a_text_shares_all_its_words_with_itself_and_none_with_another_language():
    text = "The gradient of the loss shrinks"
    assert diagnostics.word_overlap(text, [text]) == 1.0
    assert diagnostics.word_overlap(text, ["Une phrase quelconque"]) == 0.0
    assert diagnostics.word_overlap(text, [text, "Une phrase quelconque"]) == 0.5


def test_the_changes_add_up_to_the_difference_of_the_means(concepts, heldout, small_task):
    corpus = {c.name: c.answers[0] for c in concepts[:30]}
    task = small_task(corpus, {c.name: c.question for c in concepts[:30]}, {name: name for name in corpus})
    scored = [judge.evaluate(task, retriever) for retriever in (BM25(), Random(0))]
    changes = diagnostics.compare_queries(*scored, task)
    assert sum(change.difference for change in changes) / 30 == pytest.approx(
        judge.verdict(*scored, 50, 0).difference.mean
    )
    assert all(change.length == len(words(task.queries[change.query])) for change in changes)


def test_training_seeds_are_averaged():
    runs = [made({"1": 1.0, "2": 0.0, "3": 0.5, "4": 0.5}, TASK, "after", 1)]
    runs += [made({"1": 0.0, "2": 0.5, "3": 0.5, "4": 0.5}, TASK, "after", 2)]
    after = {change.query: change.candidate for change in diagnostics.compare_queries(runs, BEFORE, TASK)}
    assert after == {"1": 0.5, "2": 0.25, "3": 0.5, "4": 0.5}


def test_scores_of_another_task_are_refused():
    with pytest.raises(CourseError, match="scores of 'after' are not of the task 'another'"):
        diagnostics.compare_queries(AFTER, BEFORE, replace(TASK, name="another"))
    with pytest.raises(CourseError, match="are not of the task 'a few words'"):
        diagnostics.compare_queries(AFTER, BEFORE, replace(TASK, corpus=TASK.corpus | {"d": "one more"}))


def test_families_are_means_over_groups_and_cover_every_query():
    families = {"training": "learning", "water": "nature", "unused": "other"}
    learning, nature = diagnostics.by_family(CHANGES, families, 100, 0)
    assert (learning.part, learning.queries, learning.groups) == ("learning", 2, 1)
    assert (learning.difference.mean, nature.difference.mean) == pytest.approx((0.2, -0.2))
    (all_of_them,) = diagnostics.by_family(CHANGES, dict.fromkeys(families, "all"), 100, 0)
    assert (all_of_them.queries, all_of_them.groups) == (4, 2)
    assert all_of_them.difference.low <= all_of_them.difference.mean <= all_of_them.difference.high
    with pytest.raises(CourseError, match="No family is given for 'water': pass the families of all concepts"):
        diagnostics.by_family(CHANGES, {"training": "learning"}, 100, 0)


def changes(overlaps, lengths) -> list[diagnostics.QueryChange]:
    """Half of each query's overlap is what it gains."""
    return [
        diagnostics.QueryChange(f"q{i}", f"g{i}", "", (), overlap, length, overlap / 2, 0.0)
        for i, (overlap, length) in enumerate(zip(overlaps, lengths, strict=True))
    ]


def test_thirds_are_equal_in_size_in_increasing_order_and_hold_every_query():
    chance = np.random.default_rng(0)
    found = changes(chance.permutation(np.arange(30) / 30), chance.permutation(np.arange(1, 31)))
    for parts in (diagnostics.by_overlap(found, 50, 0), diagnostics.by_length(found, 50, 0)):
        assert [part.queries for part in parts] == [10, 10, 10]
    low, middle, high = diagnostics.by_overlap(found, 50, 0)
    assert [low.part, middle.part, high.part] == ["0.00 to 0.30", "0.33 to 0.63", "0.67 to 0.97"]
    assert low.difference.mean < middle.difference.mean < high.difference.mean
    assert [part.part for part in diagnostics.by_length(found, 50, 0)] == ["1 to 10", "11 to 20", "21 to 30"]


def test_equal_values_share_a_third_and_an_empty_third_is_left_out():
    found = changes([0.0] * 8 + [1.0], [4] * 9)
    assert [(part.part, part.queries) for part in diagnostics.by_overlap(found, 50, 0)] == [
        ("0.00 to 0.00", 8),
        ("1.00 to 1.00", 1),
    ]
    assert [(part.part, part.queries) for part in diagnostics.by_length(found, 50, 0)] == [("4 to 4", 9)]

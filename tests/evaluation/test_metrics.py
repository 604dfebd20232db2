"""Every metric equals ir-measures to six decimals, triplet accuracy the library's, and cases computed by hand."""

import copy
import math
import random
from itertools import pairwise

import numpy as np
import pytest
from sentence_transformers.sentence_transformer.evaluation import TripletEvaluator

from course_lib.errors import CourseError
from course_lib.evaluation import metrics

RANKED = [f"d{i}" for i in range(12)]


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """The field's own judge, kept away from the user's home."""
    with pytest.MonkeyPatch.context() as inside:
        inside.setenv("IR_DATASETS_HOME", str(tmp_path_factory.mktemp("ir_datasets")))
        import ir_measures
    theirs = {"nDCG@10": "nDCG@10", "MRR@10": "RR@10", "Recall@10": "R@10", "Recall@100": "R@100", "MAP": "AP@1000"}
    assert theirs.keys() == metrics.METRICS.keys()
    return ir_measures, {name: ir_measures.parse_measure(measure) for name, measure in theirs.items()}


@pytest.mark.parametrize("seed", range(3))
def test_every_metric_equals_ir_measures_to_six_decimals_on_random_rankings(judge, seed):
    ir_measures, measures = judge
    chance = random.Random(seed)
    qrels, runs, rankings = {}, {}, {}
    for number in range(60):
        query, documents = f"q{number}", [f"d{i}" for i in range(chance.choice([1, 3, 10, 11, 150, 1200]))]
        unretrieved = [f"missed{i}" for i in range(chance.choice([0, 1, 30]))]
        relevant = set(chance.sample(documents, chance.randint(1, min(len(documents), 40)))) | set(unretrieved)
        chance.shuffle(documents)
        rankings[query] = documents[: metrics.DEPTH]
        qrels[query] = dict.fromkeys(relevant, 1)
        runs[query] = {document: float(-rank) for rank, document in enumerate(rankings[query])}
    ours = {query: metrics.score(ranking, set(qrels[query])) for query, ranking in rankings.items()}
    found = list(ir_measures.iter_calc(list(measures.values()), qrels, runs))
    assert len(found) == 60 * len(metrics.METRICS)
    names = {measure: name for name, measure in measures.items()}
    for value in found:
        assert ours[value.query_id][names[value.measure]] == pytest.approx(value.value, abs=5e-7), value


def test_no_relevant_document_found_scores_zero_everywhere():
    assert set(metrics.score(RANKED, {"elsewhere"}).values()) == {0.0}
    assert set(metrics.score([], {"elsewhere"}).values()) == {0.0}


def test_a_hit_below_the_cut_off_counts_for_the_deeper_metrics_alone():
    assert metrics.score(RANKED, {"d10"}) == {
        "nDCG@10": 0.0,
        "MRR@10": 0.0,
        "Recall@10": 0.0,
        "Recall@100": 1.0,
        "MAP": pytest.approx(1 / 11),
    }


def test_all_documents_relevant_score_one_but_for_a_recall_that_cannot_hold_them():
    scores = metrics.score(RANKED, set(RANKED))
    assert scores.pop("Recall@10") == pytest.approx(10 / 12)
    assert list(scores.values()) == pytest.approx([1.0] * 4)


def test_fewer_documents_than_k_are_judged_by_those_there_are():
    assert metrics.ndcg(["a", "b"], {"a", "b"}, 10) == 1.0
    assert metrics.recall(["a", "b"], {"b"}, 10) == 1.0
    assert metrics.ndcg(["a", "b"], {"b", "never found"}, 10) == pytest.approx(
        (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    )


def test_two_of_three_right_documents_at_ranks_2_and_5_by_hand():
    scores = metrics.score(["x", "a", "y", "z", "b"], {"a", "b", "c"})
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert scores["nDCG@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / ideal)
    assert scores["MRR@10"] == 1 / 2
    assert scores["Recall@10"] == scores["Recall@100"] == pytest.approx(2 / 3)
    assert scores["MAP"] == pytest.approx((1 / 2 + 2 / 5) / 3)


def test_a_better_place_never_scores_worse():
    scores = [metrics.score([*RANKED[:rank], "right", *RANKED[rank:]], {"right"}) for rank in range(12)]
    for earlier, later in pairwise(scores):
        assert all(earlier[name] >= later[name] for name in metrics.METRICS)


def test_triplet_accuracy_equals_the_library_s_evaluator(minilm, concepts):
    few = concepts[:12]
    texts = ([c.answers[0] for c in few], [c.answers[1] for c in few], [c.question for c in [*few[1:], few[0]]])
    evaluator = TripletEvaluator(*texts, write_csv=False, similarity_fn_names=["cosine"])
    model = copy.deepcopy(minilm.model)  # the evaluator notes its result in the model's card
    anchors, positives, negatives = (model.encode(part, show_progress_bar=False) for part in texts)
    ours = metrics.triplet_accuracy(anchors, positives, negatives)
    assert ours == pytest.approx(evaluator(model)["cosine_accuracy"], abs=1e-6)
    assert metrics.triplet_accuracy(anchors, negatives, positives) == pytest.approx(1 - ours)


def test_triplet_accuracy_by_hand_goes_by_direction_alone_and_takes_a_tie_for_wrong():
    anchors = np.array([[1.0, 0.0]] * 4)
    positives = np.array([[5.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    negatives = np.array([[9.0, 1.0], [0.0, 7.0], [1.0, 1.0], [0.0, 3.0]])
    assert metrics.triplet_accuracy(anchors, positives, negatives) == 0.5
    assert metrics.triplet_accuracy(anchors, positives * 3, negatives / 7) == 0.5


def test_random_embeddings_are_right_half_of_the_time():
    anchors, positives, negatives = np.random.default_rng(0).normal(size=(3, 4000, 8))
    assert metrics.triplet_accuracy(anchors, positives, negatives) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("shapes", [((4, 3), (4, 3), (5, 3)), ((4, 3), (4, 768), (4, 3)), ((0, 3),) * 3])
def test_triplets_of_unequal_shape_or_none_are_refused(shapes):
    with pytest.raises(CourseError, match="Triplets need three arrays of one shape and at least one row, not"):
        metrics.triplet_accuracy(*(np.ones(shape) for shape in shapes))

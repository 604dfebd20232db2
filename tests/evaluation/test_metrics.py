"""Every metric equals ir-measures to six decimals, and the cases that can be computed by hand."""

import math
import random
from itertools import pairwise

import pytest

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

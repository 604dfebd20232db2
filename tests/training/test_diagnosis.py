"""Each seeded fault is named, and nothing else; a healthy run is named healthy. Real rows, the real encoder."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from datasets import Dataset

from course_lib.data import splits, tables
from course_lib.errors import CourseError
from course_lib.training import broken, symptoms
from course_lib.training.broken import Case
from course_lib.training.diagnosis import Finding, diagnose
from course_lib.training.recipes import MINILM_AS_PRINTED, MPNET_AS_PRINTED
from course_lib.training.symptoms import Symptoms

KEYS = ("eval_dev_cosine_ndcg@10", "eval_dev_cosine_mrr@10", "eval_dev_cosine_accuracy@1")
FALLING, CLIMBING, DOWN_TO_BLIND = (
    (1.1, 0.8, 0.9, 0.7, 0.6, 0.6),
    (1.0, 0.9, 2.0, 2.9, 2.8, 2.8),
    (7, 5, 4, 3.2, 2.9, 3),
)
PAIRS = Symptoms(MINILM_AS_PRINTED)


@pytest.fixture(scope="module")
def dev_rows(concepts, heldout) -> Dataset:
    """A scenario and an answer of each concept of the dev split."""
    asked = heldout.concepts(concepts, "dev")
    columns = {"sentence_0": [c.scenarios[0].question for c in asked], "sentence_1": [c.answers[0] for c in asked]}
    return Dataset.from_dict(columns)


@pytest.fixture(scope="module")
def runs(concepts, heldout, dev_rows) -> dict[str, Case]:
    pairs = tables.to_dataset(splits.training_pairs(concepts, heldout)[:120])
    return broken.healthy(pairs, 128, seed=1) | broken.cases(pairs, dev_rows, 128, seed=1)


@pytest.fixture(scope="module")
def examine(minilm, dev_rows) -> Callable[[Case], Symptoms]:
    known: dict[str, np.ndarray] = {}

    def embed(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, minilm.model.encode(new, normalize_embeddings=True), strict=True))
        return np.stack([known[text] for text in texts])

    secret = [*dev_rows["sentence_0"], *dev_rows["sentence_1"]]
    tokenizer = minilm.model.tokenizer
    return lambda case: symptoms.of_rows(case.recipe, case.dataset, case.max_seq_length, tokenizer, embed, secret)


@pytest.mark.parametrize("name", [*"ABCDEFG", "pairs", "triplets"])
def test_a_seeded_fault_is_named_and_nothing_else_and_a_healthy_run_has_none(runs, examine, name: str) -> None:
    found = diagnose(examine(runs[name]))
    assert [finding.fault for finding in found] == [fault for fault in [runs[name].fault] if fault]
    assert all(str(finding).endswith(".") and finding.evidence and finding.remedy for finding in found)


def test_a_misspelt_metric_is_named_with_the_nearest_key() -> None:
    (found,) = diagnose(replace(PAIRS, metric="eval_dev_ndcg@10", keys=KEYS))
    assert found.fault == "metric misspelt" and "'eval_dev_cosine_ndcg@10'" in found.remedy


@pytest.mark.parametrize("metric", [KEYS[0], "dev_cosine_ndcg@10", ""])
def test_a_metric_of_the_evaluator_with_or_without_its_prefix_is_right_and_so_is_none(metric: str) -> None:
    assert diagnose(replace(PAIRS, metric=metric, keys=KEYS)) == []


def test_the_seven_faults_with_a_curve_are_all_different_and_each_changes_one_thing(runs) -> None:
    assert len({runs[letter].fault for letter in "ABCDEFG"}) == 7
    for letter in "ABCDEFG":
        case, good = runs[letter], runs["triplets" if letter in "AE" else "pairs"]
        same_recipe = replace(case.recipe, name=good.recipe.name) == good.recipe
        same_rows = case.dataset.to_dict() == good.dataset.to_dict() and case.dataset.features == good.dataset.features
        same_rows = same_rows and case.dataset.column_names == good.dataset.column_names
        assert [same_recipe, same_rows, case.max_seq_length == good.max_seq_length].count(False) == 1


# --- the loss curve, where neither rows nor recipe say anything


@pytest.mark.parametrize(
    ("losses", "faults"),
    [
        (FALLING, []),
        (CLIMBING, ["learning rate too high"]),
        (DOWN_TO_BLIND, ["labels shuffled"]),
        ((1.0, 2.0, float("nan")), ["learning rate too high"]),
        ((float("nan"),) * 3, ["learning rate too high"]),
        ((3.0, 2.9, *[float("nan")] * 4), ["learning rate too high"]),
        ((0.3, 1.2), []),  # two batches are no curve
        ((3.9, 5.0), ["labels shuffled"]),
        ((0.9,), []),
    ],
)
def test_a_curve_alone_tells_a_rate_too_high_from_shuffled_labels(losses, faults) -> None:
    found = diagnose(replace(PAIRS, losses=losses))
    assert [finding.fault for finding in found] == faults and {finding.seen_in for finding in found} <= {"curve"}


def test_of_triplets_a_large_loss_says_nothing_without_its_margin() -> None:
    recipe = replace(MPNET_AS_PRINTED, margin=2.0)
    assert diagnose(Symptoms(recipe, losses=DOWN_TO_BLIND)) == diagnose(Symptoms(recipe, losses=CLIMBING)) == []


def test_of_the_published_recipes_only_the_margin_of_the_triplets_is_out_of_reach() -> None:
    assert diagnose(Symptoms(MINILM_AS_PRINTED)) == []
    assert [finding.fault for finding in diagnose(Symptoms(MPNET_AS_PRINTED))] == ["margin out of reach"]


def test_a_finding_is_one_sentence() -> None:
    assert str(Finding("train = test", "two of two", "split", "rows")) == "train = test: two of two; split."


# --- what is measured of the rows


def test_false_negatives_of_a_row_are_those_of_random_batches() -> None:
    columns = [["q"] * 3 + ["r", "s"], ["1", "2", "2", "4", "4"]]
    rng, met = np.random.default_rng(0), []
    for _ in range(4000):
        batch = rng.permutation(5)[:3]
        same = [
            columns[0][i] == columns[0][j] or columns[1][i] == columns[1][j] for i in batch for j in batch if i != j
        ]
        met.append(sum(same) / 3)
    assert symptoms.false_negatives(columns, 3) == pytest.approx(np.mean(met), abs=0.03)


def test_a_batch_larger_than_the_dataset_meets_every_row_once() -> None:
    assert symptoms.false_negatives([["q"] * 4, list("abcd")], 16) == 3
    assert symptoms.false_negatives([["q"], ["a"]], 16) == 0


def test_lost_is_the_share_of_tokens_beyond_the_limit_each_text_once(minilm) -> None:
    columns = [["one two three four", "one two three four"], ["one", "two"]]  # 6 + 3 + 3 tokens with their marks
    assert [symptoms.lost(columns, limit, minilm.model.tokenizer) for limit in (6, 5, 3)] == [0, 1 / 12, 3 / 12]


def test_a_held_out_text_that_is_nearly_a_training_text_has_leaked() -> None:
    text = "A forest averages the votes of many trees, each grown on rows drawn with replacement from the training set."
    columns = [["what is a forest"], [text]]
    other = "A single tree asks one question at a time and stops when the rows that are left agree with one another."
    assert symptoms.leaked(columns, [text.upper(), f"So: {text}", other, "What is a forest?"]) == 0.75
    assert symptoms.leaked(columns, []) == 0


def test_of_few_rows_or_of_one_anchor_the_order_is_not_judged() -> None:
    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 2))

    distinct = [str(n) for n in range(symptoms.ENOUGH)]
    assert symptoms.nearer([["q"] * 40, distinct + ["a"] * 8], embed) is None
    assert symptoms.nearer([distinct[1:], distinct[1:]], embed) is None
    assert symptoms.nearer([distinct, distinct], embed) == 0.5  # all ties


@pytest.mark.parametrize("rows", [{"a": ["x"]}, {"a": [], "b": []}])
def test_one_column_or_no_row_is_refused(minilm, rows) -> None:
    with pytest.raises(CourseError, match="at least two columns"):
        symptoms.of_rows(MINILM_AS_PRINTED, Dataset.from_dict(rows), 128, minilm.model.tokenizer, np.ones, ())


def test_pairs_of_one_anchor_make_no_triplets() -> None:
    with pytest.raises(CourseError, match="one anchor"):
        broken.triplets(Dataset.from_dict({"a": ["q", "q"], "b": ["1", "2"]}), seed=1)

"""Saved training seeds are judged only where they can be compared with what is at hand."""

import json
from types import SimpleNamespace

import pytest

from course_lib.course import ledger, seeds
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.training.recipes import MINILM_BETTER

ENCODER = SimpleNamespace(sha256="aa11")
DOCUMENTS = {"d1": "a loaf of bread", "d2": "a river"}


def task(name: str, *queries: str) -> RetrievalTask:
    asked = {query: query for query in queries}
    return RetrievalTask(name, asked, DOCUMENTS, dict.fromkeys(queries, frozenset(["d1"])), asked)


ASKED = task("asked", "bread", "loaf")


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "SAVED", tmp_path)
    (tmp_path / "full").mkdir()

    def one(seed: int, of: RetrievalTask = ASKED, sha256: str = "aa11") -> None:
        groups = {"task": of.name, "fingerprint": of.fingerprint, "nDCG@10": dict.fromkeys(of.groups, 0.5)}
        row = {"seed": seed, "encoder": f"MiniLM: 6 layers, SHA-256 {sha256}", "per_group": [groups]}
        (tmp_path / "full" / f"train-{MINILM_BETTER.name}-seed{seed}.json").write_text(json.dumps(row))

    return one


def test_seeds_of_the_same_weights_on_the_same_queries_are_found_under_the_name_given(save):
    save(43), save(44)
    found = seeds.comparable(MINILM_BETTER, "MiniLM better", ENCODER, [ASKED])
    assert {key: [run.seed for run in of] for key, of in found.items()} == {("asked", "MiniLM better"): [43, 44]}
    assert {run.retriever for run in found["asked", "MiniLM better"]} == {"MiniLM better"}


def test_other_weights_and_other_queries_are_left_out(save):
    save(42, sha256="bb22"), save(43, of=task("asked", "bread")), save(44)
    (runs,) = seeds.comparable(MINILM_BETTER, "MiniLM better", ENCODER, [ASKED]).values()
    assert [run.seed for run in runs] == [44]


def test_where_nothing_compares_there_is_no_entry(save):
    assert seeds.comparable(MINILM_BETTER, "MiniLM better", ENCODER, [ASKED]) == {}


def test_a_training_at_hand_takes_the_place_of_its_seed_and_may_stand_alone(save):
    save(42), save(43)
    saved = seeds.comparable(MINILM_BETTER, "MiniLM better", ENCODER, [ASKED])
    queries = {"bread": {"nDCG@10": 0.9}, "loaf": {"nDCG@10": 0.9}}
    own = Scores("asked", "MiniLM better", queries, ASKED.groups, ASKED.fingerprint, seed=42)
    other = Scores("elsewhere", "MiniLM better", queries, ASKED.groups, seed=42)
    joined = seeds.with_own(saved, [own, other])
    values = {run.seed: run.per_group()["bread"] for run in joined["asked", "MiniLM better"]}
    assert values == {42: 0.9, 43: 0.5}
    assert [run.seed for run in joined["elsewhere", "MiniLM better"]] == [42]
    assert [run.per_group()["bread"] for run in saved["asked", "MiniLM better"]] == [0.5, 0.5]

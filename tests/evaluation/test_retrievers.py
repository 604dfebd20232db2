"""BM25 finds words, dense retrieval is cosine similarity, and what cannot be ranked is refused."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib import precision, profiles
from course_lib.errors import CourseError
from course_lib.evaluation import retrievers, tasks
from course_lib.evaluation.metrics import DEPTH
from course_lib.evaluation.retrievers import BM25, Dense, Random

CORPUS = {
    "cats": "Cats sleep most of the day.",
    "trees": "A decision tree splits the rows at thresholds.",
    "sea": "The sea is salty and deep.",
    "forest": "A random forest averages many trees.",
    "rain": "It rained all night.",
}


def test_bm25_finds_the_document_with_the_exact_words_stems_included(small_task):
    queries = {"sea": "deep salty sea", "rain": "raining nights", "forest": "averaged forests", "cats": "SLEEP, cats!"}
    ranked = BM25().rank(small_task(CORPUS, queries))
    assert {query: ranking[0] for query, ranking in ranked.items()} == {query: query for query in queries}
    assert all(sorted(ranking) == sorted(CORPUS) for ranking in ranked.values())


def test_bm25_prefers_the_rarer_word_and_the_shorter_text(small_task):
    corpus = {"a": "loss loss gradient", "b": "loss margin", "c": "loss rate", "d": "margin rate of a long text " * 5}
    ranked = BM25().rank(small_task(corpus, {"rare": "loss gradient", "short": "margin"}))
    assert ranked["rare"][0] == "a" and ranked["short"][:2] in (["b", "d"], ["d", "b"])
    assert set(ranked["short"][2:]) == {"a", "c"}


@pytest.mark.parametrize("query", ["zyxwv qqq", "the of and", "?!", "…"])
def test_a_query_without_a_known_word_does_not_crash_bm25_and_keeps_corpus_order(small_task, query):
    ranked = BM25().rank(small_task(CORPUS, {"odd": query, "sea": "sea"}))
    assert ranked["odd"] == list(CORPUS) and ranked["sea"][0] == "sea"


def test_ties_of_bm25_stand_in_corpus_order(small_task):
    corpus = {f"d{i}": f"word{i} kernel" for i in range(30)}
    ranked = BM25().rank(small_task(corpus, {"tie": "kernel", "one": "word17"}))
    assert ranked["tie"] == list(corpus)
    assert ranked["one"] == ["d17", *(key for key in corpus if key != "d17")]


def test_dense_equals_cosine_similarity_by_brute_force_on_real_texts(minilm, concepts, heldout):
    task = tasks.scenario_to_answers(concepts, heldout, "test", replace(profiles.load("smoke"), concepts=3))
    ranked = Dense(minilm.model, "MiniLM").rank(task)
    texts = [*task.queries.values(), *task.corpus.values()]
    vectors = dict(zip(texts, minilm.model.encode(texts, show_progress_bar=False), strict=True))
    wide = precision.choose().name == "bf16"

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.sqrt(a @ a) / np.sqrt(b @ b))

    for query, text in task.queries.items():
        similarity = {key: cosine(vectors[text], vectors[answer]) for key, answer in task.corpus.items()}
        in_order = [similarity[key] for key in ranked[query]]
        assert sorted(ranked[query]) == sorted(task.corpus)
        assert in_order == pytest.approx(sorted(in_order, reverse=True), abs=0.02 if wide else 1e-5)


def test_ranking_is_by_dot_product_exactly_and_ties_stand_in_corpus_order(small_task):
    corpus = {f"d{i}": f"text {i}" for i in range(200)}
    task = small_task(corpus, {"a": "one", "b": "two"})
    chance = np.random.default_rng(0)
    documents = chance.integers(-2, 3, (200, 3)).astype(np.float32)  # many equal products
    queries = chance.integers(-2, 3, (2, 3)).astype(np.float32)
    ranked = retrievers.rank_by_similarity(task, queries, documents)
    for row, query in enumerate(task.queries):
        products = {key: float(queries[row] @ documents[i]) for i, key in enumerate(corpus)}
        assert ranked[query] == sorted(corpus, key=lambda key: -products[key])  # a stable sort


def test_a_ranking_ends_at_the_depth_that_the_metrics_look_at(small_task):
    corpus = {f"d{i}": f"text {i}" for i in range(DEPTH + 50)}
    task = small_task(corpus, {"a": "text 1"})
    similar = retrievers.rank_by_similarity(task, np.ones((1, 2)), np.ones((DEPTH + 50, 2)))
    for ranked in (similar, BM25().rank(task), Random(0).rank(task)):
        assert len(ranked["a"]) == len(set(ranked["a"])) == DEPTH


def test_each_text_is_encoded_once_also_over_several_tasks(minilm, small_task, monkeypatch):
    encoded, encode = [], minilm.model.encode
    monkeypatch.setattr(minilm.model, "encode", lambda texts, **kw: encoded.extend(texts) or encode(texts, **kw))
    dense = Dense(minilm.model, "MiniLM")
    first = dense.rank(small_task(CORPUS, {"q": "sea", "r": "sea", "s": CORPUS["rain"]}))
    assert sorted(encoded) == sorted(["sea", *CORPUS.values()])
    again = dense.rank(small_task(CORPUS | {"new": "A new text."}, {"q": "sea", "t": "cats"}))
    assert sorted(encoded) == sorted(["sea", "cats", "A new text.", *CORPUS.values()])
    assert first["q"] == first["r"] == [key for key in again["q"] if key != "new"] and first["s"][0] == "rain"


def test_embeddings_are_unit_vectors_in_fp32(minilm):
    vectors = retrievers.embed(minilm.model, list(CORPUS.values()))
    assert vectors.shape == (5, 384) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=0.01)


def test_a_diverged_model_is_refused(minilm, small_task):
    broken = copy.deepcopy(minilm.model)
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(CourseError, match=r"NaN or infinite embeddings: its training diverged; train it again\."):
        Dense(broken, "broken").rank(small_task(CORPUS, {"q": "sea"}))


def test_vectors_of_different_dimensions_are_refused(small_task):
    task = small_task(CORPUS, {"q": "sea"})
    with pytest.raises(CourseError, match="Queries have 384 dimensions, documents 768: use one model for both"):
        retrievers.rank_by_similarity(task, np.ones((1, 384)), np.ones((5, 768)))


def test_a_random_ranking_is_a_seeded_shuffle(small_task):
    task = small_task(CORPUS, {"a": "one", "b": "two"})
    ranked = Random(3).rank(task)
    assert ranked == Random(3).rank(task) != Random(4).rank(task)
    assert all(sorted(ranking) == sorted(CORPUS) for ranking in ranked.values())

"""Words are found, dense retrieval is cosine, rankings fuse and are put right, and what cannot be ranked is refused."""

import copy
import re
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder
from sklearn.feature_extraction.text import TfidfVectorizer

from course_lib import encoders, precision, profiles
from course_lib.errors import CourseError
from course_lib.evaluation import retrievers, tasks
from course_lib.evaluation.metrics import DEPTH
from course_lib.evaluation.retrievers import BM25, TFIDF, Dense, Random, ReciprocalRankFusion, Reranked
from course_lib.evaluation.tasks import RetrievalTask

CORPUS = {
    "cats": "Cats sleep most of the day.",
    "trees": "A decision tree splits the rows at thresholds.",
    "sea": "The sea is salty and deep.",
    "forest": "A random forest averages many trees.",
    "rain": "It rained all night.",
}
LEXICAL = pytest.mark.parametrize("lexical", [BM25(), TFIDF()], ids=lambda retriever: retriever.name)


@LEXICAL
def test_the_document_with_the_exact_words_is_found_stems_included(small_task, lexical):
    queries = {"sea": "deep salty sea", "rain": "raining nights", "forest": "averaged forests", "cats": "SLEEP, cats!"}
    ranked = lexical.rank(small_task(CORPUS, queries))
    assert {query: ranking[0] for query, ranking in ranked.items()} == {query: query for query in queries}
    assert all(sorted(ranking) == sorted(CORPUS) for ranking in ranked.values())


@LEXICAL
def test_the_rarer_word_and_the_shorter_text_are_preferred(small_task, lexical):
    corpus = {"a": "loss loss gradient", "b": "loss margin", "c": "loss rate", "d": "margin rate of a long text " * 5}
    ranked = lexical.rank(small_task(corpus, {"rare": "loss gradient", "short": "margin"}))
    assert ranked["rare"][0] == "a" and set(ranked["short"][:2]) == {"b", "d"}
    assert set(ranked["short"][2:]) == {"a", "c"}


@LEXICAL
@pytest.mark.parametrize("query", ["zyxwv qqq", "the of and", "?!", "…"])
def test_a_query_without_a_known_word_keeps_corpus_order(small_task, lexical, query):
    ranked = lexical.rank(small_task(CORPUS, {"odd": query, "sea": "sea"}))
    assert ranked["odd"] == list(CORPUS) and ranked["sea"][0] == "sea"


@LEXICAL
def test_a_corpus_of_stop_words_and_signs_alone_keeps_its_order(small_task, lexical):
    corpus = {"a": "the of and", "b": "it is", "c": "?!"}
    assert lexical.rank(small_task(corpus, {"q": "the sea", "r": "it"})) == {"q": ["a", "b", "c"], "r": ["a", "b", "c"]}


@LEXICAL
def test_a_document_of_stop_words_alone_is_never_preferred(small_task, lexical):
    ranked = lexical.rank(small_task({"a": "the of and", "b": "?!", "c": "salty sea"}, {"q": "sea"}))
    assert ranked["q"] == ["c", "a", "b"]


@LEXICAL
def test_ties_stand_in_corpus_order(small_task, lexical):
    corpus = {f"d{i}": f"word{i} kernel" for i in range(30)}
    ranked = lexical.rank(small_task(corpus, {"tie": "kernel", "one": "word17"}))
    assert ranked["tie"] == list(corpus)
    assert ranked["one"] == ["d17", *(key for key in corpus if key != "d17")]


def test_tf_idf_ranks_as_the_library_does_on_texts_without_stop_words_and_endings(small_task):
    chance = np.random.default_rng(0)
    names = np.array([f"w{i}" for i in range(40)])
    corpus = {f"d{i}": " ".join(chance.choice(names, chance.integers(3, 30))) for i in range(50)}
    queries = {f"q{i}": " ".join(chance.choice(names, 4)) for i in range(8)}
    ranked = TFIDF().rank(small_task(corpus, queries))
    library = TfidfVectorizer()
    documents = library.fit_transform(corpus.values())
    scores = (library.transform(queries.values()) @ documents.T).toarray().round(9)
    for query, row in zip(queries, scores, strict=True):
        in_order = [row[int(document[1:])] for document in ranked[query]]
        assert in_order == sorted(in_order, reverse=True)


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
    fused = ReciprocalRankFusion((BM25(), Random(0)), "both")
    for ranked in (similar, *(retriever.rank(task) for retriever in (BM25(), TFIDF(), Random(0), fused))):
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
    with pytest.raises(CourseError, match=r"NaN or infinite numbers: its training diverged; train it again\."):
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


# --- reciprocal-rank fusion


@dataclass(frozen=True)
class Fixed:
    """Rankings made up for a test."""

    rankings: dict[str, list[str]]
    name: str = "fixed"

    def rank(self, task: RetrievalTask) -> dict[str, list[str]]:
        return self.rankings


def fuse(task: RetrievalTask, *rankings: list[str]) -> list[str]:
    (query,) = task.queries
    return ReciprocalRankFusion(tuple(Fixed({query: ranking}) for ranking in rankings), "fused").rank(task)[query]


def test_fusion_by_hand(small_task):
    task = small_task({d: f"text {d}" for d in "abcd"}, {"q": "x"})
    # a: 1/61 + 1/63 = .03227, b: 1/62 + 1/62 = .03226, c: 1/63 + 1/61 = .03227 (a stands first), d: never returned
    assert fuse(task, ["a", "b", "c"], ["c", "b", "a"]) == ["a", "c", "b", "d"]
    # two middling ranks beat one first: b: 1/63 + 1/62 = .03200, a: 1/61 = .01639
    assert fuse(task, ["a", "c", "b"], ["d", "b"])[0] == "b"


def test_a_ranking_fused_with_itself_or_alone_stays_as_it_is(small_task):
    task = small_task(CORPUS, {"q": "sea"})
    ranking = ["rain", "sea", "cats", "forest", "trees"]
    assert fuse(task, ranking) == fuse(task, ranking, ranking) == ranking


def test_the_order_of_the_retrievers_plays_no_part_and_a_first_place_everywhere_stays_first(small_task):
    task = small_task({f"d{i}": f"text {i}" for i in range(12)}, {"q": "x"})
    chance = np.random.default_rng(0)
    rankings = [["d7", *chance.permutation([d for d in task.corpus if d != "d7"]).tolist()] for _ in range(3)]
    fused = fuse(task, *rankings)
    assert fused[0] == "d7" and sorted(fused) == sorted(task.corpus)
    assert all(fuse(task, *order) == fused for order in permutations(rankings))


def test_what_one_retriever_cannot_find_the_other_brings_in(small_task):
    task = small_task(CORPUS, {"q": "decision at thresholds"}, {"q": "forest"})
    expert = Fixed({"q": ["forest", "trees"]})
    assert BM25().rank(task)["q"][0] == "trees"
    assert set(ReciprocalRankFusion((BM25(), expert), "both").rank(task)["q"][:2]) == {"trees", "forest"}


# --- the cross-encoder stage


@pytest.fixture(scope="module")
def cross_encoder() -> CrossEncoder:
    """Real: MiniLM's weights with a score layer that nobody trained."""
    torch.manual_seed(0)
    options = {"local_files_only": True, "model_kwargs": {"use_safetensors": True}}
    return CrossEncoder(str(encoders.folder("minilm")), num_labels=1, device="cpu", **options)


def test_the_first_documents_stand_in_the_order_of_the_cross_encoder_s_scores(cross_encoder, small_task, monkeypatch):
    monkeypatch.setattr(precision, "choose", lambda _: precision.Precision("fp32", 1.0, 1.0))  # equal to the last digit
    queries = {"q": "salty sea", "r": "rain"}
    first = Fixed({"q": ["cats", "trees", "sea", "forest", "rain"], "r": ["rain", "forest", "sea", "trees", "cats"]})
    ranked = Reranked(first, cross_encoder, 4, "re-ranked").rank(small_task(CORPUS, queries))
    for query, text in queries.items():
        head = first.rankings[query][:4]
        scores = cross_encoder.predict([(text, CORPUS[document]) for document in head], show_progress_bar=False)
        best_first = [head[i] for i in np.argsort(-scores)]
        assert ranked[query] == [*best_first, first.rankings[query][4]]
    assert any(ranked[query][:4] != first.rankings[query][:4] for query in queries)


def test_a_depth_of_one_changes_nothing_and_one_below_the_corpus_ranks_it_whole(cross_encoder, small_task):
    task = small_task(CORPUS, {"q": "salty sea"})
    assert Reranked(BM25(), cross_encoder, 1, "same").rank(task) == BM25().rank(task)
    whole = Reranked(BM25(), cross_encoder, 50, "whole").rank(task)["q"]
    assert sorted(whole) == sorted(CORPUS)
    backwards = Fixed({"q": list(CORPUS)[::-1]})
    assert Reranked(backwards, cross_encoder, 50, "whole").rank(task)["q"] == whole


def test_equal_scores_keep_the_order_of_the_first_retriever(cross_encoder, small_task):
    indifferent = copy.deepcopy(cross_encoder)
    torch.nn.init.zeros_(indifferent.model.classifier.weight)
    task = small_task(CORPUS, {"q": "salty sea"})
    assert Reranked(BM25(), indifferent, 3, "indifferent").rank(task) == BM25().rank(task)


def test_a_cross_encoder_that_cannot_rank_is_refused(cross_encoder, small_task):
    task = small_task(CORPUS, {"q": "salty sea"})
    broken = copy.deepcopy(cross_encoder)
    torch.nn.init.constant_(broken.model.classifier.bias, float("nan"))
    with pytest.raises(CourseError, match=r"NaN or infinite numbers: its training diverged; train it again\."):
        Reranked(BM25(), broken, 3, "broken").rank(task)
    broken.model.config.num_labels = 3
    with pytest.raises(CourseError, match=re.escape("gives 3 labels a pair; to rank it must give one score")):
        Reranked(BM25(), broken, 3, "classifier").rank(task)

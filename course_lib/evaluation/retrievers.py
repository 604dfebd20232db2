"""Ways to rank a corpus for a query: by shared words, by embeddings, by several rankings at once, by a second look."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import bm25s
import numpy as np
import Stemmer
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer

from course_lib import precision
from course_lib.errors import CourseError
from course_lib.evaluation.metrics import DEPTH
from course_lib.evaluation.tasks import RetrievalTask

Rankings = dict[str, list[str]]  # query id -> document ids, best first
Words = list[list[str]]  # one list a text
RRF_K = 60  # as Cormack et al. chose it


class Retriever(Protocol):
    """Anything with a name that ranks a task's corpus for each of its queries."""

    name: str

    def rank(self, task: RetrievalTask) -> Rankings: ...


@dataclass(frozen=True)
class Random:
    """A seeded shuffle: what any ranking must beat."""

    seed: int
    name: str = "random"

    def rank(self, task: RetrievalTask) -> Rankings:
        rng = np.random.default_rng(self.seed)
        documents = np.array(list(task.corpus))
        return {query: rng.permutation(documents)[:DEPTH].tolist() for query in task.queries}


@dataclass(frozen=True)
class BM25:
    """Okapi BM25 as in bm25s (Lucene's variant, k1 = 1.5, b = 0.75) with English stop words and stemming."""

    name: str = "BM25"

    def rank(self, task: RetrievalTask) -> Rankings:
        return _rank_by_words(task, self._scores)

    @staticmethod
    def _scores(documents: Words, queries: Words) -> np.ndarray:
        index = bm25s.BM25()
        index.index(documents, show_progress=False)
        nothing = np.zeros(len(documents), np.float32)  # a query of stop words alone
        return np.stack([index.get_scores(query) if query else nothing for query in queries])


@dataclass(frozen=True)
class TFIDF:
    """Cosine of TF-IDF vectors as in scikit-learn: term frequency times 1 + ln((1 + documents) / (1 + those with it)).

    Words are BM25's: the same stop words, the same stems.
    """

    name: str = "TF-IDF"

    def rank(self, task: RetrievalTask) -> Rankings:
        return _rank_by_words(task, self._scores)

    @staticmethod
    def _scores(documents: Words, queries: Words) -> np.ndarray:
        vectorizer = TfidfVectorizer(analyzer=list)  # the texts come as words
        vectors = vectorizer.fit_transform(documents)
        return (vectorizer.transform(queries) @ vectors.T).toarray()


@dataclass(frozen=True)
class Dense:
    """Cosine similarity of the embeddings that a sentence encoder gives; a text met again is not encoded again."""

    model: SentenceTransformer
    name: str
    known: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def rank(self, task: RetrievalTask) -> Rankings:
        return rank_by_similarity(task, self.embed(task.queries.values()), self.embed(task.corpus.values()))

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        """Unit vectors, shape (texts, dimensions)."""
        texts = list(texts)
        if new := [text for text in dict.fromkeys(texts) if text not in self.known]:
            self.known.update(zip(new, embed(self.model, new), strict=True))
        return np.stack([self.known[text] for text in texts])


@dataclass(frozen=True)
class ReciprocalRankFusion:
    """Several retrievers as one: a document's score is the sum of 1 / (60 + its rank) over the rankings that hold it.

    Ranks count from 1; scores of the retrievers play no part, so they need no common scale.
    Source: Cormack, Clarke and Buettcher, Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods, SIGIR 2009.
    """

    parts: tuple[Retriever, ...]
    name: str

    def rank(self, task: RetrievalTask) -> Rankings:
        column = {document: number for number, document in enumerate(task.corpus)}
        scores = np.zeros((len(task.queries), len(task.corpus)))
        for rankings in (part.rank(task) for part in self.parts):
            for row, query in enumerate(task.queries):
                ranks = np.arange(1, len(rankings[query]) + 1)
                scores[row, [column[document] for document in rankings[query]]] += 1 / (RRF_K + ranks)
        return _best_first(task, scores)


@dataclass(frozen=True)
class Reranked:
    """The first `depth` documents of a retriever, put in the order in which a cross-encoder likes them with the query.

    The documents below keep their places, and equal scores their order.
    """

    first: Retriever
    cross_encoder: CrossEncoder
    depth: int
    name: str

    def rank(self, task: RetrievalTask) -> Rankings:
        """Raises CourseError when the model gives several labels a pair, or what is not a number."""
        if self.cross_encoder.num_labels != 1:
            raise CourseError(
                f"The cross-encoder gives {self.cross_encoder.num_labels} labels a pair; "
                "to rank it must give one score: load it with num_labels=1."
            )
        rankings = self.first.rank(task)
        pairs = [(query, document) for query, ranking in rankings.items() for document in ranking[: self.depth]]
        texts = [(task.queries[query], task.corpus[document]) for query, document in pairs]
        with _fast(self.cross_encoder):
            logits = self.cross_encoder.predict(texts, activation_fn=torch.nn.Identity(), show_progress_bar=False)
        score = dict(zip(pairs, _finite(logits).tolist(), strict=True))
        return {
            query: sorted(ranking[: self.depth], key=lambda document, query=query: -score[query, document])
            + ranking[self.depth :]
            for query, ranking in rankings.items()
        }


def embed(model: SentenceTransformer, texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, shape (texts, dimensions), computed in bf16 where this machine is faster in it.

    Raises CourseError if the model returns what is not a number.
    """
    with torch.inference_mode(), _fast(model):
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return _finite(vectors).astype(np.float32)


def _fast(model: SentenceTransformer | CrossEncoder) -> torch.autocast:
    """bf16 where the model's device is faster in it."""
    return torch.autocast(model.device.type, torch.bfloat16, enabled=precision.choose(model.device.type).name == "bf16")


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise CourseError("The model returns NaN or infinite numbers: its training diverged; train it again.")
    return values


def rank_by_similarity(task: RetrievalTask, queries: np.ndarray, documents: np.ndarray) -> Rankings:
    """Best first by dot product of (queries, dimensions) and (documents, dimensions)."""
    if queries.shape[1] != documents.shape[1]:
        raise CourseError(
            f"Queries have {queries.shape[1]} dimensions, documents {documents.shape[1]}: use one model for both."
        )
    return _best_first(task, queries @ documents.T)


def _rank_by_words(task: RetrievalTask, scores: Callable[[Words, Words], np.ndarray]) -> Rankings:
    """By `scores(documents, queries)` of the stems in the texts; a corpus without any keeps its order."""
    documents, queries = _stems(task.corpus.values()), _stems(task.queries.values())
    found = scores(documents, queries) if any(documents) else np.zeros((len(queries), len(documents)))
    return _best_first(task, found)


def _stems(texts: Iterable[str]) -> Words:
    """Lower-case words of two letters or more, without English stop words, cut to their stem (Snowball)."""
    stemmer = Stemmer.Stemmer("english")
    return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)


def _best_first(task: RetrievalTask, scores: np.ndarray) -> Rankings:
    """Rankings by scores of shape (queries, documents); ties in corpus order."""
    ids = np.array(list(task.corpus))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return {query: ids[row].tolist() for query, row in zip(task.queries, order, strict=True)}

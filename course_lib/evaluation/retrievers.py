"""Ways to rank a corpus for a query: by shared words (BM25) and by embeddings (dense)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import bm25s
import numpy as np
import Stemmer
import torch
from sentence_transformers import SentenceTransformer

from course_lib import precision
from course_lib.errors import CourseError
from course_lib.evaluation.metrics import DEPTH
from course_lib.evaluation.tasks import RetrievalTask

Rankings = dict[str, list[str]]  # query id -> document ids, best first


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
        def tokens(texts) -> list[list[str]]:
            stemmer = Stemmer.Stemmer("english")
            return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)

        index = bm25s.BM25()
        index.index(tokens(task.corpus.values()), show_progress=False)
        nothing = np.zeros(len(task.corpus), np.float32)  # a query of stop words alone
        queries = tokens(task.queries.values())
        return _best_first(task, np.stack([index.get_scores(query) if query else nothing for query in queries]))


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


def embed(model: SentenceTransformer, texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, shape (texts, dimensions), computed in bf16 where this machine is faster in it.

    Raises CourseError if the model returns what is not a number.
    """
    bf16 = precision.choose().name == "bf16"
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    if not np.isfinite(vectors).all():
        raise CourseError("The model returns NaN or infinite embeddings: its training diverged; train it again.")
    return vectors.astype(np.float32)


def rank_by_similarity(task: RetrievalTask, queries: np.ndarray, documents: np.ndarray) -> Rankings:
    """Best first by dot product of (queries, dimensions) and (documents, dimensions)."""
    if queries.shape[1] != documents.shape[1]:
        raise CourseError(
            f"Queries have {queries.shape[1]} dimensions, documents {documents.shape[1]}: use one model for both."
        )
    return _best_first(task, queries @ documents.T)


def _best_first(task: RetrievalTask, scores: np.ndarray) -> Rankings:
    """Rankings by scores of shape (queries, documents); ties in corpus order."""
    ids = np.array(list(task.corpus))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return {query: ids[row].tolist() for query, row in zip(task.queries, order, strict=True)}

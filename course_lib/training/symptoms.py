"""What can be observed of a training from outside: its rows, its recipe, its loss curve, its evaluator's keys."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Dataset

from course_lib.data.splits import SHINGLE_LIMIT, SHINGLE_WORDS, overlap
from course_lib.data.text import shingles, words
from course_lib.errors import CourseError
from course_lib.training.recipes import Recipe

SAMPLE = 96  # rows that the untrained encoder reads: the standard error of a share is 0.05 or less
ENOUGH = 32  # of fewer rows the share says too little

Columns = Sequence[Sequence[str]]
Embed = Callable[[Sequence[str]], np.ndarray]  # texts -> unit vectors, shape (texts, dimensions)


@dataclass(frozen=True)
class Symptoms:
    """Shares lie between 0 and 1; what was not observed keeps its default, and no check speaks of it."""

    recipe: Recipe
    nearer: float | None = None  # share of rows that the untrained encoder places right
    false_negatives: float = 0.0  # a row, in a random batch
    lost: float = 0.0  # share of the tokens that max_seq_length cuts off
    leaked: float = 0.0  # share of the held-out texts that stand in the training rows
    losses: tuple[float, ...] = ()  # one a step
    metric: str = ""  # that the best checkpoint is chosen by
    keys: tuple[str, ...] = ()  # what the evaluator returns


def of_rows(
    recipe: Recipe,
    dataset: Dataset,
    max_seq_length: int,
    tokenizer: Callable,
    embed: Embed,
    heldout: Iterable[str],
) -> Symptoms:
    """All that the rows and the recipe show before the first step.

    `max_seq_length` is the limit that the training reads with, `tokenizer` that of its SentenceTransformer; `embed` is
    the *untrained* encoder, and `heldout` holds the texts that must not be trained on.
    Raises CourseError for a dataset without rows or with a single column.
    """
    if len(dataset.column_names) < 2 or not len(dataset):
        raise CourseError(
            f"A diagnosis needs rows of at least two columns, not {len(dataset)} rows of {dataset.column_names}: "
            "give it the dataset that was trained on."
        )
    columns = [list(dataset[name]) for name in dataset.column_names]
    return Symptoms(
        recipe,
        nearer=nearer(columns, embed),
        false_negatives=false_negatives(columns, recipe.batch_size),
        lost=lost(columns, max_seq_length, tokenizer),
        leaked=leaked(columns, heldout),
    )


def nearer(columns: Columns, embed: Embed) -> float | None:
    """Share of SAMPLE rows whose anchor lies nearer to its positive than to its negative; a tie counts as half.

    Rows without a column of negatives take the positive of the next row that has another anchor. None of fewer than
    ENOUGH rows.
    """
    chosen = np.random.default_rng(0).permutation(len(columns[0]))[:SAMPLE]
    rows = [tuple(column[i] for column in columns) for i in chosen]
    if len(columns) == 2:
        ring = rows + rows
        others = [next((p for a, p in ring[n + 1 : n + len(rows)] if a != rows[n][0]), None) for n in range(len(rows))]
        rows = [(*row, other) for row, other in zip(rows, others, strict=True) if other is not None]
    if len(rows) < ENOUGH:
        return None
    a, p, n = (embed(column) for column in list(zip(*rows, strict=True))[:3])
    return float((0.5 + 0.5 * np.sign((a * p).sum(axis=1) - (a * n).sum(axis=1))).mean())


def false_negatives(columns: Columns, batch_size: int) -> float:
    """How many other rows with its anchor or its positive a row meets in a random batch, on average.

    m such rows among the N - 1 others: m (batch_size - 1) / (N - 1); all m if the rows fill no batch.
    """
    pairs = list(zip(columns[0], columns[1], strict=True))
    anchors, positives, both = Counter(columns[0]), Counter(columns[1]), Counter(pairs)
    twins = [anchors[a] + positives[p] - both[a, p] - 1 for a, p in pairs]
    return float(np.mean(twins)) * min(1.0, (batch_size - 1) / max(1, len(pairs) - 1))


def lost(columns: Columns, max_seq_length: int, tokenizer: Callable) -> float:
    """Share of the tokens of the distinct texts, the tokenizer's marks included, that are cut off."""
    distinct = list({text for column in columns for text in column})
    lengths = np.array([len(ids) for ids in tokenizer(distinct, truncation=False, verbose=False)["input_ids"]])
    return float(np.maximum(lengths - max_seq_length, 0).sum() / lengths.sum())


def leaked(columns: Columns, heldout: Iterable[str]) -> float:
    """Share of the held-out texts of which more than SHINGLE_LIMIT of the word runs stand in the training rows."""
    heldout = list(heldout)
    if not heldout:
        return 0.0
    distinct = {text for column in columns for text in column}
    known = {run for text in distinct for run in (*shingles(text, SHINGLE_WORDS), tuple(words(text)))}
    return float(np.mean([overlap(text, known) > SHINGLE_LIMIT for text in heldout]))

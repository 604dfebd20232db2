"""Every figure of the course, one function each; the notebooks alone import it."""

from course_lib.plots.data import (
    class_counts,
    duplicate_curve,
    mentions_per_passage,
    split_sizes,
    token_histogram,
    word_overlap,
)
from course_lib.plots.evaluation import differences, interval_bars, similarity_matrix, two_rankings
from course_lib.plots.style import show
from course_lib.plots.training import batch_lengths, learning_rates, loss_curve, seconds_bars

__all__ = [
    "batch_lengths",
    "class_counts",
    "differences",
    "duplicate_curve",
    "interval_bars",
    "learning_rates",
    "loss_curve",
    "mentions_per_passage",
    "seconds_bars",
    "show",
    "similarity_matrix",
    "split_sizes",
    "token_histogram",
    "two_rankings",
    "word_overlap",
]

"""Every figure of the course, one function each; the notebooks alone import it."""

from course_lib.plots.data import (
    class_counts,
    columns,
    curves,
    duplicate_curve,
    mentions_per_passage,
    selection,
    split_grid,
    split_sizes,
    token_histogram,
    word_overlap,
)
from course_lib.plots.evaluation import differences, interval_bars, similarity_matrix, two_rankings
from course_lib.plots.passages import (
    before_and_after,
    filled_passages,
    positives_and_negatives,
    shares_by_split,
    shares_with_intervals,
    similarity_boxes,
)
from course_lib.plots.style import show
from course_lib.plots.training import batch_lengths, learning_rates, loss_curve, seconds_bars

__all__ = [
    "batch_lengths",
    "before_and_after",
    "class_counts",
    "columns",
    "curves",
    "differences",
    "duplicate_curve",
    "filled_passages",
    "interval_bars",
    "learning_rates",
    "loss_curve",
    "mentions_per_passage",
    "positives_and_negatives",
    "seconds_bars",
    "selection",
    "shares_by_split",
    "shares_with_intervals",
    "show",
    "similarity_boxes",
    "similarity_matrix",
    "split_grid",
    "split_sizes",
    "token_histogram",
    "two_rankings",
    "word_overlap",
]

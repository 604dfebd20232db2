"""Figures of passages, terms and triplets."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import BLUE, CYCLE, GRAY, ORANGE, RED, WIDTH, axes


def filled_passages(sizes: Mapping[str, Sequence[int]], low: int, high: int) -> Figure:
    """One bar a passage, one segment a paragraph of it, between the least and the most tokens allowed."""
    figure, ax = axes(height=0.28 * len(sizes) + 1.1)
    for name, tokens in sizes.items():
        starts = np.cumsum([0, *tokens[:-1]])
        ax.barh(name, tokens, left=starts, color=[CYCLE[i % 2] for i in range(len(tokens))], edgecolor="white")
    ax.axvline(low, color=GRAY, linestyle=":", label=f"at least {low}")
    ax.axvline(high, color=RED, linestyle="--", label=f"at most {high}")
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="tokens, one segment a paragraph", ylabel="passage of the page")
    ax.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def shares_with_intervals(shares: Mapping[str, tuple[float, float, float]], xlabel: str) -> Figure:
    """A point with its interval for each name: (share, low, high), all 0 to 1."""
    figure, ax = axes(height=0.4 * len(shares) + 1.0)
    means, lows, highs = np.array(list(shares.values())).T
    ax.errorbar(means, list(shares), xerr=[means - lows, highs - means], fmt="o", color=BLUE, capsize=4)
    ax.invert_yaxis()
    ax.margins(y=0.3)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set(xlabel=xlabel, xlim=(0, 1))
    return figure


def similarity_boxes(similarities: Mapping[str, Sequence[float]], xlabel: str) -> Figure:
    """A box and the single values for each kind of term."""
    figure, ax = axes(height=0.55 * len(similarities) + 1.0)
    places = range(1, len(similarities) + 1)
    ax.boxplot(
        list(similarities.values()),
        positions=places,
        orientation="horizontal",
        tick_labels=list(similarities),
        showfliers=False,
        medianprops={"color": GRAY, "linewidth": 2},
        widths=0.6,
    )
    rng = np.random.default_rng(0)
    for place, values, color in zip(places, similarities.values(), CYCLE, strict=False):
        shifts = rng.uniform(-0.18, 0.18, len(values))
        ax.scatter(values, place + shifts, s=12, color=color, alpha=0.6, edgecolor="none")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set(xlabel=xlabel)
    return figure


def before_and_after(before: Sequence[float], after: Sequence[float], xlabel: str, ylabel: str) -> Figure:
    """One point a pair; below the diagonal the value fell."""
    figure, ax = axes(width=WIDTH * 0.62, height=WIDTH * 0.55)
    ends = [min(*before, *after) - 0.03, max(*before, *after) + 0.03]
    ax.plot(ends, ends, color=GRAY, linewidth=0.8, label="no change")
    ax.scatter(before, after, s=20, color=BLUE, alpha=0.7, edgecolor="none")
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=ends, ylim=ends)
    ax.legend(frameon=False)
    return figure


def positives_and_negatives(as_positive: Mapping[str, int], as_negative: Mapping[str, int]) -> Figure:
    """How often each term is the positive and how often the negative, the most frequent positive first."""
    names = sorted({*as_positive, *as_negative}, key=lambda name: -as_positive.get(name, 0))
    ranks = np.arange(1, len(names) + 1)
    figure, ax = axes()
    ax.scatter(
        ranks, [as_negative.get(n, 0) for n in names], s=8, color=ORANGE, edgecolor="none", label="as the negative"
    )
    ax.plot(ranks, [as_positive.get(n, 0) for n in names], color=BLUE, linewidth=2, label="as the positive")
    ax.set(xlabel="terms, the most frequent positive first", ylabel="number of triplets")
    ax.legend(frameon=False)
    return figure


def shares_by_split(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """For each kind of thing one bar of length 1, parted by split, the counts written in."""
    figure, ax = axes(height=0.5 * len(counts) + 1.2)
    splits = list(dict.fromkeys(split for row in counts.values() for split in row))
    for kind, row in counts.items():
        left, total = 0.0, sum(row.values())
        for split, color in zip(splits, CYCLE, strict=False):
            if not (share := row.get(split, 0) / total):
                continue
            ax.barh(kind, share, left=left, color=color, label=split if kind == next(iter(counts)) else None)
            ax.text(left + share / 2, kind, f"{row.get(split, 0):,}", ha="center", va="center", color="black")
            left += share
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="share of all", xlim=(0, 1))
    ax.legend(frameon=False, ncols=len(splits), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure

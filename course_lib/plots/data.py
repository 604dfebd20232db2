"""Figures of the two datasets."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from course_lib.plots.style import BLUE, CYCLE, GRAY, ORANGE, RED, WIDTH, axes


def token_histogram(lengths: Sequence[int], what: str, card_mean: float, card_range: tuple[int, int]) -> Figure:
    """Token counts of ours, beside the mean and range that the published card prints."""
    figure, ax = axes()
    width = -(-(max(lengths) - min(lengths) + 1) // 40)  # whole tokens, at most 40 bars
    ax.hist(lengths, bins=np.arange(min(lengths), max(lengths) + width + 1, width) - 0.5, color=BLUE)
    ax.axvline(float(np.mean(lengths)), color=ORANGE, label=f"our mean {np.mean(lengths):.1f}")
    ax.axvline(card_mean, color=RED, linestyle="--", label=f"published mean {card_mean:.1f}")
    ax.axvspan(*card_range, color=GRAY, alpha=0.12, label=f"published range {card_range[0]} to {card_range[1]}")
    ax.set(xlabel=f"tokens in a {what}", ylabel=f"number of {what}s")
    ax.legend(frameon=False)
    return figure


def class_counts(counts: Mapping[str, int], xlabel: str, ylabel: str) -> Figure:
    """Horizontal bars, the largest on top."""
    names = sorted(counts, key=lambda name: counts[name])
    figure, ax = axes(height=0.24 * len(names) + 0.9)
    ax.barh(names, [counts[n] for n in names], color=BLUE)
    ax.grid(False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return figure


def split_sizes(sizes: Mapping[str, Mapping[str, int]], xlabel: str) -> Figure:
    """Stacked bars: for each name the number in each split."""
    figure, ax = axes(height=0.24 * len(sizes) + 1.1)
    left = np.zeros(len(sizes))
    for split, color in zip(("train", "dev", "test"), CYCLE, strict=False):
        widths = np.array([counts.get(split, 0) for counts in sizes.values()])
        ax.barh(list(sizes), widths, left=left, color=color, label=split)
        left += widths
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel=xlabel, ylabel="topic")
    ax.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def mentions_per_passage(counts: Sequence[int], strong: Sequence[int]) -> Figure:
    """How many terms a passage mentions, and how many of them it is likely to be about."""
    figure, ax = axes()
    bins = np.arange(max(counts) + 2) - 0.5
    ax.hist(counts, bins=bins, color=BLUE, label=f"mentioned (mean {np.mean(counts):.1f})")
    ax.hist(strong, bins=bins, color=ORANGE, alpha=0.85, label=f"strong (mean {np.mean(strong):.1f})")
    ax.set(xlabel="terms in a passage", ylabel="number of passages")
    ax.legend(frameon=False)
    return figure


def duplicate_curve(shares: Mapping[str, Sequence[float]], limit: float) -> Figure:
    """Share of texts whose overlap is at least x, one line a comparison."""
    figure, ax = axes()
    grid = np.linspace(0, 1, 101)
    for (name, values), color in zip(shares.items(), CYCLE, strict=False):
        ax.plot(grid, [float(np.mean(np.array(values) >= x)) for x in grid], color=color, label=name)
    ax.axvline(limit, color=GRAY, linestyle=":", label=f"limit {limit:g}")
    ax.set(xlabel="overlap (share of shingles)", ylabel="share of texts with at least that overlap", ylim=(0, 1.02))
    ax.set_yscale("symlog", linthresh=0.01)
    ax.legend(frameon=False)
    return figure


def word_overlap(overlaps: Mapping[str, Sequence[float]]) -> Figure:
    """Box plots of word overlap (0 to 1) for kinds of query against their right documents."""
    figure, ax = axes(width=WIDTH, height=0.5 * len(overlaps) + 1.2)
    boxes = ax.boxplot(list(overlaps.values()), vert=False, tick_labels=list(overlaps), patch_artist=True)
    for box in boxes["boxes"]:
        box.set_facecolor("#CFE3F1")
    ax.invert_yaxis()
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set(xlabel="share of the query's content words that occur in the document", xlim=(-0.02, 1.02))
    return figure


def columns(heights: Mapping[str, float], xlabel: str, ylabel: str) -> Figure:
    """One column a name, in the order given, each with its number on top."""
    figure, ax = axes()
    bars = ax.bar(list(heights), list(heights.values()), color=BLUE)
    ax.bar_label(bars, [f"{height:.2f}" for height in heights.values()], fontsize=8)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return figure


def curves(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    level: tuple[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    log_x: bool = False,
) -> Figure:
    """Lines over common x values, with a named horizontal level and named vertical marks."""
    figure, ax = axes()
    for (name, values), color, style in zip(lines.items(), CYCLE, "os^Dvx", strict=False):
        ax.plot(x, values, color=color, marker=style, markersize=4, label=name)
    if level:
        ax.axhline(level[1], color=GRAY, linestyle="--", linewidth=1, label=f"{level[0]}: {level[1]:.3f}")
    for name, place in (marks or {}).items():
        ax.axvline(place, color=GRAY, linestyle=":", linewidth=1)
        ax.annotate(name, (place, 1), (4, -2), xycoords=("data", "axes fraction"), textcoords="offset points", va="top")
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.minorticks_off()
    elif all(isinstance(value, int) for value in x):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def split_grid(grids: Mapping[str, np.ndarray], rows: Sequence[str]) -> Figure:
    """One panel a way of splitting: concepts (rows) by answers (columns), True where a pair is held out."""
    figure, panels = plt.subplots(
        1, len(grids), figsize=(WIDTH, 0.26 * len(rows) + 1.2), sharey=True, layout="constrained"
    )
    for ax, (name, held) in zip(np.atleast_1d(panels), grids.items(), strict=True):
        ax.pcolormesh(held, cmap=ListedColormap([BLUE, ORANGE]), vmin=0, vmax=1, edgecolor="white", linewidth=1)
        ax.set_xticks(np.arange(held.shape[1]) + 0.5, range(1, held.shape[1] + 1))
        ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
        ax.set(title=name, xlabel="answer number")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    np.atleast_1d(panels)[0].invert_yaxis()
    keys = [Patch(color=BLUE, label="training"), Patch(color=ORANGE, label="held out")]
    figure.legend(handles=keys, frameon=False, ncols=2, loc="outside lower center")
    return figure


def selection(dev: Sequence[float], test: Sequence[float], chosen: int, ylabel: str, xlabel: str) -> Figure:
    """One dot a candidate: what it scored where the choice is made (x) and where it is judged (y)."""
    figure, ax = axes(width=WIDTH * 0.62, height=WIDTH * 0.5)
    ax.scatter(dev, test, s=22, color=BLUE, label="candidate")
    ax.scatter(dev[chosen], test[chosen], s=70, color=ORANGE, marker="D", label="chosen on dev")
    ax.axhline(float(np.mean(test)), color=GRAY, linestyle=":", linewidth=1, label="mean of all candidates")
    ax.axvline(float(np.mean(dev)), color=GRAY, linestyle=":", linewidth=1)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8)
    return figure

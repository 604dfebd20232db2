"""Figures of metrics: which ranks are right, what a change of ranks moves, and how sure a mean is."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_lib.plots.style import BLUE, CYCLE, GRAY, HEIGHT, ORANGE, RED, WIDTH, axes, plain


def relevance_strips(rankings: Mapping[str, Sequence[int]]) -> Figure:
    """One row a ranking, best first: a filled square where the document at that rank is relevant (1), not where 0."""
    hits = np.array(list(rankings.values()))  # Shape: (rankings, ranks)
    figure, ax = axes(height=0.32 * len(hits) + 1.2)
    ax.pcolormesh(hits, cmap=ListedColormap(["#EBEBEB", BLUE]), vmin=0, vmax=1, edgecolor="white", linewidth=2)
    ax.set_xticks(np.arange(hits.shape[1]) + 0.5, range(1, hits.shape[1] + 1))
    ax.set_yticks(np.arange(len(hits)) + 0.5, list(rankings))
    ax.invert_yaxis()
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="rank")
    keys = [Patch(color=BLUE, label="relevant"), Patch(color="#EBEBEB", label="not relevant")]
    figure.legend(handles=keys, frameon=False, ncols=2, loc="outside upper right")
    return figure


def discounts(worth: Mapping[str, Callable[[int], float]], cut: int, depth: int) -> Figure:
    """What one relevant document is worth at ranks 1 to `depth`, for metrics that end at `cut`."""
    ranks = np.arange(1, depth + 1)
    figure, ax = axes()
    for (name, value), color, marker in zip(worth.items(), CYCLE, "os^Dvx", strict=False):
        ax.plot(ranks[:cut], [value(r) for r in ranks[:cut]], color=color, marker=marker, markersize=5, label=name)
    ax.plot(ranks[cut:], np.zeros(depth - cut), color=GRAY, marker="x", markersize=6, label="all, after the cut")
    ax.axvline(cut + 0.5, color=GRAY, linestyle=":", linewidth=1)
    ax.set_xticks(ranks)
    ax.set(xlabel="rank of the only relevant document", ylabel="score of the query")
    ax.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def metric_changes(changes: Mapping[str, Mapping[str, float]]) -> Figure:
    """Change of each metric (columns) by each exchange of ranks (rows), written in; a dot where nothing moves."""
    values = np.array([list(row.values()) for row in changes.values()])  # Shape: (exchanges, metrics)
    limit = float(np.abs(values).max())
    figure, ax = axes(height=0.4 * len(values) + 1.2)
    image = ax.imshow(values, vmin=-limit, vmax=limit, cmap="PuOr", aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        dark = abs(value) > 0.6 * limit
        text = f"{value:+.3f}" if abs(value) > 1e-12 else "·"
        ax.text(j, i, text, ha="center", va="center", color="white" if dark else "black", fontsize=9)
    ax.set_xticks(range(values.shape[1]), [name.replace("@", "\n@") for name in next(iter(changes.values()))])
    ax.set_yticks(range(len(values)), list(changes))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=ax, label="change of the score")
    return figure


def resampled_means(values: Sequence[float], means: Sequence[float], ends: tuple[float, float], unit: str) -> Figure:
    """Above, one dot a group; below, the means of its resamples with their 95 % interval, on the same axis."""
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(WIDTH, HEIGHT), sharex=True, layout="constrained", height_ratios=(1, 3)
    )
    plain(bottom)
    shifts = np.random.default_rng(0).uniform(-0.3, 0.3, len(values))
    top.scatter(values, shifts, s=22, color=ORANGE, edgecolor="none")
    top.set_axis_off()
    top.set_ylim(-1, 1)
    top.set_title(f"{len(values)} {unit}s, a dot each", fontsize=9, loc="left")
    bottom.hist(means, bins=30, color=BLUE)
    bottom.axvspan(*ends, color=GRAY, alpha=0.15, label=f"95 % of the means: {ends[0]:.3f} to {ends[1]:.3f}")
    for ax in (top, bottom):
        ax.axvline(float(np.mean(values)), color=RED, linewidth=1.5, label=f"mean {np.mean(values):.3f}")
    bottom.set(xlabel="nDCG@10", ylabel="number of resamples")
    bottom.legend(frameon=False, fontsize=8, loc="upper left")
    return figure


def interval_widths(widths: Mapping[int, float], deviation: float, marked: int) -> Figure:
    """Width of a 95 % interval against the number of groups n, beside the line 2 * 1.96 * deviation / √n."""
    sizes = list(widths)
    figure, ax = axes()
    line = np.geomspace(min(sizes), max(sizes), 50)
    ax.plot(line, 2 * 1.96 * deviation / np.sqrt(line), color=GRAY, linestyle="--", label="proportional to 1 / √n")
    ax.plot(sizes, list(widths.values()), "o", color=BLUE, label="simulated")
    for size, width in widths.items():
        ax.annotate(f"{width:.3f}", (size, width), (5, 5), textcoords="offset points", fontsize=8)
    ax.axvline(marked, color=ORANGE, linestyle=":", label=f"{marked} concepts")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.set_yticks([0.01, 0.02, 0.05, 0.1], ["0.01", "0.02", "0.05", "0.10"])
    ax.minorticks_off()
    ax.margins(y=0.12)
    ax.set(xlabel="number of concepts", ylabel="width of the 95 % interval")
    ax.legend(frameon=False, fontsize=8)
    return figure


def apart_and_paired(
    values: Mapping[str, Sequence[float]],
    apart: Mapping[str, tuple[float, float, float]],
    paired: tuple[float, float, float],
) -> Figure:
    """Left, two retrievers with an interval each and a line a group; right, the differences and their interval.

    Intervals are (mean, low, high). Both panels have the same scale, so that the intervals can be compared by eye.
    """
    (first, before), (second, after) = values.items()
    gains = np.array(after) - np.array(before)
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, HEIGHT + 0.6), layout="constrained", width_ratios=(3, 2))
    for ax in (left, right):
        plain(ax)
    for pair in zip(before, after, strict=True):
        left.plot([0, 1], pair, color=GRAY, alpha=0.35, linewidth=0.8, marker="o", markersize=3)
    for x, (name, color) in zip((-0.15, 1.15), zip(apart, CYCLE, strict=False), strict=True):
        mean, low, high = apart[name]
        left.errorbar(x, mean, [[mean - low], [high - mean]], fmt="s", color=color, capsize=5, linewidth=2)
    left.set_xticks([0, 1], [first, second])
    left.set(xlim=(-0.4, 1.4), ylabel="nDCG@10 of a concept", title="two intervals")
    mean, low, high = paired
    right.scatter(np.random.default_rng(0).uniform(-0.12, 0.12, len(gains)), gains, s=14, color=GRAY, alpha=0.5)
    right.errorbar(0.3, mean, [[mean - low], [high - mean]], fmt="s", color=RED, capsize=5, linewidth=2)
    right.axhline(0, color="black", linewidth=0.8)
    right.set_xticks([])
    middle, half = float(np.mean(left.get_ylim())), float(np.ptp(left.get_ylim())) / 2
    right.set(xlim=(-0.4, 0.6), ylim=(mean - half, mean + half), title="one interval")
    left.set_ylim(middle - half, middle + half)
    right.set(xlabel=f"{second}\nminus {first}", ylabel="difference in nDCG@10 of a concept")
    return figure

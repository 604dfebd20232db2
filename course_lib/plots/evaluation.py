"""Figures of retrieval and of what training changed in it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import BLUE, CYCLE, GRAY, GREEN, MARKERS, RED, WIDTH, axes


def similarity_matrix(similarities: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Figure:
    """Cosine similarities (rows, columns) as a heat map with the numbers written in."""
    figure, ax = axes(height=0.55 * len(rows) + 1.4)
    image = ax.imshow(similarities, vmin=0, vmax=1, cmap="cividis", aspect="auto")
    ax.grid(False)
    ax.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
    ax.set_yticks(range(len(rows)), rows)
    for (i, j), value in np.ndenumerate(similarities):
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.6 else "black", fontsize=8)
    figure.colorbar(image, ax=ax, label="cosine similarity")
    return figure


def interval_bars(intervals: Mapping[str, Mapping[str, tuple[float, float, float]]], xlabel: str) -> Figure:
    """Points with 95 % intervals; `intervals` is task -> retriever -> (mean, low, high)."""
    retrievers = list(dict.fromkeys(name for row in intervals.values() for name in row))
    most = max(map(len, intervals.values()))
    figure, ax = axes(height=0.24 * most * len(intervals) + 1.6)
    for k, name in enumerate(retrievers):
        places, values = [], []
        for y, row in enumerate(intervals.values()):
            if name in row:
                places.append(y + (list(row).index(name) - (len(row) - 1) / 2) * 0.8 / most)
                values.append(row[name])
        means, lows, highs = np.array(values).T
        style = {"fmt": MARKERS[k % len(MARKERS)], "color": CYCLE[k % len(CYCLE)], "capsize": 3, "label": name}
        ax.errorbar(means, places, xerr=[means - lows, highs - means], **style)
    ax.set_yticks(range(len(intervals)), list(intervals))
    ax.invert_yaxis()
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set(xlabel=xlabel, xlim=(0, 1))
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    return figure


def differences(values: Sequence[float], before: str, after: str, unit: str) -> Figure:
    """Sorted per-group change in nDCG@10: gains above zero, losses below."""
    figure, ax = axes()
    ordered = np.sort(np.array(values))[::-1]
    ax.bar(range(len(ordered)), ordered, color=[GREEN if v > 0 else RED for v in ordered], width=1.0)
    ax.axhline(float(np.mean(ordered)), color=BLUE, linestyle="--", label=f"mean {np.mean(ordered):+.3f}")
    ax.axhline(0, color=GRAY, linewidth=0.8)
    ax.set(xlabel=f"{unit}s, sorted by change", ylabel=f"nDCG@10: {after} minus {before}")
    ax.legend(frameon=False)
    return figure


def two_rankings(before: Sequence[float], after: Sequence[float], names: tuple[str, str], unit: str) -> Figure:
    """Each group's nDCG@10 before and after; above the diagonal is better after."""
    figure, ax = axes(width=WIDTH * 0.62, height=WIDTH * 0.62)
    ax.scatter(before, after, s=18, color=BLUE, alpha=0.6, edgecolor="none")
    ax.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8)
    ax.set(xlabel=f"nDCG@10 of a {unit}, {names[0]}", ylabel=f"nDCG@10, {names[1]}", xlim=(-0.02, 1.02))
    ax.set_ylim(-0.02, 1.02)
    return figure

"""Figures of verdicts: many comparisons at once, one change at a time, parts of a mean, and a map before and after."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from course_lib.plots.style import BLUE, CYCLE, GRAY, GREEN, MARKERS, ORANGE, RED, WIDTH, plain

Ends = tuple[float, float, float]  # mean, low, high
WORDS = {"WIN": (GREEN, "^"), "NO DIFFERENCE": (GRAY, "o"), "REGRESSION": (RED, "v")}


def verdicts(comparisons: Sequence[tuple[str, str, Ends, str]]) -> Figure:
    """Each is (who against whom, task, difference with its interval, word): a panel for all of the same two.

    The word gives color and marker.
    """
    panels: dict[str, list[tuple[str, Ends, str]]] = {}
    for title, *row in comparisons:
        panels.setdefault(title, []).append(tuple(row))
    figure, parts = _stacked(panels)
    for ax, rows in zip(parts, panels.values(), strict=True):
        for word, (color, marker) in WORDS.items():
            own = [(y, ends) for y, (_, ends, said) in enumerate(rows) if said == word]
            _intervals(ax, [ends for _, ends in own], [y for y, _ in own], color, marker)
        _names(ax, [name for name, _, _ in rows])
    parts[-1].set_xlabel("difference in nDCG@10, with 95 % interval")
    handles = [Line2D([], [], color=color, marker=marker) for color, marker in WORDS.values()]
    figure.legend(handles, [word.lower() for word in WORDS], frameon=False, loc="outside upper center", ncols=3)
    return figure


def rungs(scores: Mapping[str, tuple[Ends, Sequence[float]]], effects: Sequence[Ends], task: str) -> Figure:
    """Left each rung's score with its interval and its seeds as dots, right its difference from the row above.

    `scores` is rung -> (ends, one value a seed), `effects` has an entry for each rung but the first.
    """
    names = list(scores)
    figure, (left, right) = plt.subplots(
        1, 2, sharey=True, figsize=(WIDTH, 0.42 * len(names) + 1.1), width_ratios=(1, 1), layout="constrained"
    )
    first = scores[names[0]][0][0]
    left.axvline(first, color=GRAY, linewidth=0.8, linestyle="--")
    _intervals(left, [ends for ends, _ in scores.values()], range(len(names)), BLUE, "o", "mean, 95 % interval")
    for y, (_, seeds) in enumerate(scores.values()):
        if len(seeds) > 1:
            label = "one seed" if y == len(names) - 1 else None
            left.scatter(seeds, [y + 0.28] * len(seeds), s=16, color=ORANGE, marker="d", label=label)
    _intervals(right, effects, range(1, len(names)), BLUE, "o")
    _names(right, names)
    plain(left)
    _vertical_grid(left)
    for ax, label in ((left, "nDCG@10"), (right, "difference from the row above")):
        ax.set_xlabel(label)
        ax.xaxis.set_major_locator(MaxNLocator(4))
    left.set_title(task, fontsize=10, loc="left")
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    return figure


def share_curves(panels: Mapping[str, Mapping[str, Mapping[float, Sequence[float]]]]) -> Figure:
    """One panel a recipe: task -> share of the trained weights -> nDCG@10 of each seed, as change from share 0."""
    figure, parts = plt.subplots(1, len(panels), sharey=True, squeeze=False, figsize=(WIDTH, 3.3), layout="constrained")
    for ax, (title, curves) in zip(parts[0], panels.items(), strict=True):
        plain(ax)
        ax.axhline(0, color=GRAY, linewidth=0.8)
        for k, (task, curve) in enumerate(curves.items()):
            start = float(np.mean(curve[0.0]))
            style = {"marker": MARKERS[k % len(MARKERS)], "color": CYCLE[k % len(CYCLE)]}
            means = [float(np.mean(seeds)) - start for seeds in curve.values()]
            ax.plot(list(curve), means, label=task if ax is parts[0, 0] else None, **style)
            for share, seeds in curve.items():
                ax.scatter([share] * len(seeds), np.array(seeds) - start, s=9, alpha=0.6, **style)
        ax.set(title=title, xlabel="share of the trained weights")
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    parts[0, 0].set_ylabel("nDCG@10, change from untrained")
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    return figure


def part_changes(panels: Mapping[str, Sequence[tuple[str, Ends, int]]]) -> Figure:
    """One panel a way to cut the queries: each part's name, its mean change with interval, its number of queries."""
    figure, parts = _stacked(panels)
    for ax, rows in zip(parts, panels.values(), strict=True):
        _intervals(ax, [ends for _, ends, _ in rows], range(len(rows)), BLUE, "o")
        _names(ax, [f"{name} ({queries})" for name, _, queries in rows])
    parts[-1].set_xlabel("change in nDCG@10, with 95 % interval over concepts")
    return figure


def maps(panels: Mapping[str, tuple[np.ndarray, float]], groups: Sequence[str], queries: Sequence[bool]) -> Figure:
    """One panel an encoder: points (texts, 2) and the share of the variance that they show.

    `groups` gives each text its color and marker; `queries` are drawn large, their answers small.
    """
    figure, parts = plt.subplots(1, len(panels), squeeze=False, figsize=(WIDTH, 4.0), layout="constrained")
    asked, names = np.array(queries), list(dict.fromkeys(groups))
    for ax, (title, (points, share)) in zip(parts[0], panels.items(), strict=True):
        plain(ax)
        for k, name in enumerate(names):
            own = np.array([group == name for group in groups])
            style = {"marker": MARKERS[k % len(MARKERS)], "color": CYCLE[k % len(CYCLE)]}
            ax.scatter(*points[own & ~asked].T, s=18, alpha=0.6, edgecolor="none", **style)
            label = name if ax is parts[0, 0] else None
            ax.scatter(*points[own & asked].T, s=80, edgecolor="black", linewidth=0.9, label=label, **style)
        ax.set(title=title, xlabel=f"first two components: {share:.0%} of the variance")
        ax.set_xticks([])
        ax.set_yticks([])
    parts[0, 0].set_ylabel("second component")
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    return figure


def _stacked(panels: Mapping[str, Sequence]) -> tuple[Figure, Sequence[Axes]]:
    """One panel below the other, as high as they have rows, with one scale."""
    heights = [len(rows) + 1.5 for rows in panels.values()]
    size = (WIDTH, 0.25 * sum(heights) + 0.8)
    figure, grid = plt.subplots(
        len(panels), 1, sharex=True, squeeze=False, figsize=size, height_ratios=heights, layout="constrained"
    )
    for ax, title in zip(grid[:, 0], panels, strict=True):
        ax.set_title(title, fontsize=10, loc="left")
    return figure, grid[:, 0]


def _intervals(
    ax: Axes, ends: Sequence[Ends], places: Sequence[float], color: str, marker: str, label: str | None = None
) -> None:
    if len(ends):
        means, lows, highs = np.array(ends).T
        ax.errorbar(means, places, xerr=[means - lows, highs - means], fmt=marker, color=color, capsize=3, label=label)


def _names(ax: Axes, names: Sequence[str]) -> None:
    """Down the side, the first on top; a line at zero."""
    plain(ax)
    ax.axvline(0, color=GRAY, linewidth=0.8)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    _vertical_grid(ax)


def _vertical_grid(ax: Axes) -> None:
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.tick_params(labelsize=9)

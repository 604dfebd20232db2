"""Figures of broken trainings beside healthy ones."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lib.plots.style import BLUE, GRAY, GREEN, ORANGE, PURPLE, RED, WIDTH, axes, plain


def run_curves(
    curves: Mapping[str, Sequence[float]], healthy: Mapping[str, Sequence[float]], blind: Mapping[str, float]
) -> Figure:
    """One panel a run, its letter as title, beside the healthy run of the same loss; the scales differ.

    `blind` holds, for the runs that have one, the loss of a model that cannot tell texts apart.
    """
    rows = -(-(len(curves) + 1) // 4)
    figure, panels = plt.subplots(rows, 4, figsize=(WIDTH, 1.9 * rows + 0.3), layout="constrained")
    for ax, (name, losses) in zip(panels.flat, curves.items(), strict=False):
        plain(ax)
        ax.plot(range(1, len(healthy[name]) + 1), healthy[name], color=GRAY, linewidth=1, label="healthy, same loss")
        ax.plot(range(1, len(losses) + 1), losses, color=BLUE, linewidth=1.8, label="this run")
        if name in blind:
            ax.axhline(blind[name], color=RED, linestyle="--", linewidth=1, label="blind model, ln(16)")
        ax.set_title(name, fontweight="bold")
        ax.set_ylim(0, None)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.tick_params(labelsize=8)
    labelled = [dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True)) for ax in panels.flat[: len(curves)]]
    legend = {label: handle for own in labelled for label, handle in own.items()}
    for ax in panels.flat[len(curves) :]:
        ax.axis("off")
    panels.flat[-1].legend(legend.values(), legend.keys(), frameon=False, fontsize=8, loc="center")
    figure.supxlabel("optimizer step", fontsize=10)
    figure.supylabel("training loss", fontsize=10)
    return figure


def two_halves(scores: Mapping[str, tuple[float, float]], untrained: tuple[float, float]) -> Figure:
    """One row a run: its score on two halves of a held-out task; vertical lines for the untrained encoder's."""
    figure, ax = axes(height=0.32 * len(scores) + 1.3)
    places = np.arange(len(scores))
    for column, (color, marker) in enumerate(((BLUE, "o"), (ORANGE, "s"))):
        name = f"half {column + 1}"
        values = [pair[column] for pair in scores.values()]
        ax.plot(values, places, marker, color=color, markersize=7, label=name)
        ax.axvline(untrained[column], color=color, linestyle="--", linewidth=1, label=f"untrained, {name}")
    ax.hlines(places, *np.array(list(scores.values())).T, color=GRAY, linewidth=1, zorder=1)
    ax.set_yticks(places, list(scores))
    ax.invert_yaxis()
    ax.set(xlabel="nDCG@10, scenario -> answers, dev concepts", xlim=(0, 1))
    figure.legend(frameon=False, fontsize=8, ncols=4, loc="outside upper center")
    return figure


def nearer_shares(shares: Mapping[str, tuple[float, float, float]], swapped: float, shuffled: float) -> Figure:
    """One dot a run: the share of rows that an untrained encoder places right, with the ends of an interval.

    Bands: up to `swapped` the order of the columns is wrong, up to `shuffled` the rows do not belong together.
    """
    figure, ax = axes(height=0.32 * len(shares) + 1.3)
    bands = ((0, swapped, RED, "swapped"), (swapped, shuffled, PURPLE, "shuffled"), (shuffled, 1, GREEN, "in order"))
    for low, high, color, name in bands:
        ax.axvspan(low, high, color=color, alpha=0.12)
        ax.annotate(name, ((low + high) / 2, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points")
        ax.texts[-1].set_ha("center")
    for place, (share, low, high) in enumerate(shares.values()):
        ax.plot((low, high), (place, place), color=GRAY, linewidth=1.5)
        ax.plot(share, place, "o", color=BLUE, markersize=7)
    ax.axvline(0.5, color=GRAY, linestyle=":", linewidth=1)
    ax.set_yticks(range(len(shares)), list(shares))
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="share of rows whose positive is nearer than the negative, untrained encoder", xlim=(0, 1))
    return figure


def evidence_grid(rows: Sequence[str], columns: Sequence[str], seen: np.ndarray) -> Figure:
    """Which evidence (columns) shows which fault (rows); `seen` holds booleans, shape (rows, columns)."""
    figure, ax = axes(height=0.34 * len(rows) + 0.9)
    for (y, x), shown in np.ndenumerate(seen):
        style = {"color": BLUE} if shown else {"facecolor": "white", "edgecolor": GRAY}
        ax.scatter(x, y, s=150, linewidth=1, **style)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.spines[:].set_visible(False)
    ax.grid(False)
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.5, -0.6))
    return figure

"""Figures of what a saving costs: bytes, time to find, time to build, and a gate."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from course_lib.plots.style import BLUE, CYCLE, GRAY, GREEN, MARKERS, ORANGE, RED, WIDTH, axes, plain

Sized = tuple[int, float, float, float]  # bytes, mean, low, high
Search = Mapping[str, str | int | float]  # a row of the ledger
INDEX = {
    "exact": {"color": GRAY, "marker": "^", "markersize": 4},
    "HNSW": {"color": BLUE, "marker": "o", "markersize": 4},
    "IVF": {"color": ORANGE, "marker": "s", "markersize": 4},
}


def bytes_and_scores(panels: Mapping[str, Mapping[str, Sequence[Sized]]], whole: Mapping[str, float]) -> Figure:
    """One panel a task: series -> (bytes a vector, mean difference to full size, its low and high end), drawn from
    `whole`, the task's score at full size. Points of equal size stand beside each other.
    """
    figure, parts = _panels(panels, height=3.9, sharey=True)
    sizes = sorted({size for lines in panels.values() for own in lines.values() for size, *_ in own})
    for ax, task, lines in parts:
        ax.axhline(whole[task], color=GRAY, linestyle="--", linewidth=1, label="full size")
        for k, (name, own) in enumerate(lines.items()):
            size, mean, low, high = np.array(sorted(own)).T
            beside = size * 1.05 ** (k - (len(lines) - 1) / 2)
            style = {"color": CYCLE[k % len(CYCLE)], "marker": MARKERS[k % len(MARKERS)], "markersize": 5}
            ends = [mean - low, high - mean]
            ax.errorbar(beside, whole[task] + mean, ends, linewidth=1, elinewidth=0.8, capsize=2, label=name, **style)
        ax.set_xscale("log", base=2)
        _ticks(ax, sizes, rotation=90)
        ax.set(xlabel="bytes a vector", title=task)
    parts[0][0].set_ylabel("nDCG@10")
    _legend_above(figure, parts[0][0])
    return figure


def recall_by_time(searches: Sequence[Search]) -> Figure:
    """One panel a number of vectors: recall against milliseconds, an index a line, and a vertical line at exact search.

    A search has vectors, index, effort, recall and milliseconds. The least and the largest effort of each index are
    written beside their points.
    """
    figure, parts = _panels(_grouped(searches, "vectors"), height=3.4, sharey=True)
    for ax, vectors, own in parts:
        lines = _grouped(own, "index")
        ax.axvline(lines["exact"][0]["milliseconds"], color=GRAY, linestyle="--", linewidth=1, label="exact")
        for name, side in (("HNSW", 6), ("IVF", -13)):
            places = [(search["milliseconds"], search["recall"]) for search in lines[name]]
            ax.plot(*zip(*places, strict=True), **INDEX[name], label=name)
            for k in (0, -1):
                text = {"ha": "center", "fontsize": 8, "color": INDEX[name]["color"]}
                ax.annotate(lines[name][k]["effort"], places[k], (-4, side), textcoords="offset points", **text)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.margins(x=0.15)
        ax.set(title=f"{vectors:,} vectors", ylim=(0, 1.12))
    parts[0][0].set_ylabel("recall@10")
    figure.supxlabel("milliseconds a query", fontsize="medium")
    _legend_above(figure, parts[0][0])
    return figure


def growth(searches: Sequence[Search]) -> Figure:
    """Milliseconds a query and seconds to build against the number of vectors, all axes logarithmic, an index a line.

    A search has vectors, index, milliseconds and build_seconds, one of each index and number of vectors.
    """
    measures = {"milliseconds": "milliseconds a query", "build_seconds": "seconds to build"}
    lines = _grouped(searches, "index")
    figure, parts = _panels(measures, height=3.2, sharey=False)
    for ax, key, label in parts:
        for name, own in lines.items():
            if (key, name) != ("build_seconds", "exact"):  # nothing is built
                ax.plot([s["vectors"] for s in own], [s[key] for s in own], **INDEX[name], label=name)
        ax.set(xlabel="vectors", ylabel=label, xscale="log", yscale="log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        _ticks(ax, list(_grouped(searches, "vectors")), rotation=25)
    _legend_above(figure, parts[0][0])
    return figure


def gate(rows: Mapping[str, tuple[float, float, float, bool]], tolerance: float) -> Figure:
    """Candidate -> (difference in nDCG@10, low, high, whether it passed), against zero and what the gate tolerates."""
    figure, ax = axes(height=0.42 * len(rows) + 1.3)
    ax.axvspan(-tolerance, 0, color=GRAY, alpha=0.15, label=f"tolerated: {tolerance:g}")
    ax.axvline(0, color=GRAY, linewidth=0.8)
    for passed, color, marker, word in ((True, GREEN, "o", "passes"), (False, RED, "X", "refused")):
        for y, (mean, low, high, own) in enumerate(rows.values()):
            if own == passed:
                ends = [[mean - low], [high - mean]]
                ax.errorbar(mean, y, xerr=ends, fmt=marker, color=color, capsize=3, label=word)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="difference in nDCG@10, with 95 % interval")
    _legend_above(figure, ax)
    return figure


def _grouped(searches: Sequence[Search], key: str) -> dict[str | int, list[Search]]:
    groups: dict[str | int, list[Search]] = {}
    for search in searches:
        groups.setdefault(search[key], []).append(search)
    return groups


def _panels(panels: Mapping, height: float, sharey: bool) -> tuple[Figure, list[tuple]]:
    """A plot beside the other for each key, with the key and its value."""
    options = {"sharey": sharey, "layout": "constrained", "squeeze": False}
    figure, (row,) = plt.subplots(1, len(panels), figsize=(WIDTH, height), **options)
    for ax in row:
        plain(ax)
    return figure, [(ax, *item) for ax, item in zip(row, panels.items(), strict=True)]


def _ticks(ax: Axes, values: Sequence[int], rotation: int) -> None:
    ax.set_xticks(values, [f"{value:,}" for value in values], rotation=rotation, fontsize=8)
    ax.xaxis.set_minor_locator(NullLocator())


def _legend_above(figure: Figure, ax: Axes) -> None:
    """Each name once."""
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), frameon=False, loc="outside upper center", ncols=3)

"""Figures of in-batch negatives: what a batch compares, which of its negatives are false, and what they cost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from course_lib.plots.style import BLUE, CYCLE, GRAY, GREEN, ORANGE, RED, WIDTH, axes, plain


def batch_matrix(values: np.ndarray, names: Sequence[str], false: np.ndarray, label: str) -> Figure:
    """Questions (rows) by answers (columns) of one batch, the right pairs and the false negatives framed.

    `false` is True where an answer is right and still counts as a negative. Values of both signs get a diverging scale.
    """
    limit = float(np.abs(values).max())
    scale = {"cmap": "PuOr", "vmin": -limit, "vmax": limit} if values.min() < -0.3 else {"cmap": "Blues", "vmin": 0}
    figure, ax = axes(height=0.42 * len(names) + 1.6)
    image = ax.imshow(values, aspect="auto", **scale)
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:z.2f}", ha="center", va="center", fontsize=8, color=_readable(image.to_rgba(value)))
        if i == j:
            _frame(ax, i, j, GREEN, "-")
        elif false[i, j]:
            _frame(ax, i, j, RED, "--")
    ax.grid(False)
    ax.set_xticks(range(len(names)), [f"answer {n}" for n in range(1, len(names) + 1)], rotation=30, ha="right")
    ax.set_yticks(range(len(names)), [f"{name}  {n}" for n, name in enumerate(names, 1)])
    figure.colorbar(image, ax=ax, label=label)
    keys = [("right answer", GREEN, "-"), ("false negative", RED, "--")]
    handles = [Patch(facecolor="none", edgecolor=c, linestyle=s, linewidth=2, label=k) for k, c, s in keys]
    figure.legend(handles=handles, frameon=False, ncols=2, loc="outside upper center")
    return figure


def chance_by_gap(gaps: Sequence[float], chances: Mapping[str, Sequence[float]], typical: float) -> Figure:
    """Chance of the right answer over its lead in cosine, one line a scale, and the mean lead of an encoder."""
    figure, ax = axes()
    for (name, values), color, marker in zip(chances.items(), CYCLE, "os^", strict=False):
        ax.plot(gaps, values, color=color, marker=marker, markersize=4, label=name)
    ax.axvline(typical, color=GRAY, linestyle=":", label=f"mean gap, untrained: {typical:.2f}")
    ax.set(xlabel="gap in cosine: the right answer over 15 equal wrong ones", ylabel="chance of the right answer")
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=8)
    return figure


def comparisons(panels: Mapping[str, int], rows: int) -> Figure:
    """Which questions and answers of `rows` rows meet when batches hold so many rows each; one panel a batch size."""
    figure, grids = plt.subplots(1, len(panels), figsize=(WIDTH, WIDTH * 0.5), sharey=True, layout="constrained")
    colors = {"right answer": BLUE, "negative": ORANGE, "never compared": "#E5E5E5"}
    cmap = ListedColormap(list(colors.values())[::-1])
    for ax, (name, size) in zip(np.atleast_1d(grids), panels.items(), strict=True):
        batch = np.arange(rows) // size
        kinds = np.equal.outer(batch, batch).astype(int) + np.eye(rows, dtype=int)  # 0 never, 1 negative, 2 right
        ax.pcolormesh(kinds, cmap=cmap, vmin=0, vmax=2, edgecolor="white", linewidth=1)
        ax.set_xticks(np.arange(rows) + 0.5, range(1, rows + 1))
        ax.set_yticks(np.arange(rows) + 0.5, range(1, rows + 1))
        ax.set(title=name, xlabel="answer of row", aspect="equal")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    np.atleast_1d(grids)[0].invert_yaxis()
    np.atleast_1d(grids)[0].set_ylabel("question of row")
    keys = [Patch(color=color, label=kind) for kind, color in colors.items()]
    figure.legend(handles=keys, frameon=False, ncols=3, loc="outside lower center")
    return figure


def batches_hit(
    sizes: Sequence[int], computed: Mapping[str, Sequence[float]], counted: Mapping[str, Sequence[float]]
) -> Figure:
    """Share of batches with a false negative against batch size: lines by formula, dots where it was counted."""
    figure, ax = axes()
    for (name, shares), color in zip(computed.items(), CYCLE, strict=False):
        ax.plot(sizes, shares, color=color, label=name)
    for (name, shares), marker in zip(counted.items(), "ox", strict=False):
        ax.plot(sizes, shares, marker, color=GRAY, markersize=6, label=name)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set(xlabel="rows in a random batch", ylabel="share of batches with a false negative", ylim=(0, 1.03))
    ax.legend(frameon=False, fontsize=8)
    return figure


def losses_and_floor(runs: Mapping[str, Sequence[float]], floor: float) -> Figure:
    """Loss at each step (logarithmic) and the value that one of them cannot pass."""
    figure, ax = axes()
    for (name, losses), color, style in zip(runs.items(), CYCLE, ("-", "--"), strict=False):
        ax.plot(np.arange(1, len(losses) + 1), losses, color=color, linestyle=style, label=name)
    ax.axhline(floor, color=GRAY, linestyle=":", label=f"floor: {floor:.3f}")
    ax.set_yscale("log")
    ax.set(xlabel="optimizer step", ylabel="loss of the batch (log scale)")
    ax.legend(frameon=False, fontsize=8)
    return figure


def loss_parts(parts: Mapping[str, tuple[float, float]]) -> Figure:
    """Stacked bars: the loss without false negatives, and what they add to it."""
    figure, ax = axes(height=0.5 * len(parts) + 1.3)
    rest, added = np.array(list(parts.values())).T
    ax.barh(list(parts), rest, color=BLUE, label="without false negatives")
    ax.barh(list(parts), added, left=rest, color=ORANGE, label="added by false negatives")
    for y, (one, other) in enumerate(parts.values()):
        ax.text(one + other, y, f" {other / (one + other):.0%} added", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="mean loss of an untrained encoder, batches of 16", xlim=(0, float((rest + added).max()) * 1.18))
    ax.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def topic_counts(
    counts: Sequence[int], tails: Mapping[str, Sequence[float]], level: float, floors: Sequence[float], card: float
) -> Figure:
    """What two observations say of the number of topics: repeats among the visible rows, and the logged loss.

    Above, how often rows drawn at random repeat as much; below, the lowest loss that random batches allow. Numbers of
    topics that an observation speaks against (a tail under `level`, a floor above the card's loss) are shaded.
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(WIDTH, 5.2), sharex=True, layout="constrained")
    likely = np.all([np.array(shares) >= level for shares in tails.values()], axis=0)
    for (name, shares), color, marker in zip(tails.items(), CYCLE, "os", strict=False):
        upper.plot(counts, shares, color=color, marker=marker, markersize=3, label=name)
    upper.axhline(level, color=GRAY, linestyle=":", label=f"{level:.1%}")
    upper.set(ylabel="share of simulated draws")
    lower.plot(counts, floors, color=BLUE, marker="o", markersize=3, label="lowest possible mean loss")
    lower.axhline(card, color=RED, linestyle="--", label=f"the card's loss: {card:.4f}")
    lower.set(xlabel="equally frequent topics (log scale)", ylabel="loss, batches of 16", xscale="log")
    ticks = [c for c in counts if c in (10, 20, 42, 60, 100, 200, 346)]
    lower.set_xticks(ticks, [str(c) for c in ticks])
    lower.minorticks_off()
    for ax, allowed in ((upper, likely), (lower, np.array(floors) <= card)):
        plain(ax)
        _shade(ax, counts, allowed)
        ax.legend(frameon=False, fontsize=8)
    return figure


def _shade(ax: Axes, places: Sequence[int], allowed: np.ndarray) -> None:
    for (left, one), (right, other) in pairwise(zip(places, allowed, strict=True)):
        if not (one and other):
            ax.axvspan(left, right, color=GRAY, alpha=0.15, linewidth=0)


def _frame(ax: Axes, row: int, column: int, color: str, style: str) -> None:
    ax.add_patch(Rectangle((column - 0.45, row - 0.45), 0.9, 0.9, fill=False, edgecolor=color, linestyle=style, lw=2))


def _readable(rgba: Sequence[float]) -> str:
    """Black or white, whichever stands out on a color."""
    return "black" if np.dot(rgba[:3], (0.299, 0.587, 0.114)) > 0.5 else "white"

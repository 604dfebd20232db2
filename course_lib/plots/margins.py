"""Figures of the triplet loss on the unit sphere."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import BLUE, CYCLE, GRAY, GREEN, ORANGE, RED, WIDTH, axes, plain


def distance_by_angle(positives: np.ndarray, negatives: np.ndarray) -> Figure:
    """Left the chords of the mean triplet on the unit circle, right both distances by angle; angles in radians."""
    figure, (circle, curve) = plt.subplots(1, 2, figsize=(WIDTH, 3.3), width_ratios=(1, 1.6), layout="constrained")
    _unit_circle(circle)
    anchor = np.array([1.0, 0.0])
    circle.annotate("anchor", anchor, (6, 0), textcoords="offset points", va="center")
    for name, angle, color in (("positive", positives.mean(), BLUE), ("negative", -negatives.mean(), ORANGE)):
        place = np.array([np.cos(angle), np.sin(angle)])
        circle.plot(*zip(anchor, place, strict=True), color=color, linewidth=2)
        circle.plot(*zip((0, 0), place, strict=True), color=GRAY, linewidth=0.8, linestyle=":")
        circle.plot(*place, "o", color=color)
        circle.annotate(
            f"{name}\n{np.degrees(abs(angle)):.0f}°, d = {np.linalg.norm(anchor - place):.2f}",
            place * 1.12,
            ha="center",
            va="bottom" if angle > 0 else "top",
            fontsize=8,
        )
    circle.plot((0, 1), (0, 0), color=GRAY, linewidth=0.8, linestyle=":")
    circle.plot(*anchor, "o", color=GRAY)
    circle.set(xlim=(-1.15, 1.75), ylim=(-1.55, 1.55))
    plain(curve)
    angles = np.linspace(0, np.pi, 181)
    curve.plot(np.degrees(angles), 2 * np.sin(angles / 2), color=GRAY, label="Euclidean, 2 sin(θ/2)")
    curve.plot(np.degrees(angles), 1 - np.cos(angles), color=GRAY, linestyle="--", label="cosine, 1 - cos θ")
    for name, own, color in (("positives", positives, BLUE), ("negatives", negatives, ORANGE)):
        curve.scatter(np.degrees(own), 2 * np.sin(own / 2), s=26, color=color, alpha=0.6, edgecolor="none", label=name)
    curve.axhline(2, color=RED, linewidth=1, linestyle=":")
    curve.set(xlabel="angle between two unit vectors (degrees)", ylabel="distance", xticks=range(0, 181, 30))
    curve.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def loss_line(marks: Mapping[str, float], low: float, high: float) -> Figure:
    """The values that the loss can take, from `low` to `high`, and named places among them."""
    figure, ax = axes(height=0.3 * len(marks) + 1.0)
    ax.axvspan(low, high, color=BLUE, alpha=0.12)
    for row, (name, value) in enumerate(sorted(marks.items(), key=lambda mark: mark[1])):
        ax.plot(value, row, "o", color=BLUE)
        left = value > (low + high) / 2
        ax.annotate(
            f"{value:.3f}  {name}",
            (value, row),
            (-8 if left else 8, 0),
            textcoords="offset points",
            va="center",
            ha="right" if left else "left",
        )
    for end in (low, high):
        ax.axvline(end, color=RED, linewidth=1, linestyle="--")
    ax.invert_yaxis()
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.set(yticks=[], xlabel="triplet loss, margin 5 (mean over triplets)", xlim=(low - 0.3, high + 0.3))
    return figure


def active_shares(gaps: Mapping[str, np.ndarray]) -> Figure:
    """Share of triplets that still get a gradient, by margin; one line a distance, with the place where it leaves 1.

    `gaps` holds d(a, n) - d(a, p) of each triplet: a triplet is active while its gap is smaller than the margin.
    """
    figure, ax = axes()
    margins = np.linspace(0, 2.2, 441)
    largest = max(own.max() for own in gaps.values())
    for (name, own), color, style in zip(gaps.items(), (BLUE, ORANGE), ("-", "--"), strict=False):
        shares = [(own < margin).mean() for margin in margins]
        ax.plot(margins, shares, color=color, linewidth=2, linestyle=style, label=f"{name} distance")
        ax.plot(own.max(), 1, "o", color=color)
        side = "left" if own.max() == largest else "right"
        ax.annotate(
            f" {own.max():.2f} ", (own.max(), 1), (0, 6), textcoords="offset points", ha=side, fontsize=8, color=GRAY
        )
    ax.axvline(2, color=RED, linewidth=1, linestyle=":", label="2, the largest distance")
    ax.set(xlabel="margin (same unit as the distance)", ylabel="share of triplets that are active", ylim=(0, 1.12))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(0.88, 0.05))
    return figure


def triplet_kinds(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """One bar a name, parted into the kinds of triplets; the numbers are counts, the lengths shares."""
    figure, ax = axes(height=0.42 * len(counts) + 1.2)
    colors = {"easy": GREEN, "semi-hard": ORANGE, "hard": RED}
    for name, row in counts.items():
        left, total = 0.0, sum(row.values())
        for kind, count in row.items():
            ax.barh(name, count / total, left=left, color=colors[kind], label=kind)
            if count / total > 0.04:
                ax.text(left + count / total / 2, name, f"{count:,}", ha="center", va="center", fontsize=8)
            left += count / total
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="share of triplets", xlim=(0, 1))
    handles, labels = ax.get_legend_handles_labels()
    own = dict(zip(labels, handles, strict=True))
    ax.legend(own.values(), own.keys(), frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def pull_by_angle(angles: Sequence[float], pulls: Mapping[str, Sequence[float]]) -> Figure:
    """Length of the gradient along the sphere by angle in radians: the formulas as lines, autograd's values as dots."""
    figure, ax = axes()
    grid = np.linspace(0, np.pi, 181)
    formulas = {"Euclidean": ("cos(θ/2)", np.cos(grid / 2)), "cosine": ("sin θ", np.sin(grid))}
    for (name, values), color, style in zip(pulls.items(), (BLUE, ORANGE), ("-", "--"), strict=False):
        formula, line = formulas[name]
        ax.plot(np.degrees(grid), line, color=color, linestyle=style, label=f"{name} distance: {formula}")
        ax.scatter(np.degrees(angles), values, color=color, s=28, zorder=3)
    ax.set(xlabel="angle to the anchor (degrees)", ylabel="length of the gradient", xticks=range(0, 181, 30))
    ax.set_ylim(-0.03, 1.08)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.42, 0.02))
    return figure


def circle_paths(panels: Mapping[str, np.ndarray], names: Sequence[str], fixed: int = 0) -> Figure:
    """One unit circle a title with the way of each point; each array is (steps, points, 2).

    Later steps are drawn further out, so that a path which turns back stays readable. The first `fixed` points are
    drawn as gray squares, without a path.
    """
    figure, parts = plt.subplots(1, len(panels), figsize=(WIDTH, WIDTH / len(panels) + 0.1), layout="constrained")
    for ax, (title, path) in zip(np.atleast_1d(parts), panels.items(), strict=True):
        _unit_circle(ax)
        radius = 1 + 0.3 * np.linspace(0, 1, len(path))[:, None]
        for k, name in enumerate(names):
            moving = k >= fixed
            color = CYCLE[(k - fixed) % 5] if moving else GRAY
            spiral = path[:, k] * (radius if moving else 1)
            if moving:
                ax.plot(*spiral.T, color=color, linewidth=1.6)
                ax.plot(*spiral[0], "o", color="white", markeredgecolor=color, markersize=5)
            ax.plot(*spiral[-1], "o" if moving else "s", color=color, markersize=6)
            met = sum(np.linalg.norm(path[-1, k] - path[-1, other]) < 0.3 for other in range(fixed, k))
            label = spiral[-1] * (1.12 + 0.13 * met if moving else 0.8)
            ax.annotate(name, label, ha="center", va="center", color=color, fontsize=8, fontweight="bold")
        ax.set_title(title, fontsize=9)
        ax.set(xlim=(-1.65, 1.65), ylim=(-1.4, 1.6))
    return figure


def drift_by_frequency(counts: Sequence[int], toward: Mapping[str, Sequence[float]]) -> Figure:
    """Mean cosine of each term to all passages, by how often it is a positive; one panel a training."""
    figure, parts = plt.subplots(1, len(toward), figsize=(WIDTH, 3.0), sharex=True, sharey=True, layout="constrained")
    for ax, (title, values), color in zip(np.atleast_1d(parts), toward.items(), (GRAY, BLUE, RED), strict=False):
        plain(ax)
        ax.scatter(counts, values, s=9, color=color, alpha=0.5, edgecolor="none")
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
        ax.set_title(title, fontsize=9)
    np.atleast_1d(parts)[0].set_ylabel("mean cosine to all passages")
    figure.supxlabel("triplets in which the term is the positive (logarithmic beyond 1)", fontsize=10)
    return figure


def loss_and_solved(losses: Mapping[str, Sequence[float]], solved: Mapping[str, Sequence[float]]) -> Figure:
    """Left what a training prints, right what it does: the share of triplets whose positive is nearer."""
    figure, parts = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
    for ax, lines, ylabel in zip(parts, (losses, solved), ("loss", "share of triplets solved"), strict=True):
        plain(ax)
        for (name, values), color, style in zip(lines.items(), (BLUE, RED), ("-", "--"), strict=False):
            ax.plot(values, color=color, linestyle=style, label=name)
        ax.set(xlabel="step", ylabel=ylabel)
    parts[1].set_ylim(-0.03, 1.05)
    parts[0].legend(frameon=False, fontsize=8)
    return figure


def _unit_circle(ax: Axes) -> None:
    ax.add_patch(plt.Circle((0, 0), 1, fill=False, color=GRAY, linewidth=0.8))
    ax.set_aspect("equal")
    ax.axis("off")

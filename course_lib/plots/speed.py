"""Figures of where a training step's time goes and of what each saving saves."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import BLUE, CYCLE, GRAY, ORANGE, WIDTH, axes, plain


def time_shares(seconds: Mapping[str, Mapping[str, float]]) -> Figure:
    """`seconds` is name -> kind -> seconds: one bar for each, as a share of that name's whole, with its seconds."""
    kinds = list(next(iter(seconds.values())))
    figure, ax = axes(height=0.5 * len(kinds) + 1.2)
    height = 0.8 / len(seconds)
    for k, ((name, own), color) in enumerate(zip(seconds.items(), (BLUE, ORANGE), strict=False)):
        whole = sum(own.values())
        places = np.arange(len(kinds)) + (k - (len(seconds) - 1) / 2) * height
        shares = [100 * own[kind] / whole for kind in kinds]
        ax.barh(places, shares, height=height, color=color, label=f"{name}: {whole:.2f} s")
        for y, share, kind in zip(places, shares, kinds, strict=True):
            ax.text(share, y, f" {share:.0f} %, {own[kind]:.2f} s", va="center", fontsize=8)
    ax.set_yticks(range(len(kinds)), kinds)
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="share of the step's time (%)", xlim=(0, 115))
    ax.legend(frameon=False, loc="lower right")
    return figure


def ladder(names: Sequence[str], seconds: Sequence[float], tokens: Sequence[int]) -> Figure:
    """Left seconds a step with the factor to the one before, right the tokens that go through the model."""
    figure, (left, right) = plt.subplots(
        1, 2, sharey=True, figsize=(WIDTH, 0.45 * len(names) + 1.1), width_ratios=(1.6, 1), layout="constrained"
    )
    factors = ["", *(f"  × {before / after:.1f}" for before, after in pairwise(seconds))]
    left.barh(names, seconds, color=BLUE)
    for y, (value, factor) in enumerate(zip(seconds, factors, strict=True)):
        left.text(value, y, f" {value:.2f}{factor}", va="center", fontsize=8)
    right.barh(names, tokens, color=ORANGE)
    for y, value in enumerate(tokens):
        right.text(value, y, f" {value:,}", va="center", fontsize=8)
    for ax, label, values in ((left, "seconds a step", seconds), (right, "tokens in the layers", tokens)):
        plain(ax)
        ax.grid(False)
        ax.set(xlabel=label, xlim=(0, max(values) * 1.35))
    left.invert_yaxis()
    return figure


def paired_by_seed(panels: Mapping[str, Mapping[int, tuple[float, float]]], names: tuple[str, str]) -> Figure:
    """One panel a measure: seed -> its value in the first and the second way, joined by a line."""
    figure, parts = plt.subplots(1, len(panels), figsize=(WIDTH, 3.0), layout="constrained", squeeze=False)
    for ax, (label, pairs) in zip(parts[0], panels.items(), strict=True):
        plain(ax)
        for k, (seed, pair) in enumerate(pairs.items()):
            ax.plot((0, 1), pair, marker="os^Dv"[k % 5], color=CYCLE[k % 5], label=f"seed {seed}")
        means = np.mean(list(pairs.values()), axis=0)
        ax.plot((0, 1), means, color=GRAY, linestyle="--", linewidth=1, label="mean")
        ax.set_xticks((0, 1), names)
        ax.set(ylabel=label, xlim=(-0.25, 1.25))
    parts[0][-1].legend(frameon=False, fontsize=8)
    return figure

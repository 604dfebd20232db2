"""Figures of training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import BLUE, CYCLE, GRAY, ORANGE, RED, axes


def loss_curve(
    runs: Mapping[str, Sequence[float]], width: int, card_loss: float, marks: Mapping[str, float] | None = None
) -> Figure:
    """Loss a step (faint), mean of the last `width` steps, and the one number that the card logs."""
    figure, ax = axes()
    for (name, losses), color in zip(runs.items(), CYCLE, strict=False):
        steps = np.arange(1, len(losses) + 1)
        ax.plot(steps, losses, color=color, alpha=0.25, linewidth=0.7)
        mean = [float(np.mean(losses[max(0, i - width) : i])) for i in steps]
        ax.plot(steps, mean, color=color, label=name)
    ax.axhline(card_loss, color=RED, linestyle="--", linewidth=1, label=f"card: {card_loss:.4f}, mean of steps 1-500")
    for (name, value), style in zip((marks or {}).items(), (":", "-."), strict=False):
        ax.axhline(value, color=GRAY, linestyle=style, linewidth=1, label=f"{name}: {value:.3f}")
    ax.set(xlabel="optimizer step", ylabel="training loss")
    ax.legend(frameon=False, fontsize=8)
    return figure


def learning_rates(rates: Mapping[str, Sequence[float]]) -> Figure:
    """Learning rate at each step, logarithmic, for several readings of a recipe."""
    figure, ax = axes()
    for (name, values), color in zip(rates.items(), CYCLE, strict=False):
        steps = np.arange(1, len(values) + 1)
        ax.plot(steps, np.maximum(values, 1e-10), color=color, label=name)
    ax.set_yscale("log")
    ax.set_ylim(1e-9, 2e-4)
    ax.set(xlabel="optimizer step", ylabel="learning rate")
    ax.legend(frameon=False)
    return figure


def batch_lengths(encoded: Mapping[str, Sequence[int]]) -> Figure:
    """Tokens that one batch sends through the encoder, padding included, for kinds of batches."""
    figure, ax = axes(height=2.6)
    names = list(encoded)
    means = [float(np.mean(encoded[name])) for name in names]
    ax.barh(names, means, color=[BLUE, ORANGE, *CYCLE[2:]][: len(names)])
    for y, mean in enumerate(means):
        ax.text(mean, y, f" {mean:,.0f}", va="center")
    ax.grid(False)
    ax.set(xlabel="tokens a batch of 16 triplets, padding included (mean)")
    ax.set_xlim(0, max(means) * 1.15)
    return figure


def seconds_bars(seconds: Mapping[str, float], xlabel: str) -> Figure:
    """One bar a way of doing the same thing."""
    figure, ax = axes(height=0.5 * len(seconds) + 1.0)
    ax.barh(list(seconds), list(seconds.values()), color=BLUE)
    for y, value in enumerate(seconds.values()):
        ax.text(value, y, f" {value:.2f}", va="center")
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel=xlabel, xlim=(0, max(seconds.values()) * 1.15))
    return figure

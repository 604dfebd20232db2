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


def recipe_curves(runs: Sequence[tuple[str, int, Sequence[float]]], width: int, card_loss: float, epoch: int) -> Figure:
    """Mean of the last `width` losses of (recipe, seed, losses): a color a recipe, a stroke a seed.

    Dashed, the one number that the card logs, over the steps that it is the mean of; dotted, the ends of epochs of so
    many steps.
    """
    figure, ax = axes()
    recipes = list(dict.fromkeys(recipe for recipe, _, _ in runs))
    drawn = dict.fromkeys(recipes, 0)
    for recipe, seed, losses in runs:
        window = min(width, -(-len(losses) // 5))  # of a stub of a training still a line
        means = np.convolve(losses, np.full(window, 1 / window), mode="valid")
        color, stroke = CYCLE[recipes.index(recipe)], ("-", (0, (4, 1)), (0, (1, 1)))[drawn[recipe] % 3]
        ax.plot(
            np.arange(window, len(losses) + 1), means, color=color, linestyle=stroke, label=f"{recipe}, seed {seed}"
        )
        drawn[recipe] += 1
    longest = max(len(losses) for _, _, losses in runs)
    for end in range(epoch, longest, epoch):
        ax.axvline(end, color=GRAY, linestyle=":", linewidth=0.8)
    label = f"card: {card_loss:.4f}, mean of 1-500"
    ax.plot([1, min(500, longest)], [card_loss] * 2, color=RED, linestyle="--", linewidth=1, label=label)
    ax.set(xlabel="optimizer step", ylabel=f"training loss, mean of up to {width} steps", ylim=(0, None))
    figure.legend(frameon=False, fontsize=8, ncols=2, loc="outside upper center")
    return figure


def untrained_and_trained(losses: Mapping[str, tuple[float, float]], card_loss: float) -> Figure:
    """Two bars a set of rows: the mean loss of batches before the training and after it."""
    figure, ax = axes(height=0.55 * len(losses) + 1.4)
    places = np.arange(len(losses))
    for shift, kind, color in ((-0.2, "untrained", GRAY), (0.2, "trained", BLUE)):
        values = [pair[kind == "trained"] for pair in losses.values()]
        ax.barh(places + shift, values, height=0.38, color=color, label=kind)
        for y, value in zip(places + shift, values, strict=True):
            label = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            ax.text(value, y, f" {value:.3f}", va="center", fontsize=8, bbox=label)
    ax.axvline(card_loss, color=RED, linestyle="--", linewidth=1, label=f"card: {card_loss:.4f}, of its own rows")
    ax.set_yticks(places, list(losses))
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="mean loss, batches of 16, no dropout", xlim=(0, 1.12 * max(map(max, losses.values()))))
    figure.legend(frameon=False, fontsize=8, ncols=3, loc="outside upper center")
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

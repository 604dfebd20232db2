"""Figures of what stands between a text and its vector."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch
from matplotlib.ticker import MaxNLocator

from course_lib.plots.style import BLUE, CYCLE, GRAY, ORANGE, RED, WIDTH, axes, plain

WORD, FURTHER, SPECIAL, PADDING = "word or its first piece", "further piece", "special token", "padding"
KINDS = {WORD: "#CFE3F1", FURTHER: "#F8DFA6", SPECIAL: "#BFE5D9", PADDING: "#E6E6E6"}


def word_pieces(rows: Sequence[Sequence[str]]) -> Figure:
    """One row a text of a batch, one box a token, coloured by its kind."""
    figure, ax = axes(height=0.55 * len(rows) + 0.9)
    width = max(map(len, rows))
    for y, row in enumerate(rows):
        for x, piece in enumerate(row):
            color = KINDS[_kind(piece)]
            ax.add_patch(FancyBboxPatch((x + 0.08, y + 0.2), 0.84, 0.6, boxstyle="round,pad=0.02", color=color))
            ax.text(x + 0.5, y + 0.5, piece, ha="center", va="center", fontsize=min(8, 90 / width))
    ax.set(xlim=(0, width), ylim=(len(rows), 0), xlabel="position in the batch's grid")
    ax.set_xticks(np.arange(width) + 0.5, range(width))
    ax.set_yticks(np.arange(len(rows)) + 0.5, [f"text {y}" for y in range(len(rows))])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    keys = [Patch(color=color, label=kind) for kind, color in KINDS.items()]
    figure.legend(handles=keys, frameon=False, ncols=len(keys), loc="outside upper center", fontsize=8)
    return figure


def _kind(piece: str) -> str:
    if piece == "[PAD]":
        return PADDING
    if piece in ("[CLS]", "[SEP]"):
        return SPECIAL
    return FURTHER if piece.startswith("##") else WORD


def context_by_layer(words: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """One panel a word: cosines of its token vectors (by relation) after the lookup, 0, and after each layer."""
    figure, panels = plt.subplots(1, len(words), figsize=(WIDTH, 2.9), sharey=True, layout="constrained")
    for ax, (word, lines) in zip(panels, words.items(), strict=True):
        plain(ax)
        for (relation, values), color, marker in zip(lines.items(), CYCLE, "os^", strict=False):
            ax.plot(values, color=color, marker=marker, markersize=4, label=relation)
        ax.set(title=word, xlabel="layer")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0].set_ylabel("cosine of token vectors")
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, ncols=3, loc="outside upper center")
    return figure


def pooled_tokens(vectors: np.ndarray, pieces: Sequence[str], pooled: np.ndarray) -> Figure:
    """Token vectors (tokens, dimensions) as rows of color, and the vector pooled from them (dimensions,) below."""
    grid = np.vstack([vectors, np.full(vectors.shape[1], np.nan), pooled])
    figure, ax = axes(height=0.26 * len(grid) + 0.8)
    reach = np.abs(vectors).max()
    image = ax.imshow(grid, cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto")
    ax.set_yticks([*range(len(pieces)), len(grid) - 1], [*pieces, "masked mean"])
    for label, piece in zip(ax.get_yticklabels(), pieces, strict=False):
        label.set_color(GRAY if piece == "[PAD]" else "black")
    ax.set_xlabel(f"dimension (the first {vectors.shape[1]})")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=ax, label="value")
    return figure


def unit_distance(cosines: np.ndarray, distances: np.ndarray) -> Figure:
    """Measured pairs of unit vectors on the curve d = sqrt(2 - 2 cos)."""
    figure, ax = axes(width=WIDTH * 0.62, height=WIDTH * 0.42)
    grid = np.linspace(-1, 1, 400)
    ax.plot(grid, np.sqrt(2 - 2 * grid), color=GRAY, linewidth=1, label="√(2 − 2 cos)")
    ax.scatter(cosines, distances, s=16, color=BLUE, alpha=0.6, edgecolor="none", label="pairs of sentences")
    ax.set(xlabel="cosine similarity", ylabel="Euclidean distance", xlim=(-1.05, 1.05), ylim=(0, 2.05))
    ax.legend(frameon=False)
    return figure


def sentence_influence(influence: Mapping[str, Sequence[float]]) -> Figure:
    """For each setting one bar a sentence: how far the text's vector moves when that sentence is hidden."""
    figure, ax = axes()
    width = 0.8 / len(influence)
    for k, ((name, values), color) in enumerate(zip(influence.items(), (BLUE, ORANGE), strict=False)):
        places = np.arange(1, len(values) + 1) + (k - (len(influence) - 1) / 2) * width
        ax.bar(places, values, width, color=color, label=name)
    ax.set_xticks(range(1, len(values) + 1))
    ax.set(xlabel="sentence of the text that is hidden", ylabel="1 − cosine to the whole text")
    ax.legend(frameon=False)
    return figure


def lengths_and_limit(lengths: Mapping[str, Sequence[int]], limit: int) -> Figure:
    """Token counts of several kinds of text, and the number of tokens that the encoder reads."""
    figure, ax = axes()
    bins = np.arange(0, max(map(max, lengths.values())) + 8, 8)
    for (name, counts), color in zip(lengths.items(), (ORANGE, BLUE), strict=False):
        ax.hist(counts, bins=bins, weights=np.full(len(counts), 1 / len(counts)), color=color, alpha=0.75, label=name)
    ax.axvline(limit, color=RED, linestyle="--", label=f"limit: {limit} tokens")
    ax.set(xlabel="tokens, [CLS] and [SEP] included", ylabel="share of the texts")
    ax.legend(frameon=False)
    return figure


def cosine_histograms(groups: Mapping[str, Sequence[float]], dimensions: int, mark: float) -> Figure:
    """Cosines of kinds of pairs, the bell of directions drawn at random in that many dimensions, one value marked."""
    figure, ax = axes()
    bins = np.linspace(-0.3, 1.0, 40)
    for (name, values), color in zip(groups.items(), CYCLE, strict=False):
        ax.hist(values, bins=bins, density=True, color=color, alpha=0.6, label=f"{name} (mean {np.mean(values):.2f})")
    grid, spread = np.linspace(-0.3, 1.0, 400), dimensions**-0.5
    bell = np.exp(-((grid / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
    ax.plot(grid, bell, color=GRAY, label=f"random directions in {dimensions} dimensions")
    ax.axvline(mark, color=RED, linestyle="--", linewidth=1, label=f"{mark:g}")
    ax.set(xlabel="cosine similarity of a pair", ylabel="density")
    ax.legend(frameon=False)
    return figure


def pair_cosines(kinds: Mapping[str, Mapping[str, float]], xlabel: str) -> Figure:
    """One dot a pair of texts (its label, its cosine), in blocks by kind of pair."""
    figure, ax = axes(height=0.27 * sum(map(len, kinds.values())) + 1.3)
    place = 0
    for (kind, pairs), color, marker in zip(kinds.items(), (RED, BLUE, GRAY), "Dos", strict=False):
        places = range(place, place + len(pairs))
        ax.scatter(list(pairs.values()), places, color=color, marker=marker, s=30, label=kind)
        place += len(pairs)
    ax.set_yticks(range(place), [label for pairs in kinds.values() for label in pairs], fontsize=8)
    ax.invert_yaxis()
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    ax.set(xlabel=xlabel, xlim=(0, 1.02))
    figure.legend(frameon=False, ncols=len(kinds), loc="outside upper center")
    return figure

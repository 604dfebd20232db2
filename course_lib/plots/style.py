"""What all figures share: the colour-blind-safe palette of Okabe and Ito, sizes, and showing with an alt text."""

import io

import matplotlib.pyplot as plt
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE, GRAY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#595959"
SKY, BLACK = "#56B4E9", "#000000"
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, GRAY, SKY, BLACK)
MARKERS = "os^DvXP*"  # one a color: what color cannot tell apart, shape does
WIDTH, HEIGHT, DPI = 7.2, 3.4, 110


def axes(width: float = WIDTH, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """One empty plot in the style of the course."""
    figure, ax = plt.subplots(figsize=(width, height), layout="constrained")
    plain(ax)
    return figure, ax


def plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)


def png(figure: Figure) -> bytes:
    """The figure as a file's content; it is closed."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    plt.close(figure)
    return content.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Display a figure once, as a PNG that carries its alt text."""
    display(Image(data=png(figure), alt=alt, width=int(figure.get_figwidth() * DPI)))

"""Colours that stay apart for colour-blind readers and in print, and the look that all figures share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK, GREY = "#56B4E9", "#E69F00", "#222222", "#8A8F98"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY)
"""Okabe and Ito's colours, without the yellow that disappears on white; in the order in which lines take them."""
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
"""Line styles of the first, second, ... round through ``SERIES``."""

INK, FAINT, PANEL, PAPER = "#222222", "#C9CED6", "#F3F5F8", "#FFFFFF"
"""Text; lines that stay behind; areas; the page."""
CHOSEN = VERMILLION
"""What the search has chosen, in every figure."""
SEQUENTIAL = "Blues"
"""The colour map of weights and shares."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: every machine draws the same
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#E6E9EE",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": PAPER,
    "svg.fonttype": "path",  # letters as shapes: a label is as wide for every reader as it was for the layout
    "svg.hashsalt": "nasframe",
}


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, by its first place; after the last colour they begin again."""
    return {name: SERIES[i % len(SERIES)] for i, name in enumerate(dict.fromkeys(names))}


def dashes(names: Iterable[str]) -> dict[str, Any]:
    """A line style for each name: another one in each round through the colours."""
    return {name: DASHES[i // len(SERIES) % len(DASHES)] for i, name in enumerate(dict.fromkeys(names))}


def tint(colour: str, strength: float) -> tuple[float, float, float]:
    """A colour thinned with white: strength 1 is the colour, 0 is white."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (1 - strength * (1 - part) for part in parts)
    return red, green, blue

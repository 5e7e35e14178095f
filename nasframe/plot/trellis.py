"""The network by resolution: every state, every move as wide as its weight, and what is chosen in bold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import FixedLocator

from nasframe.graph import part
from nasframe.plot.canvas import readable, text_width
from nasframe.plot.palette import CHOSEN, FAINT, GREY, PAPER, SERIES, tint

_WIDEST = 6.0
_BEND, _RISE = 0.16, 0.8
"""How far an edge is bent at least: as a share of its length, and in layers."""
_PALE = 0.5
"""How strong a kind's colour is where nothing is chosen."""
_LEGEND = (0.1, 0.5, 1.0)
_BOX_FONT = 7.5
_FREE = "#A9BBD3"
_Style = Literal["solid", "none"] | tuple[float, Sequence[float]]
_Colour = str | tuple[float, float, float]
_DOTS, _DASHES = (0.0, (1.5, 1.5)), (0.0, (2.5, 1.5))
_CLEAR = 0.25
"""How far from a place an edge has to pass it, in levels."""


@dataclass(frozen=True)
class Spot:
    """A node of the trellis."""

    layer: int
    level: int
    label: str
    state: bool
    """A state; else a stem or a head."""
    chosen: bool


@dataclass(frozen=True)
class Move:
    """An edge between two places, given by their indices."""

    start: int
    end: int
    weight: float | None
    """Probability; None: it has none, or no snapshot says it."""
    link: bool
    """Always there, nothing to choose."""
    chosen: bool
    bend: float = 0.0
    """Of an edge that would run through other places, how far it is bent away from them, as a share of its length;
    below 0: upwards."""
    optional: bool = False
    """There or not, beside the path."""
    label: str = ""
    """What an edge that is no move is; the legend says it."""


@dataclass(frozen=True)
class Trellis:
    """All there is to draw of a trellis."""

    places: tuple[Spot, ...]
    moves: tuple[Move, ...]
    rows: tuple[tuple[int, str], ...]
    """Level and its name, finest first."""
    row_title: str

    @property
    def weighted(self) -> bool:
        """Whether any move has a weight."""
        return any(move.weight is not None for move in self.moves)

    @property
    def is_path(self) -> bool:
        """Whether what is chosen is one path: with at most one edge out of a place, but for optional ones."""
        starts = [move.start for move in self.moves if move.chosen and not move.optional]
        return len(starts) == len(set(starts))

    @property
    def colours(self) -> dict[str, str]:
        """Of each kind of edge that is no move its colour, where there are several kinds; else nothing."""
        kinds = list(dict.fromkeys(move.label for move in self.moves if move.label))
        series = [colour for colour in SERIES if colour != CHOSEN]
        return {kind: series[i % len(series)] for i, kind in enumerate(kinds)} if len(kinds) > 1 else {}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches of a figure in which nothing touches."""
        layers = [place.layer for place in self.places]
        return 1.2 + 0.68 * (max(layers) - min(layers) + 1), 0.95 + 0.72 * len(self.rows)


def compute(graph: nx.DiGraph, chosen: nx.DiGraph | None = None) -> Trellis | None:
    """The trellis of a space.

    Args:
        graph: of the whole space, with weights where there are any (``nasframe.graph.with_weights``).
        chosen: the graph of a genotype; None: nothing is chosen yet.

    Returns:
        None where the space has no states to move between.
    """
    network = part(graph, "network")
    path = part(chosen, "network") if chosen is not None else nx.DiGraph()
    index = {node: i for i, node in enumerate(network)}
    places = tuple(
        Spot(data["layer"], data["level"], str(data.get("label", node)), data["kind"] == "state", node in path)
        for node, data in network.nodes(data=True)
    )
    if not any(place.state for place in places):
        return None
    moves = tuple(
        Move(
            index[a],
            index[b],
            _weight(data),
            data["kind"] == "link",
            path.has_edge(a, b),
            _bend(places, index[a], index[b]),
            data["kind"] == "optional",
            readable(str(data.get("label", ""))),
        )
        for a, b, data in network.edges(data=True)
    )
    rows, title = _rows(places)
    return Trellis(places, moves, rows, title)


def draw(trellis: Trellis, axes: Axes) -> None:
    """Draw it: levels as rows with the finest on top, layers as columns."""
    at = [(float(place.layer), float(place.level)) for place in trellis.places]
    _moves(trellis, at, axes)
    for chosen, colour, size in ((False, PAPER, 42), (True, CHOSEN, 62)):
        states = [p for p in trellis.places if p.state and p.chosen == chosen]
        axes.scatter(
            [p.layer for p in states],
            [p.level for p in states],
            s=size,
            c=colour,
            edgecolors=CHOSEN if chosen else GREY,
            linewidths=1.1,
            zorder=4,
        )
    for (x, y), place in zip(at, trellis.places, strict=True):
        if not place.state:
            _box(axes, x, y, place)
    _axis(trellis, axes)
    _legend(trellis, axes)


def _moves(trellis: Trellis, at: list[tuple[float, float]], axes: Axes) -> None:
    near = sorted((m for m in trellis.moves if not m.bend), key=lambda move: move.chosen)
    lines = LineCollection(
        [(at[move.start], at[move.end]) for move in near],
        linewidths=[_line_width(move) for move in near],
        colors=[_colour(move, trellis) for move in near],
        linestyles=[_style(move) for move in near],
        capstyle="round",
        zorder=1,
    )
    axes.add_collection(lines)
    for move in trellis.moves:
        if move.bend:
            _arc(axes, at[move.start], at[move.end], move, _colour(move, trellis))
        if move.chosen and move.weight is not None:
            _number(axes, at[move.start], at[move.end], move)


def _number(axes: Axes, start: tuple[float, float], end: tuple[float, float], move: Move) -> None:
    """A chosen move's weight: on a slanting line, above a level one."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + move.bend * (end[0] - start[0]) / 2
    box = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.9}
    above = 0.17 if start[1] == end[1] else 0
    axes.text(
        x, y - above, f"{move.weight:.2f}", size=6.5, ha="center", va="center", zorder=5, in_layout=False, bbox=box
    )


def _arc(axes: Axes, start: tuple[float, float], end: tuple[float, float], move: Move, colour: _Colour) -> None:
    style = f"arc3,rad={move.bend}"
    arc = FancyArrowPatch(start, end, connectionstyle=style, arrowstyle="-", linestyle=_style(move), zorder=2)
    arc.set(linewidth=_line_width(move), color=colour)
    axes.add_patch(arc)


def _box(axes: Axes, x: float, y: float, place: Spot) -> None:
    axes.text(
        x,
        y,
        _wrapped(readable(place.label)),
        size=_BOX_FONT,
        ha="center",
        va="center",
        linespacing=1.05,
        zorder=6,
        bbox={"boxstyle": "round,pad=0.3", "facecolor": PAPER, "edgecolor": CHOSEN if place.chosen else GREY},
    )


def _axis(trellis: Trellis, axes: Axes) -> None:
    layers = sorted({place.layer for place in trellis.places if place.state})
    ends = [place.layer for place in trellis.places]
    levels = [level for level, _ in trellis.rows]
    axes.set_xlim(min(ends) - 0.55, max(ends) + 0.55)
    axes.set_ylim(max(levels) + 0.4, min(levels) - 0.5)
    axes.xaxis.set_major_locator(FixedLocator(layers))
    axes.set_yticks(levels, [name for _, name in trellis.rows])
    axes.set_xlabel("layer")
    axes.set_ylabel(trellis.row_title)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _legend(trellis: Trellis, axes: Axes) -> None:
    entries = []
    colours = trellis.colours
    if any(move.chosen for move in trellis.moves):
        line: _Style = "none" if colours else "solid"
        label = f"chosen{' path' * trellis.is_path}"
        entries.append(Line2D([], [], color=CHOSEN, linewidth=3, linestyle=line, marker="o", markersize=6, label=label))
    if trellis.weighted:
        entries += [
            Line2D([], [], color=_FREE, linewidth=_WIDEST * weight, label=f"weight {weight:g}") for weight in _LEGEND
        ]
    elif any(not (move.link or move.optional) for move in trellis.moves):
        entries.append(Line2D([], [], color=_FREE, linewidth=1.2, label="possible move"))
    for label, move in {move.label: move for move in trellis.moves if move.label}.items():
        shown = move if colours else replace(move, chosen=False)
        entries.append(
            Line2D([], [], color=colours.get(label, GREY), linewidth=1.4, linestyle=_style(shown), label=label)
        )
    axes.legend(
        handles=entries,
        loc="lower right",
        bbox_to_anchor=(1, 0.985),
        ncols=len(entries),
        borderaxespad=0,
        handlelength=2.2,
    )


def _rows(places: tuple[Spot, ...]) -> tuple[tuple[tuple[int, str], ...], str]:
    """The rows' names: the label that all states of a row share, as a stride where it is a number; else the level."""
    levels = sorted({place.level for place in places})
    labels = {level: {p.label for p in places if p.level == level and p.state} for level in levels}
    shared = {level: next(iter(found)) for level, found in labels.items() if len(found) == 1}
    if len(shared) < sum(bool(found) for found in labels.values()):
        return tuple((level, str(level)) for level in levels), "level"
    numbers = {level: re.fullmatch(r"(?:stride\s*|1/|s|/)?(\d+)", label) for level, label in shared.items()}
    if all(numbers.values()):
        return tuple((level, m[1] if (m := numbers.get(level)) else "") for level in levels), "stride"
    return tuple((level, shared.get(level, "")) for level in levels), "level"


def _bend(places: tuple[Spot, ...], start: int, end: int) -> float:
    """How far an edge is to be bent so that it runs through no other place."""
    a, b = places[start], places[end]
    rise = (b.level - a.level) / max(b.layer - a.layer, 1)
    between = (place for place in places if a.layer < place.layer < b.layer)
    if all(abs(place.level - a.level - rise * (place.layer - a.layer)) > _CLEAR for place in between):
        return 0.0
    bend = max(_BEND, _RISE / (b.layer - a.layer))
    return -bend if a.level >= b.level else bend


def _colour(move: Move, trellis: Trellis) -> _Colour:
    """That of its kind, where there are several, pale unless it is chosen."""
    if own := trellis.colours.get(move.label):
        return own if move.chosen else tint(own, _PALE)
    return CHOSEN if move.chosen else FAINT if move.link else _FREE


def _style(move: Move) -> _Style:
    """Optional edges are dashed; links are dotted until they are chosen."""
    if move.optional:
        return _DASHES
    return _DOTS if move.link and not move.chosen else "solid"


def _weight(data: dict[str, object]) -> float | None:
    value = data.get("value")
    return value if isinstance(value, float) and np.isfinite(value) else None


def _line_width(move: Move) -> float:
    if move.chosen:
        return 3.0
    if move.link:
        return 0.9
    return 1.2 if move.weight is None else max(0.35, _WIDEST * min(move.weight, 1.0))


def _wrapped(label: str) -> str:
    return label.replace(" ", "\n") if text_width(label, _BOX_FONT) > 0.5 else label

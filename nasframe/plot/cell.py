"""A cell: inputs left, blocks with their operations, output right, and wires that never run under a box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from nasframe.files.words import quantity
from nasframe.graph import Edge, edges, edges_into, part
from nasframe.plot.canvas import labels, readable, text_width
from nasframe.plot.layout import Point, layered
from nasframe.plot.palette import FAINT, GREY, INK, PANEL, PAPER, colours, tint

_FONT, _SMALL = 8.0, 7.0
_ROW, _ROW_GAP, _PAD, _KNOB, _LINK = 0.25, 0.06, 0.1, 0.34, 0.13
_WIRES = "#5B6675"


@dataclass(frozen=True)
class Pill:
    """An edge's end: the operation that it carries, drawn where it enters its block."""

    edge: Edge
    operation: str | None
    """None: it is open which."""
    share: float | None
    """The operation's probability; None: it is not known."""
    label: str
    note: str
    """The probability as text, or nothing."""
    colour: str
    left: float
    width: float
    y: float


@dataclass(frozen=True)
class Box:
    """A node: an input, a block with its pills, or the output."""

    label: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    knob: float
    """Width of the part that holds the label."""
    pills: tuple[Pill, ...]

    @property
    def knob_end(self) -> float:
        """x of the right end of the part that holds the label."""
        return self.x + self.width / 2 - (_PAD if self.pills else 0)


@dataclass(frozen=True)
class Wire:
    """An edge, as points: pairs of straight pieces with curves between them."""

    points: tuple[Point, ...]
    link: bool

    def pieces(self) -> Iterator[tuple[Point, ...]]:
        """Of each piece the points after its start: the end of a straight one; two handles and the end of a curve.

        Curves are S-curves with level ends.
        """
        for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(self.points)):
            middle = (x0 + x1) / 2
            yield ((x1, y1),) if i % 2 == 0 else ((middle, y0), (middle, y1), (x1, y1))


@dataclass(frozen=True)
class Cell:
    """All there is to draw of a cell, in inches; y grows downwards."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    extent: tuple[float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches of a figure in which the texts have their room."""
        return self.extent[0] + 0.25, self.extent[1] + 0.25


@dataclass(frozen=True)
class _End:
    """What there is to write at an edge's end."""

    edge: Edge
    label: str = ""
    note: str = ""
    operation: str | None = None
    share: float | None = None


def compute(graph: nx.DiGraph, name: str, weighted: nx.DiGraph | None = None, *, roomy: bool = False) -> Cell:
    """One cell of a genotype or of a space.

    Args:
        graph: of a genotype (edges carry one operation) or of a space (the strongest one, or how many there are).
        name: which part.
        weighted: the space's graph with weights, to read the probabilities from; None: no probabilities.
        roomy: whether each pill has room for every operation, so that another one can be shown in its place.

    Boxes are in the order of the graph's nodes; their pills in the order of the edges into them.
    """
    cell = part(graph, name)
    label = {node: _named(text, cell.nodes[node]) for node, text in labels(cell).items()}
    weights = dict(edges(part(weighted, name))) if weighted is not None else {}
    known = [op for _, _, ops in (weighted or graph).edges(data="operations") for op in ops or ()]
    colour = colours([*known, *(op for _, _, op in graph.edges(data="operation") if op)])
    incoming = {node: _incoming(cell, weights, node) for node in cell}
    others = [_End(("", ""), readable(op), "0.00") for op in dict.fromkeys(known)] if roomy else []
    room = max([0.6, *(_pill_width(edge) for edge in chain(others, *incoming.values()))])
    sizes = {node: _size(label[node], ends, room) for node, ends in incoming.items()}
    pitch = {node: _ROW + _ROW_GAP if _has_pills(ends) else _LINK for node, ends in incoming.items()}
    layout = layered(cell, sizes, pitch, gap=0.16)
    boxes, wires = [], []
    for node, ends in incoming.items():
        (x, y), (width, height) = layout.centres[node], sizes[node]
        pills = tuple(
            Pill(
                end.edge,
                end.operation,
                end.share,
                end.label,
                end.note,
                colour.get(end.operation or "", GREY),
                x - width / 2 + _PAD,
                room,
                layout.ports[end.edge],
            )
            for end in ends
            if end.label
        )
        boxes.append(Box(label[node], cell.nodes[node]["kind"], x, y, width, height, _knob(label[node]), pills))
        wires += [Wire(tuple(layout.wire(end.edge)), link=not end.label) for end in ends]
    return Cell(tuple(boxes), tuple(wires), (layout.bounds[-1][1], layout.height))


def draw(cell: Cell, axes: Axes) -> None:
    """Draw it at its own scale: give it a figure of ``cell.size``."""
    axes.set_axis_off()
    axes.set_xlim(-0.08, cell.extent[0] + 0.08)
    axes.set_ylim(cell.extent[1] + 0.08, -0.08)
    axes.set_aspect("equal")
    for wire in sorted(cell.wires, key=lambda wire: not wire.link):
        colour, width = (FAINT, 1.3) if wire.link else (_WIRES, 1.3)
        axes.add_patch(PathPatch(_path(wire), facecolor="none", edgecolor=colour, linewidth=width, capstyle="round"))
    for box in cell.boxes:
        _draw_box(box, axes)


def _named(label: str, data: Mapping[str, Any]) -> str:
    """A node's label, and how it combines if that is, or may be, by concatenation."""
    ways = data.get("combine", "add")
    return label if ways == "add" else f"{label}, {ways if isinstance(ways, str) else ' or '.join(ways)}"


def _incoming(cell: nx.DiGraph, weights: Mapping[Edge, Mapping[str, Any]], node: str) -> list[_End]:
    ends = []
    for edge, data in edges_into(cell, node):
        if data["kind"] != "operation":
            ends.append(_End(edge))
            continue
        whole = weights.get(edge, data)
        names = tuple(whole.get("operations", ()))
        row = whole.get("value", ())
        shares = dict(zip(names, row, strict=True)) if isinstance(row, tuple) and len(row) == len(names) else {}
        operation = data.get("operation") or (max(shares, key=lambda name: shares[name]) if shares else None)
        label = readable(operation) if operation else quantity(len(names), "operation")
        share = shares.get(operation) if operation else None
        ends.append(_End(edge, label, "" if share is None else f"{share:.2f}", operation, share))
    return ends


def _pill_width(end: _End) -> float:
    note = text_width(end.note, _SMALL) + 0.12 if end.note else 0.0
    return text_width(end.label, _FONT) + note + 0.24


def _size(label: str, ends: Sequence[_End], room: float) -> tuple[float, float]:
    knob = _knob(label)
    if not _has_pills(ends):
        return knob, max(_KNOB, (len(ends) + 1) * _LINK)
    return knob + room + 2.5 * _PAD, len(ends) * (_ROW + _ROW_GAP) - _ROW_GAP + 2 * _PAD


def _has_pills(ends: Sequence[_End]) -> bool:
    return any(end.label for end in ends)


def _knob(label: str) -> float:
    return max(_KNOB, text_width(label, _FONT) + 0.16)


def _path(wire: Wire) -> Path:
    vertices, codes = [wire.points[0]], [Path.MOVETO]
    for piece in wire.pieces():
        vertices += piece
        codes += [Path.LINETO if len(piece) == 1 else Path.CURVE4] * len(piece)
    return Path(np.array(vertices), codes)


def _draw_box(box: Box, axes: Axes) -> None:
    if box.pills:
        _rounded(axes, box.x - box.width / 2, box.y, (box.width, box.height), 0.1, PANEL, FAINT)
    end = box.knob_end
    plain = box.kind != "block"
    fill, colour = (PAPER, INK) if plain else (INK, PAPER)
    _rounded(
        axes,
        end - box.knob,
        box.y,
        (box.knob, _KNOB if box.pills else box.height),
        0.06 if plain else _KNOB / 2,
        fill,
        INK,
    )
    axes.text(end - box.knob / 2, box.y, box.label, size=_FONT, ha="center", va="center_baseline", color=colour)
    for pill in box.pills:
        _rounded(axes, pill.left, pill.y, (pill.width, _ROW), 0.07, tint(pill.colour, 0.22), pill.colour)
        axes.text(pill.left + 0.1, pill.y, pill.label, size=_FONT, va="center_baseline", in_layout=False)
        axes.text(pill.left + pill.width - 0.1, pill.y, pill.note, size=_SMALL, va="center_baseline", ha="right")


def _rounded(
    axes: Axes,
    left: float,
    y: float,
    size: tuple[float, float],
    radius: float,
    *colours: str | tuple[float, float, float],
) -> None:
    style = f"round,pad=0,rounding_size={radius}"
    axes.add_patch(
        FancyBboxPatch(
            (left, y - size[1] / 2),
            *size,
            boxstyle=style,
            facecolor=colours[0],
            edgecolor=colours[1],
            linewidth=0.9,
            zorder=3,
        )
    )

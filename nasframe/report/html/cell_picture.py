"""A cell as SVG: on each edge the strongest operation, as long a bar as its weight."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from nasframe.graph import part
from nasframe.plot import cell as plot_cell
from nasframe.plot.cell import Box, Cell, Pill, Wire
from nasframe.plot.layout import Point
from nasframe.plot.operations import Operations
from nasframe.report.html.markup import Markup, joined, tag

_SCALE = 112.0
_PILL, _KNOB = 26.0, 38.0
_COLOURS = 8
_WIDEST_GAP = 0.5
"""Between columns, in inches."""


def picture(graph: nx.DiGraph, name: str, operations: Operations | None, genotype: nx.DiGraph | None) -> Markup:
    """A cell of a space, or of a genotype where no weights are known.

    Args:
        graph: the space's, with weights where ``operations`` are given; else of what is to be shown.
        name: which part.
        operations: the edges, in the order by which the page's script knows them; None: nothing moves.
        genotype: the graph of what was found: its edges are framed.
    """
    found = _squeezed(plot_cell.compute(graph, name, graph if operations else None, roomy=operations is not None))
    inside = part(graph, name)
    kept = part(genotype, name).edges if genotype is not None and operations else ()
    rows = {edge: row for row, edge in enumerate(operations.edges)} if operations else {}
    numbers = {op: i for i, op in enumerate(operations.names if operations else _names(inside))}
    wires = (_wire(wire) for wire in sorted(found.wires, key=lambda wire: not wire.link))
    boxes = [
        joined(
            _box(box),
            (
                _pill(pill, numbers.get(pill.operation or "", 0), rows.get(pill.edge), kept=pill.edge in kept)
                for pill in box.pills
            ),
        )
        for box in found.boxes
    ]
    width, height = (side * _SCALE + 16 for side in found.extent)
    return tag(
        "svg",
        tag("g", wires, boxes, transform="translate(8 8)"),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=round(width),
        role="img",
        aria_label="The cell: inputs left, blocks with their operations, output right. The table below says what "
        "it shows.",
        class_="cell",
        style=f"--least:{0.7 * width:.0f}px",
        data_cell=name if operations else None,
    )


def _squeezed(cell: Cell) -> Cell:
    """The cell with the wide gaps between its columns made narrower: the page is less wide than a figure may be."""
    knots: list[tuple[float, float]] = []
    left = right = shift = 0.0
    for box in sorted(cell.boxes, key=lambda box: box.x - box.width / 2):
        left = box.x - box.width / 2
        if left > right:
            shift += max(0.0, left - right - _WIDEST_GAP)
            knots += [(right, knots[-1][1] if knots else 0.0), (left, shift)]
        right = max(right, box.x + box.width / 2)
    at, by = (list(column) for column in zip(*knots, strict=True)) if knots else ([0.0], [0.0])

    def moved(x: float) -> float:
        return x - float(np.interp(x, at, by))

    boxes = tuple(
        replace(box, x=moved(box.x), pills=tuple(replace(pill, left=moved(pill.left)) for pill in box.pills))
        for box in cell.boxes
    )
    wires = tuple(replace(wire, points=tuple((moved(x), y) for x, y in wire.points)) for wire in cell.wires)
    return Cell(boxes, wires, (moved(cell.extent[0]), cell.extent[1]))


def _names(cell: nx.DiGraph) -> dict[str, None]:
    return dict.fromkeys(op for _, _, ops in cell.edges(data="operations") for op in ops or ())


def _box(box: Box) -> Markup:
    x, y = box.x * _SCALE, box.y * _SCALE
    width, height = box.width * _SCALE, box.height * _SCALE
    pieces = []
    if box.pills:
        pieces.append(_rectangle(x - width / 2, y - height / 2, width, height, 12, "panel"))
    knob = box.knob * _SCALE
    end = box.knob_end * _SCALE
    tall = _KNOB if box.pills else height
    look = "block" if box.kind == "block" else "terminal"
    pieces.append(_rectangle(end - knob, y - tall / 2, knob, tall, 19 if look == "block" else 7, look))
    middle = f"{end - knob / 2:.1f}"
    pieces.append(tag("text", box.label, x=middle, y=f"{y + 4:.1f}", text_anchor="middle", class_=f"{look}-name"))
    return joined(*pieces)


def _pill(pill: Pill, number: int, row: int | None, *, kept: bool) -> Markup:
    left, top, width = pill.left * _SCALE, pill.y * _SCALE - _PILL / 2, pill.width * _SCALE
    filled = f"{width * (1.0 if pill.share is None else min(pill.share, 1.0)):.1f}"
    return tag(
        "g",
        _rectangle(left, top, width, _PILL, 7, "ground"),
        tag("rect", x=f"{left:.1f}", y=f"{top:.1f}", width=filled, height=_PILL, rx=7, class_="bar"),
        tag("text", pill.label, x=f"{left + 10:.1f}", y=f"{top + 17:.1f}", class_="operation"),
        tag("text", pill.note, x=f"{left + width - 9:.1f}", y=f"{top + 17:.1f}", text_anchor="end", class_="share"),
        class_=f"pill c{number % _COLOURS}" + (" kept" if kept else ""),
        data_row=row,
        data_width=f"{width:.1f}",
    )


def _wire(wire: Wire) -> Markup:
    words = ["M" + _point(wire.points[0])]
    words += [("L" if len(piece) == 1 else "C") + " ".join(map(_point, piece)) for piece in wire.pieces()]
    return tag("path", d="".join(words), class_="wire link" if wire.link else "wire")


def _point(at: Point) -> str:
    return f"{at[0] * _SCALE:.1f} {at[1] * _SCALE:.1f}"


def _rectangle(left: float, top: float, width: float, height: float, radius: float, look: str) -> Markup:
    size = {"x": f"{left:.1f}", "y": f"{top:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    return tag("rect", **size, rx=radius, class_=look)

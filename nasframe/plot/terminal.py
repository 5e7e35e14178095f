"""A trellis and a cell as text, for terminals; in ASCII where the output can show nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

from nasframe.files.words import quantity
from nasframe.graph import Edge, edges_into, part
from nasframe.plot.trellis import Move, Spot, Trellis

_COLUMN, _ROW = 4, 2
"""Characters from layer to layer, and lines from level to level."""
_OFTEN, _SOMETIMES = 0.25, 0.05


@dataclass(frozen=True)
class Glyphs:
    """The characters to draw with."""

    chosen: str
    often: str
    sometimes: str
    seldom: str
    fixed: str
    along: str
    down: str
    up: str


UNICODE = Glyphs("●", "○", "∘", "·", "■", "─", "╲", "╱")
ASCII = Glyphs("@", "O", "o", ".", "#", "-", "\\", "/")


def glyphs_for(encoding: str | None) -> Glyphs:
    """Unicode's characters if an encoding has them all, else ASCII's."""
    try:
        "".join(vars(UNICODE).values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def trellis_lines(trellis: Trellis, glyphs: Glyphs, shares: Sequence[float] | None = None) -> list[str]:
    """Levels as rows with the finest on top, layers as columns, the chosen path as a line.

    Args:
        shares: of each place the share of paths that cross it; None: not known.
    """
    first = min(place.layer for place in trellis.places)
    rows = {level: _ROW * index for index, (level, _) in enumerate(trellis.rows)}
    at = [(_COLUMN * (place.layer - first) + 1, rows[place.level]) for place in trellis.places]
    width = max(x for x, _ in at) + 2
    grid = [[" "] * width for _ in range(max(rows.values()) + 1)]
    for move in trellis.moves:
        if move.chosen:
            _draw_move(grid, at[move.start], at[move.end], glyphs)
    for index, ((x, y), place) in enumerate(zip(at, trellis.places, strict=True)):
        grid[y][x] = _glyph(place, None if shares is None else shares[index], glyphs)
    names = {rows[level]: name for level, name in trellis.rows}
    margin = max(len(trellis.row_title), 6, *(len(name) for name in names.values()))
    lines = [f"{names.get(y, ''):>{margin}}  {''.join(cells).rstrip()}".rstrip() for y, cells in enumerate(grid)]
    head = f"{trellis.row_title:>{margin}}  {_numbers(trellis, at, width)}".rstrip()
    weights = _weights(trellis, at, width)
    return [head, *lines, *([f"{'weight':>{margin}}  {weights}".rstrip()] if weights.strip() else [])]


def legend(glyphs: Glyphs, shaded: bool) -> str:
    """What the characters mean; shaded: shares are known."""
    if not shaded:
        return f"{glyphs.chosen} chosen  {glyphs.seldom} other places  {glyphs.fixed} stem and head"
    return (
        f"{glyphs.chosen} chosen  {glyphs.often} {_OFTEN * 100:.0f} % of the paths or more  {glyphs.sometimes} "
        f"{_SOMETIMES * 100:.0f} % or more  {glyphs.seldom} fewer  {glyphs.fixed} stem and head"
    )


def cell_lines(graph: nx.DiGraph, name: str) -> Iterator[str]:
    """The blocks of a cell, like ``b1 = sep_3x3(h-1) + atrous_5x5(h-2)``; of a whole space what may be chosen.

    What a block concatenates stands in brackets: ``b1 = [sep_3x3(h-1), atrous_5x5(h-2)]``.

    Args:
        graph: of a genotype, or of a space.
        name: the part.
    """
    cell = part(graph, name)
    label = {node: str(data.get("label", node)) for node, data in cell.nodes(data=True)}
    for node in sorted(cell, key=lambda node: cell.nodes[node]["layer"]):
        incoming = sorted(edges_into(cell, node), key=lambda item: cell.nodes[item[0][0]]["layer"])
        chosen = [f"{data['operation']}({label[edge[0]]})" for edge, data in incoming if "operation" in data]
        links = [label[edge[0]] for edge, data in incoming if data["kind"] == "link"]
        if chosen:
            concat = cell.nodes[node].get("combine") == "concat"
            yield f"{label[node]} = " + (f"[{', '.join(chosen)}]" if concat else " + ".join(chosen))
        elif any("operations" in data for _, data in incoming):
            yield f"{label[node]}: {_choice(incoming, label)}"
        elif links:
            yield f"{label[node]} = [{', '.join(links)}]"


def _choice(incoming: Sequence[tuple[Edge, Mapping[str, Any]]], label: Mapping[str, str]) -> str:
    """What may be chosen for a block; where its edges have several keys, for each of them."""
    by_key: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for edge, data in incoming:
        if "operations" in data:
            by_key.setdefault(edge[2:], []).append((label[edge[0]], len(data["operations"])))
    if len(by_key) == 1:
        ((_, found),) = by_key.items()
        return f"one of {quantity(found[0][1], 'operation')} on each of {', '.join(at for at, _ in found)}"
    return "; ".join(
        f"{key[0]} is one of {quantity(found[0][1], 'operation')} on one of {', '.join(at for at, _ in found)}"
        for key, found in by_key.items()
    )


def _draw_move(grid: list[list[str]], start: tuple[int, int], end: tuple[int, int], glyphs: Glyphs) -> None:
    """A line between two places, without its ends; slanting ones go through the lines between the levels."""
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        for x in range(x0 + 1, x1):
            grid[y0][x] = glyphs.along
        return
    steps = abs(y1 - y0)
    for step in range(1, steps):
        y = y0 + step * (1 if y1 > y0 else -1)
        grid[y][x0 + round(step * (x1 - x0) / steps)] = glyphs.down if y1 > y0 else glyphs.up


def _glyph(place: Spot, share: float | None, glyphs: Glyphs) -> str:
    if not place.state:
        return glyphs.fixed
    if place.chosen:
        return glyphs.chosen
    if share is None or share < _SOMETIMES:
        return glyphs.seldom
    return glyphs.often if share >= _OFTEN else glyphs.sometimes


def _numbers(trellis: Trellis, at: Sequence[tuple[int, int]], width: int) -> str:
    """The layers' numbers above their columns."""
    line = [" "] * width
    for (x, _), place in zip(at, trellis.places, strict=True):
        if place.state:
            text = str(place.layer)
            line[x + 1 - len(text) : x + 1] = text
    return "".join(line)


def _weights(trellis: Trellis, at: Sequence[tuple[int, int]], width: int) -> str:
    """The chosen moves' weights below the places where they arrive."""
    line = [" "] * (width + 1)
    for move in trellis.moves:
        if move.chosen and move.weight is not None:
            x = at[move.end][0]
            line[x - 1 : x + 2] = _two_digits(move)
    return "".join(line)


def _two_digits(move: Move) -> str:
    assert move.weight is not None, "only moves that have a weight are written"
    return f"{move.weight:.2f}"[-3:] if move.weight < 0.995 else "1.0"

"""The picture of the layers: a band for each, boxes for folders and flat modules, arrows for imports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import networkx as nx

from generating.arranging import Arrangement, Place, arrange

Point = tuple[float, float]
ROW, BOX, LETTER, SPACE, JOINT = 58, 28, 8.3, 30, 20
"""Pixels: a row's and a box's height, a letter's width, the space between boxes, what a passing arrow takes."""
LEFT, MARGIN, LEGEND, PORT = 46, 16, 46, 13
"""Pixels: the numbers of the layers, the rim, the legend's height, the distance of arrows at a box."""
FONT = "font-family='DejaVu Sans, Verdana, Helvetica, Arial, sans-serif'"
BAND, INK, PALE, ARROW = ("#f6f7f9", "#eceff3"), "#1f2933", "#7b8794", "#52606d"
FLAT, FOLDER, MARK = ("#d9ecff", "#3178b5"), ("#ffffff", "#52606d"), "#d9730d"


def draw(layers: Sequence[Sequence[str]], arrows: nx.DiGraph, folders: Collection[str], marked: Collection[str]) -> str:
    """An SVG file.

    Args:
        layers: the names in each, the lowest layer first.
        arrows: from who imports to what is imported; without circles.
        folders: the names that are folders.
        marked: the names that get a mark, explained in the legend.
    """
    row, first = rows_of(layers, arrows)
    labels = {name: _label(name, folders) for name in row}
    widths = {name: max(64, LETTER * len(label) + 24) for name, label in labels.items()}
    found = arrange(arrows, row, lambda place: JOINT if isinstance(place, tuple) else widths[place] + SPACE)
    rows = max(row.values()) + 1
    left = min(x - widths.get(place, 0) / 2 for place, x in found.x.items()) - LEFT - MARGIN / 2
    wide = max(x + widths.get(place, 0) / 2 for place, x in found.x.items()) - left + MARGIN
    at = {place: (x - left, ROW * (rows - found.row[place] - 0.5)) for place, x in found.x.items()}
    high = ROW * rows + LEGEND
    size = f"viewBox='0 0 {wide:.0f} {high}' width='{wide:.0f}' height='{high}'"
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' {size} {FONT}>",
            "<title>The layers of nasframe and their imports</title>",
            f"<rect width='{wide:.0f}' height='{high}' fill='white'/>",
            *_bands(first, rows, wide),
            *_arrows(found, at),
            *(_box(labels[name], at[name], widths[name], name in folders, name in marked) for name in row),
            *_legend(high - LEGEND / 2),
            "</svg>\n",
        ]
    )


def rows_of(layers: Sequence[Sequence[str]], arrows: nx.DiGraph) -> tuple[dict[str, int], list[int]]:
    """The row of each name, and the lowest row of each layer: within a layer, who imports stands above."""
    row: dict[str, int] = {}
    first: list[int] = []
    lowest = 0
    for layer in layers:
        inside = arrows.subgraph(layer)
        for name in reversed(list(nx.lexicographical_topological_sort(inside))):
            row[name] = max((row[other] + 1 for other in inside[name]), default=lowest)
        first.append(lowest)
        lowest = max(row[name] for name in layer) + 1
    return row, first


def _label(name: str, folders: Collection[str]) -> str:
    return f"{name}/" if name in folders else {"__init__": "nasframe"}.get(name, name)


def _bands(first: Sequence[int], rows: int, wide: float) -> Iterator[str]:
    """A stripe for each layer, with its number, the lowest 1."""
    for number, (low, high) in enumerate(zip(first, [*first[1:], rows], strict=True)):
        top, tall = ROW * (rows - high), ROW * (high - low)
        yield f"<rect y='{top}' width='{wide:.0f}' height='{tall}' fill='{BAND[number % 2]}'/>"
        yield _text(str(number + 1), MARGIN + 12, top + tall / 2 + 4, f"font-size='12' text-anchor='end' fill='{PALE}'")


def _box(label: str, at: Point, wide: float, folder: bool, marked: bool) -> str:
    x, y = at
    box = _rectangle(x - wide / 2, y - BOX / 2, wide, BOX, FOLDER if folder else FLAT)
    mark = _dot(x + wide / 2, y - BOX / 2) if marked else ""
    return box + _text(label, x, y + 4.5, f"font-size='13' text-anchor='middle' fill='{INK}'") + mark


def _arrows(found: Arrangement, at: Mapping[Place, Point]) -> Iterator[str]:
    """A curve for each, from the lower side of its source through its joints to the upper side of its target."""
    leaving = _ports({route: (one, places[1]) for route, places in found.routes.items() for one in route[:1]}, at)
    arriving = _ports({route: (other, places[-2]) for route, places in found.routes.items() for other in route[1:]}, at)
    for route, (source, *joints, target) in found.routes.items():
        tip = (at[target][0] + arriving[route], at[target][1] - BOX / 2)
        begin = (at[source][0] + leaving[route], at[source][1] + BOX / 2)
        passing = [(at[joint][0], at[joint][1] + half) for joint in joints for half in (-BOX / 2, BOX / 2)]
        curve = _curve([begin, *passing, (tip[0], tip[1] - 6)])
        head = f"M{tip[0]:.1f},{tip[1]:.1f}l-3.6,-7.5h7.2z"
        yield (
            f"<g><title>{route[0]} imports {route[1]}</title>"
            f"<path d='{curve}' fill='none' stroke='{ARROW}' stroke-width='1.3'/><path d='{head}' fill='{ARROW}'/></g>"
        )


def _ports(
    ends: Mapping[tuple[str, str], tuple[Place, Place]], at: Mapping[Place, Point]
) -> dict[tuple[str, str], float]:
    """How far from a box's middle each of its arrows begins or ends: in the order in which they come.

    Args:
        ends: of each arrow the box and the place next to it.
    """
    ports: dict[tuple[str, str], float] = {}
    for box in {box for box, _ in ends.values()}:
        routes = sorted((route for route in ends if ends[route][0] == box), key=lambda route: at[ends[route][1]])
        ports |= {route: PORT * (index - (len(routes) - 1) / 2) for index, route in enumerate(routes)}
    return ports


def _curve(points: Sequence[Point]) -> str:
    """From above to below: upright past the boxes of a row, and from one row to the next as smooth as can be."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        if x == to_x:
            path += f"V{to_y:.1f}"
        else:
            middle = (y + to_y) / 2
            path += f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
    return path


def _legend(y: float) -> Iterator[str]:
    x, style = MARGIN + 4.0, f"font-size='12' fill='{INK}'"
    for colours, words in ((FLAT, "flat module, an interface"), (FOLDER, "folder")):
        yield _rectangle(x, y - 8, 22, 16, colours)
        yield _text(words, x + 30, y + 4, style)
        x += 52 + 7.2 * len(words)
    yield _dot(x + 5, y)
    yield _text("plug-ins may import it, or a part of it", x + 18, y + 4, style)


def _rectangle(x: float, y: float, wide: float, high: float, colours: tuple[str, str]) -> str:
    size = f"x='{x:.1f}' y='{y:.1f}' width='{wide:.1f}' height='{high:.1f}'"
    return f"<rect {size} rx='5' fill='{colours[0]}' stroke='{colours[1]}' stroke-width='1.3'/>"


def _dot(x: float, y: float) -> str:
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4.5' fill='{MARK}'/>"


def _text(words: str, x: float, y: float, style: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {style}>{words}</text>"

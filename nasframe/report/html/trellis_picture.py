"""The trellis as SVG: moves as wide as their weights, nodes as dark as they are visited, the best paths as lines."""

from __future__ import annotations

from nasframe.plot.canvas import readable, text_width
from nasframe.plot.trellis import Move, Spot, Trellis
from nasframe.report.html.frames import BestPath, Routes
from nasframe.report.html.markup import Markup, joined, tag

_COLUMN, _ROW, _MARGIN, _LEFT, _TOP = 74, 66, 44, 66, 26
_RADIUS = 14
WIDEST = 13.0
"""Width of a move of weight 1; the page's script has the same number."""
OFFSETS = (0, 6, -6)
"""How far the best path and its runners-up are moved down, so that all are seen where they run together."""


def picture(trellis: Trellis, routes: Routes | None) -> Markup:
    """The trellis at one snapshot.

    Args:
        trellis: its places and moves.
        routes: where paths go; None: unknown.
    """
    at = _Placing(trellis)
    marginals = [float("nan")] * len(trellis.places) if routes is None else [float(m) for m in routes.marginals]
    best = routes.best if routes else ()
    return tag(
        "svg",
        at.axes(),
        tag("g", (at.move(i, move) for i, move in enumerate(trellis.moves)), class_="moves"),
        tag("g", (at.chosen(move) for move in trellis.moves if move.chosen), class_="taken"),
        tag("g", (at.route(i, best[i] if i < len(best) else None) for i in reversed(range(len(OFFSETS))))),
        tag("g", (at.node(i, place, marginals[i]) for i, place in enumerate(trellis.places))),
        viewBox=f"0 0 {at.width} {at.height}",
        width=at.width,
        role="img",
        aria_label="The trellis: layers from left to right, the finest level on top. The table and the text below "
        "say what it shows.",
        class_="trellis",
        style=f"--least:{0.75 * at.width:.0f}px",
    )


class _Placing:
    def __init__(self, trellis: Trellis) -> None:
        self.trellis = trellis
        self.first = min(place.layer for place in trellis.places)
        self.top = min(level for level, _ in trellis.rows)
        last = max(place.layer for place in trellis.places)
        bottom = max(level for level, _ in trellis.rows)
        self.width = _LEFT + _COLUMN * (last - self.first) + _MARGIN
        self.height = _TOP + _ROW * (bottom - self.top) + _MARGIN + 22

    def point(self, index: int) -> tuple[int, int]:
        place = self.trellis.places[index]
        return _LEFT + _COLUMN * (place.layer - self.first), _TOP + _ROW * (place.level - self.top)

    def axes(self) -> Markup:
        rows = (
            tag("text", name, x=8, y=_TOP + _ROW * (level - self.top) + 4, class_="tick")
            for level, name in self.trellis.rows
        )
        bottom = self.height - 26
        layers = sorted({place.layer for place in self.trellis.places if place.state})
        columns = (
            tag("text", str(n), x=_LEFT + _COLUMN * (n - self.first), y=bottom, text_anchor="middle") for n in layers
        )
        titles = (
            tag("text", "layer", x=(_LEFT + self.width) / 2, y=bottom + 18, text_anchor="middle", class_="tick"),
            tag("text", self.trellis.row_title, x=8, y=bottom, class_="tick"),
        )
        return joined(rows, tag("g", columns, class_="tick"), titles)

    def move(self, index: int, move: Move) -> Markup:
        if move.link:
            return tag("path", d=self.curve(move), class_="link")
        known = move.weight is not None
        width = 1.5 if move.weight is None else max(0.6, WIDEST * min(move.weight, 1.0))
        return tag(
            "path",
            tag("title", f"{move.label + ', ' if move.label else ''}weight {move.weight:.3f}") if known else None,
            d=self.curve(move),
            class_="move optional" if move.optional else "move",
            stroke_width=f"{width:.1f}",
            data_move=index if known else None,
        )

    def chosen(self, move: Move) -> Markup:
        return tag("path", d=self.curve(move), class_="optional" if move.optional else None)

    def curve(self, move: Move) -> str:
        (x1, y1), (x2, y2) = self.point(move.start), self.point(move.end)
        if not move.bend:
            return f"M{x1} {y1}L{x2} {y2}"
        return f"M{x1} {y1}Q{(x1 + x2) / 2:g} {(y1 + y2) / 2 + move.bend * (x2 - x1):g} {x2} {y2}"

    def route(self, rank: int, route: BestPath | None) -> Markup:
        points = (
            ""
            if route is None
            else " ".join(f"{x},{y + OFFSETS[rank]}" for x, y in (self.point(node) for node in route.nodes))
        )
        return tag("polyline", points=points, class_=f"route r{rank}", data_route=rank)

    def node(self, index: int, place: Spot, marginal: float) -> Markup:
        x, y = self.point(index)
        name = readable(place.label)
        if not place.state:
            width = text_width(name, 12) * 72 + 14
            box = tag("rect", x=round(x - width / 2, 1), y=y - 13, width=round(width, 1), height=26, rx=6)
            text = tag("text", name, x=x, y=y + 4, text_anchor="middle")
            return tag("g", box, text, class_="end chosen" if place.chosen else "end", data_x=x, data_y=y)
        known = marginal == marginal
        return tag(
            "g",
            tag("circle", cx=x, cy=y, r=_RADIUS),
            tag("circle", cx=x, cy=y, r=_RADIUS, class_="shade", fill_opacity=f"{marginal if known else 0:.2f}"),
            tag("text", percent(marginal), x=x, y=y + 4, text_anchor="middle"),
            class_="state chosen" if place.chosen else "state",
            data_x=x,
            data_y=y,
        )


def percent(marginal: float) -> str:
    """What stands in a node: whole percents; of less than one half, a dot; of nothing known, nothing."""
    if not marginal == marginal:
        return ""
    return f"{100 * marginal:.0f}" if marginal >= 0.005 else "·"

"""The trellis at the slider's snapshot, with what it shows in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nasframe.plot import trellis as plot_trellis
from nasframe.plot.canvas import readable
from nasframe.plot.trellis import Trellis
from nasframe.report.html import telling, trellis_picture
from nasframe.report.html.frames import Frames, Network, Routes
from nasframe.report.html.markup import Child, Markup, joined, tag
from nasframe.report.html.tables import folded, picture, table
from nasframe.report.record import RunRecord


def section(record: RunRecord, frames: Frames, network: Network) -> Iterator[Markup]:
    """The picture, its legend, the best paths, and the moves' weights."""
    graph = record.weighted[-1][1]
    found = plot_trellis.compute(graph, record.genotype)
    routes = network.routes[-1]
    if found is not None:
        yield picture(trellis_picture.picture(found, routes), "Trellis")
        yield _legend(chosen=record.genotype is not None, routes=routes is not None)
    if routes is None:
        yield tag(
            "p", "The moves' weights are not those of a trellis with one start: no paths are told.", class_="note"
        )
    else:
        yield tag("p", telling.sentence(frames, network, len(frames.steps) - 1), id="said")
        columns = ("rank", "path", "log-probability", "probability", "gap to the next")
        rows: list[Sequence[Child]] = [
            (str(i + 1), *(tag("td", text, class_="path" if j == 0 else "number") for j, text in enumerate(row)))
            for i, row in enumerate(telling.rows(routes, telling.path_labels(graph)))
        ]
        yield tag("div", table(columns, rows, 2, "The most probable paths"), id="paths")
    if found is not None:
        yield folded("Numbers of the trellis", _numbers(found, network))


def _numbers(found: Trellis, network: Network) -> Markup:
    """How often each state is visited, and the weight of each move, in tables that follow the slider."""
    names = dict(found.rows)
    place = [
        f"layer {p.layer}, {found.row_title} {names.get(p.level) or p.level}" if p.state else readable(p.label)
        for p in found.places
    ]
    rows: list[Sequence[Child]] = [
        (place[move.start], place[move.end], _number(telling.fixed(network.moves[-1][i]), data_weight=i))
        for i, move in enumerate(found.moves)
        if not move.link
    ]
    moves = table(("from", "to", "weight of the move"), rows, 2, "The weight of each move")
    routes = network.routes[-1]
    return joined(_visits(found, routes) if routes else None, moves)


def _visits(found: Trellis, routes: Routes) -> Markup:
    layers = sorted({place.layer for place in found.places if place.state})
    at = {(place.level, place.layer): i for i, place in enumerate(found.places) if place.state}

    def cell(level: int, layer: int) -> Markup:
        index = at.get((level, layer))
        share = trellis_picture.percent(routes.marginals[index]) if index is not None else ""
        return _number(share, data_visits=index)

    rows = [(name or str(level), *(cell(level, layer) for layer in layers)) for level, name in found.rows]
    columns = (f"{found.row_title} \\ layer", *(str(layer) for layer in layers))
    return table(columns, rows, 1, "The percentage of paths that visit each state")


def _number(text: str, **marks: int | None) -> Markup:
    return tag("td", text, class_="number", **marks)


def _legend(*, chosen: bool, routes: bool) -> Markup:
    def sample(look: str, said: str) -> Markup:
        line = tag("line", x1=2, x2=34, y1=7, y2=7, class_=look)
        return tag("li", tag("svg", line, viewBox="0 0 36 14", width=36, height=14, aria_hidden="true"), said)

    items = [sample("wide", "move, as wide as its weight")]
    if routes:
        ranks = ("best path", "second", "third")
        items += [sample(f"route r{rank}", said) for rank, said in enumerate(ranks)]
        dot = tag("circle", cx=10, cy=7, r=6, class_="shade", fill_opacity="0.6")
        mark = tag("svg", dot, viewBox="0 0 20 14", width=20, height=14, aria_hidden="true")
        items.append(tag("li", mark, "node: the percentage of paths, drawn by the weights, that visit it"))
    if chosen:
        ring = tag("circle", cx=10, cy=7, r=5, class_="ring")
        mark = tag("svg", ring, viewBox="0 0 20 14", width=20, height=14, aria_hidden="true")
        items.append(tag("li", mark, "on the genotype's path"))
    return tag("ul", items, class_="legend")

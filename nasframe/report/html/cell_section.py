"""A cell at the slider's snapshot: the picture, and the weight of every operation on every edge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nasframe.graph import part
from nasframe.plot.canvas import readable
from nasframe.report.html import cell_picture
from nasframe.report.html.frames import Operations
from nasframe.report.html.markup import Child, Markup, tag
from nasframe.report.html.tables import picture, table
from nasframe.report.record import RunRecord


def title(name: str) -> str:
    """A part's name as a heading."""
    return (readable(name) if "cell" in name else f"{readable(name)} cell").capitalize()


def section(record: RunRecord, name: str, operations: Operations) -> Iterator[Markup]:
    """The picture and the table."""
    graph = record.weighted[-1][1]
    yield picture(cell_picture.picture(graph, name, operations, record.genotype), title(name))
    kept = " The edges with a bold frame are the genotype's." if record.genotype is not None else ""
    yield tag("p", "On each edge its strongest operation, with its weight as the bar's length.", kept, class_="note")
    cell = part(graph, name)
    label = {node: readable(str(data.get("label", node))) for node, data in cell.nodes(data=True)}
    chosen = part(record.genotype, name) if record.genotype is not None else None
    rows: list[Sequence[Child]] = []
    for i, (a, b) in enumerate(operations.edges):
        taken = chosen.edges[a, b].get("operation") if chosen is not None and chosen.has_edge(a, b) else None
        weights = enumerate(operations.weights[-1][i])
        cells = (_weight(float(value), f"{i},{k}", operations.names[k] == taken) for k, value in weights)
        rows.append((f"{label[a]} → {label[b]}", *cells))
    columns = ("edge", *(readable(op) for op in operations.names))
    caption = f"Weights of the operations on the edges of the {title(name).lower()}"
    yield tag("div", table(columns, rows, 1, caption), class_="weights", data_weights=name)


def _weight(value: float, place: str, taken: bool) -> Markup:
    if not math.isfinite(value):
        return tag("td", class_="number")
    look = "number shade taken" if taken else "number shade"
    mark = tag("span", " (chosen)", class_="unseen") if taken else None
    text = tag("span", f"{value:.3f}")
    return tag("td", text, mark, class_=look, style=f"--v:{value:.2f}", data_place=place)

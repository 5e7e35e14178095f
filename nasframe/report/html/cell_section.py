"""A cell at the slider's snapshot: the picture, and the weight of every operation on every edge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nasframe.plot import heatmap
from nasframe.plot.canvas import readable
from nasframe.plot.operations import Operations
from nasframe.report.html import cell_picture
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
    numbers = heatmap.of_operations(graph, name, record.genotype)
    if numbers is None:
        return
    rows: list[Sequence[Child]] = [
        (edge, *(_weight(float(value), i, k, (i, k) in numbers.marked) for k, value in enumerate(numbers.values[i])))
        for i, edge in enumerate(numbers.rows)
    ]
    columns = ("edge", *numbers.columns)
    caption = f"Weights of the operations on the edges of the {title(name).lower()}"
    yield tag("div", table(columns, rows, 1, caption), class_="weights", data_weights=name)


def _weight(value: float, edge: int, operation: int, taken: bool) -> Markup:
    if not math.isfinite(value):
        return tag("td", class_="number")
    look = "number shade taken" if taken else "number shade"
    mark = tag("span", " (chosen)", class_="unseen") if taken else None
    text = tag("span", f"{value:.3f}")
    return tag("td", text, mark, class_=look, style=f"--v:{value:.2f}", data_place=f"{edge},{operation}")

"""What was found: the path and the cells' blocks, in words, and drawn where no slider draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import networkx as nx

from nasframe.graph import parts
from nasframe.plot import trellis as plot_trellis
from nasframe.plot.canvas import readable
from nasframe.report import facts
from nasframe.report.html import cell_picture, trellis_picture
from nasframe.report.html.cell_section import title
from nasframe.report.html.markup import Child, Markup, joined, tag
from nasframe.report.html.tables import picture, table
from nasframe.report.record import RunRecord


def section(record: RunRecord, *, drawn: bool) -> Iterator[Markup]:
    """The path with its probability, and of each cell what each block does with its inputs.

    Args:
        record: of the run.
        drawn: whether to draw the trellis and the cells too; of a run that has no genotype yet, the whole space.
    """
    if drawn:
        yield from _trellis(record)
    if record.genotype is not None and (labels := facts.path_labels(record.genotype)) is not None:
        yield tag("p", "Path: ", tag("strong", " → ".join(labels)), ".", _probability(record))
    graph = record.genotype or record.graph
    for name in parts(graph) if graph is not None else ():
        content = list(_cell(record, graph, name, drawn)) if name != "network" else []
        if content:
            yield joined(tag("h3", title(name)), content)


def _trellis(record: RunRecord) -> Iterator[Markup]:
    graph = record.graph or record.genotype
    found = plot_trellis.compute(graph, record.genotype) if graph is not None else None
    if found is not None:
        yield picture(trellis_picture.picture(found, None), "Trellis")


def _cell(record: RunRecord, graph: nx.DiGraph, name: str, drawn: bool) -> Iterator[Markup]:
    if drawn:
        yield picture(cell_picture.picture(graph, name, None, None), title(name))
    blocks = facts.blocks(record.genotype, name) if record.genotype is not None else {}
    if blocks:
        yield _blocks(blocks, title(name))
    if record.genotype is not None and (output := facts.output(record.genotype, name)):
        yield tag("p", output, class_="note")


def _probability(record: RunRecord) -> str:
    if record.last_weights is None or record.genotype is None:
        return ""
    probability = facts.path_probability(record.last_weights, record.genotype)
    return f" The product of its moves' weights is {probability:.3g}." if probability is not None else ""


def _blocks(blocks: dict[str, list[facts.Entry]], caption: str) -> Markup:
    most = max(len(entries) for entries in blocks.values())
    numbers = [f" {i + 1}" if most > 1 else "" for i in range(most)]
    columns = ["block", *(f"{word}{number}" for number in numbers for word in ("input", "operation"))]
    rows: list[Sequence[Child]] = []
    for block, entries in blocks.items():
        cells: list[Child] = [text for e in entries for text in (readable(e.source), tag("code", e.operation))]
        rows.append([block, *cells, *[""] * (2 * (most - len(entries)))])
    return table(columns, rows, caption=caption)

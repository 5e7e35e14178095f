"""The section of several objectives: the Pareto front as a table and a picture."""

from __future__ import annotations

from collections.abc import Iterator

from nasframe.files import words
from nasframe.files.words import quantity
from nasframe.pareto import SCORE
from nasframe.plot.canvas import readable
from nasframe.plot.front import TradeOff, compute
from nasframe.report import markdown as md
from nasframe.report.record import RunRecord

Rows = list[tuple[str, ...]]


def section(record: RunRecord, figure: str | None) -> Iterator[str]:
    """Title, picture, table; nothing where there was one objective."""
    found = compute(record.events)
    if found is None:
        return
    yield "## The Pareto front"
    yield said(found)
    if figure:
        yield md.figure("Scores of all candidates over their costs; the front is marked", figure)
    yield md.table(columns(found), rows(record, found), numbers_from=1)


def said(found: TradeOff) -> str:
    """What the front is."""
    costs = " and ".join(readable(cost) for cost in found.costs)
    return (
        f"{len(found.front)} of {quantity(len(found.points), 'candidate')} are on the front: none of the others has "
        f"both a score as high and as little {costs}."
    )


def columns(found: TradeOff) -> tuple[str, ...]:
    """The titles of the table."""
    return ("candidate", *(readable(name) for name in found.objectives), "genotype")


def rows(record: RunRecord, found: TradeOff) -> Rows:
    """A row for each candidate on the front: its number, what it has of each objective, its file."""
    table = []
    for point in found.front:
        file = record.layout.on_front(point.candidate)
        score = words.number(point.values[SCORE], fraction=found.percent)
        costs = (words.number(point.values[cost]) for cost in found.costs)
        shown = md.code(record.layout.name(file)) if file.is_file() else words.NOTHING
        table.append((str(point.candidate), score, *costs, shown))
    return table

"""The candidates of a search on the page: their table, behind a line to click on where it is long."""

from __future__ import annotations

from collections.abc import Iterator

from nasframe.files.words import quantity
from nasframe.report import candidates
from nasframe.report.html.markup import Markup, tag
from nasframe.report.html.tables import folded, table
from nasframe.report.record import RunRecord

_FOLDED_FROM = 15


def section(record: RunRecord) -> Iterator[Markup]:
    """The section's content; nothing where no candidate was evaluated."""
    rows = candidates.rows(record)
    if not rows:
        return
    yield tag("p", candidates.said(record), class_="note")
    found = table(candidates.COLUMNS, rows, caption="The candidates of the search")
    yield found if len(rows) < _FOLDED_FROM else folded(quantity(len(rows), "row"), found)

"""Tables: of numbers, of shares with a bar behind each, and of who was taken for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nasframe.files import words
from nasframe.files.words import quantity
from nasframe.plot.heatmap import Heatmap
from nasframe.report.html.markup import Child, Markup, joined, tag
from nasframe.report.text_table import TextTable

MOST_ROWS = 300
_TABLE_UP_TO = 30
_LARGEST = 8
_LEAST = 0.005
_CELL = 6


def table(
    columns: Sequence[Child], rows: Iterable[Sequence[Child]], numbers_from: int | None = None, caption: Child = None
) -> Markup:
    """A table whose first column names its rows; a cell that is ``<td>`` markup already stays as it is.

    Args:
        columns: the titles.
        rows: as many cells each.
        numbers_from: the first of the columns that are set flush right; None: no column is.
        caption: for those who do not see it; None: the text before says it.
    """
    first = len(columns) if numbers_from is None else numbers_from
    kind = [None if i < first else "number" for i in range(len(columns))]
    head = (tag("th", title, scope="col", class_=look) for title, look in zip(columns, kind, strict=True))
    body = (tag("tr", tag("th", row[0], scope="row"), _cells(row[1:], kind[1:])) for row in rows)
    said = tag("caption", tag("span", caption, class_="unseen")) if caption else None
    return _scrolled(tag("table", said, tag("thead", tag("tr", head)), tag("tbody", body)), caption)


def of_text(found: TextTable) -> Markup:
    """A table whose columns but the first are figures."""
    return table(found.columns, found.rows, numbers_from=1, caption=found.title)


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    """Names and values, side by side."""
    return tag("dl", (tag("div", tag("dt", name), tag("dd", value)) for name, value in rows), class_="facts")


def folded(summary: Child, *content: Child, unfold_in_print: bool = False) -> Markup:
    """Content behind a line to click on."""
    return tag("details", tag("summary", summary), *content, class_="unfold" if unfold_in_print else None)


def picture(svg: Markup, title: str) -> Markup:
    """A drawing that keeps its size; where the window is narrow it scrolls, for keyboards too."""
    return tag("div", svg, class_="scroll picture", tabindex=0, role="region", aria_label=title)


def of_evaluation(table_of: Mapping[str, Any], caption: str) -> Markup:
    """A table that the evaluator made; fractions have a bar behind them."""
    columns = [str(column) for column in table_of["columns"]]
    all_rows = table_of["rows"]
    rows = (
        [_measured(column, value) for column, value in zip(columns, row, strict=False)] for row in all_rows[:MOST_ROWS]
    )
    found = table(columns, rows, numbers_from=1, caption=caption)
    if len(all_rows) <= MOST_ROWS:
        return found
    return joined(found, tag("p", f"The first {MOST_ROWS} of {quantity(len(all_rows), 'row')}.", class_="note"))


def of_confusion(found: Heatmap, counts: Mapping[str, Any]) -> Markup:
    """Of each true class the shares that were taken for each class: a table, or of many classes a picture."""
    small = max(found.values.shape) <= _TABLE_UP_TO
    return joined(_shares(found) if small else _map(found), _most_confused(found, counts))


def _shares(found: Heatmap) -> Markup:
    def cell(row: int, column: int) -> Markup:
        value = float(found.values[row, column])
        same = row == column
        if not value >= _LEAST:
            return tag("td", class_="same" if same else None)
        return tag("td", f"{100 * value:.0f}", class_="shade same" if same else "shade", style=f"--v:{value:.2f}")

    head = (tag("th", tag("span", name), scope="col", class_="turned") for name in found.columns)
    corner = tag("td", "truth ↓ prediction →", class_="corner")
    body = (
        tag("tr", tag("th", name, scope="row"), (cell(i, j) for j in range(len(found.columns))))
        for i, name in enumerate(found.rows)
    )
    title = "Of each true class, the percentage that was predicted as each class"
    said = tag("caption", tag("span", title, class_="unseen"))
    whole = tag("table", said, tag("thead", tag("tr", corner, head)), tag("tbody", body), class_="matrix")
    return _scrolled(whole, title)


def _map(found: Heatmap) -> Markup:
    rows, columns = found.values.shape
    places = np.argwhere(np.nan_to_num(found.values) >= 2 * _LEAST)
    strongest = sorted(places.tolist(), key=lambda at: -found.values[at[0], at[1]])[:6000]
    marks = (
        tag("path", d=f"M{_CELL * j} {_CELL * i}h{_CELL}v{_CELL}h-{_CELL}z", opacity=f"{found.values[i, j]:.2f}")
        for i, j in sorted(strongest)
    )
    size = f"0 0 {_CELL * columns} {_CELL * rows}"
    title = (
        f"Confusion of {quantity(rows, 'class', 'classes')}: truth from top to bottom, prediction from left to right"
    )
    return tag("svg", tag("g", marks, class_="c0 fill"), viewBox=size, role="img", aria_label=title, class_="map")


def _most_confused(found: Heatmap, counts: Mapping[str, Any]) -> Markup | None:
    pairs = [
        (float(count), i, j)
        for i, row in enumerate(counts["rows"])
        for j, count in enumerate(row[1:])
        if i != j and count > 0
    ]
    largest = sorted(pairs, key=lambda pair: (-pair[0], pair[1:]))[:_LARGEST]
    rows = [
        (found.rows[i], found.columns[j], words.percent(found.values[i, j]), words.number(n)) for n, i, j in largest
    ]
    if not rows:
        return None
    columns = ("truth", "taken for", "share of the truth", "count")
    return joined(tag("h4", "Most often confused"), table(columns, rows, 2, "The largest confusions"))


def _measured(column: str, value: Any) -> Child:
    fraction = words.in_percent(column)
    text = words.number(value, fraction=fraction)
    if fraction and isinstance(value, float) and 0 <= value <= 1:
        return tag("td", text, class_="number bar", style=f"--v:{value:.3f}")
    return text


def _cells(cells: Sequence[Child], kind: Sequence[str | None]) -> Markup:
    return joined(
        *(
            cell if isinstance(cell, Markup) and cell.startswith("<td") else tag("td", cell, class_=look)
            for cell, look in zip(cells, kind, strict=False)
        )
    )


def _scrolled(content: Markup, title: Child) -> Markup:
    """In a box that scrolls where the window is narrow, for keyboards too."""
    label = str(title) if title else "Table"
    return tag("div", content, class_="scroll", tabindex=0, role="region", aria_label=label)

"""Markdown as GitHub renders it: tables, links to figures, numbers for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from urllib.parse import quote

NOTHING = "–"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int | None = None) -> str:
    """A table.

    Args:
        columns: the titles.
        rows: as many cells each.
        numbers_from: the first of the columns that are set flush right; None: no column is.
    """
    first = len(columns) if numbers_from is None else numbers_from
    rule = ["---" if i < first else "---:" for i in range(len(columns))]
    lines = [[escaped(column) for column in columns], rule, *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(title: str, path: str) -> str:
    """A picture.

    Args:
        title: what it shows, for those who do not see it.
        path: relative to the report.
    """
    return f"![{escaped(title)}]({quote(path)})"


def folded(summary: str, text: str) -> str:
    """Text behind a line to click on."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def fenced(text: str, language: str = "") -> str:
    """A block of code."""
    fence = "`" * 3
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def code(text: object) -> str:
    """Text as code, in a line or a cell."""
    plain = " ".join(str(text).split())
    return f"`` {plain} ``" if "`" in plain else f"`{plain}`"


def escaped(text: str) -> str:
    """Text that may stand in a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def percent(value: float) -> str:
    """A fraction as percent with two decimals."""
    return f"{100 * value:.2f} %"


def number(value: object, *, fraction: bool = False) -> str:
    """A value of a table.

    Args:
        value: anything; None and NaN are a dash.
        fraction: whether a float from 0 to 1 is one, to be shown in percent.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if fraction and isinstance(value, float) and 0 <= value <= 1:
        return percent(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"


def amount(value: float) -> str:
    """A large number in thousands, millions or billions: ``10.15 M``."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.2f} {unit}"
    return f"{value:g}"


def duration(seconds: float) -> str:
    """A time as people say it: ``2 h 05 min``, ``3 min 10 s``, ``4.2 s``, ``35 ms``."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"

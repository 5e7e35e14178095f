"""Markdown as GitHub renders it: tables, links to figures, text that may stand in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote


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

"""Markdown as GitHub renders it: tables, links to figures, text that may stand in a cell."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import final
from urllib.parse import quote

_MARKUP = re.compile(r"[\\`*\[\]~]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown takes for markup within a line, but for bars and HTML; low lines within a word are none."""
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BAR = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


@final
class Written(str):
    """Text that is Markdown on purpose; any other is text to be shown as it is."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int | None = None) -> str:
    """A table.

    Args:
        columns: the titles.
        rows: as many cells each.
        numbers_from: the first of the columns that are set flush right; None: no column is.
    """
    first = len(columns) if numbers_from is None else numbers_from
    rule = ["---" if i < first else "---:" for i in range(len(columns))]
    cells = [[escaped(cell) for cell in row] for row in rows]
    lines: list[Sequence[str]] = [[escaped(column) for column in columns], rule, *cells]
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
    return f"<details>\n<summary>{html.escape(_line(summary))}</summary>\n\n{text}\n\n</details>"


def fenced(text: str, language: str = "") -> str:
    """A block of code."""
    fence = _fence(text, 3)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def code(text: object) -> Written:
    """Text as code, in a line or a cell."""
    plain = _line(str(text))
    fence = _fence(plain, 1)
    return Written(f"{fence} {plain} {fence}" if len(fence) > 1 or not plain else f"{fence}{plain}{fence}")


def escaped(text: str) -> Written:
    """Text that may stand in a line or a cell and is shown as it is: nothing in it is markup, HTML, a link or code.

    Args:
        text: of what is ``Written`` already only what would end a cell is escaped.
    """
    line = _line(text)
    return Written(_BAR.sub(r"\\|", line if isinstance(text, Written) else _plain(line)))


def sentence(text: str) -> Written:
    """``escaped``, but what stands between backticks is code. It must be a paragraph or a list's item by itself."""
    line, place = _line(text), 0
    parts: list[str] = []
    for span in _CODE.finditer(line):
        parts += [_plain(line[place : span.start()]), span[0]]
        place = span.end()
    return Written("".join([*parts, _plain(line[place:])]))


def _plain(text: str) -> str:
    return _ENTITY.sub("&amp;", _MARKUP.sub(r"\\\g<0>", text)).replace("<", "&lt;")


def _line(text: str) -> str:
    return " ".join(text.split())


def _fence(text: str, least: int) -> str:
    """Backticks, more than there are in a row in a text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)

"""An evaluation for people and for programs: as plain data, as text tables, as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table as Grid

from nasframe.errors import FileError
from nasframe.evaluator import Evaluation, Table
from nasframe.files import atomic
from nasframe.files.plain_json import finite
from nasframe.files.words import cell_text, quantity

EVALUATION_FILE = "evaluation.json"
WIDTH = 120
MOST_COLUMNS = 8
"""Of a table that is shown as text."""


def plain(evaluation: Evaluation) -> dict[str, Any]:
    """Data that JSON can hold; numbers that are not finite are None."""
    found: dict[str, Any] = finite(evaluation.to_dict("score", "conditions", "metrics", "tables"))
    return found


def as_text(evaluation: Evaluation, about: Mapping[str, Any], form: Literal["table", "json"]) -> str:
    """What a command prints.

    Args:
        about: what was measured, as plain data.
        form: ``table``: fractions in percent with two decimals, and of a wide table only its size; ``json``: all.
    """
    if form == "json":
        return json.dumps({**about, **plain(evaluation)}, indent=1)
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(Group(_facts(evaluation, about), *map(_grid, evaluation.tables, evaluation.tables.values())))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def write(folder: Path, evaluation: Evaluation, about: Mapping[str, Any]) -> None:
    """Write ``evaluation.json``, and a CSV file for each table; each atomically.

    Raises:
        RunError: the place cannot be written.
    """
    for name, table in evaluation.tables.items():
        atomic.write_text(folder / f"{name}.csv", _csv(table))
    atomic.write_json(folder / EVALUATION_FILE, {**about, **plain(evaluation)})


def require_free(folder: Path) -> None:
    """See that no evaluation lies in a folder yet.

    Raises:
        FileError: one does.
    """
    if (folder / EVALUATION_FILE).exists():
        raise FileError(
            f"{folder / EVALUATION_FILE} exists already; choose another --output, or overwrite it by --force"
        )


def _facts(evaluation: Evaluation, about: Mapping[str, Any]) -> Grid:
    grid = Grid(show_header=False)
    for name, value in {**about, **evaluation.conditions}.items():
        grid.add_row(_readable(name), escape(_fact(value)))
    for name, number in evaluation.metrics.items():
        grid.add_row(_readable(name), cell_text(number, name))
    return grid


def _grid(name: str, table: Table) -> Grid | str:
    if len(table.columns) > MOST_COLUMNS:
        size = f"{quantity(len(table.rows), 'row')} of {quantity(len(table.columns), 'column')}"
        return f"{_readable(name)}: {size}, in JSON and in files only"
    grid = Grid(title=_readable(name), title_justify="left")
    for index, column in enumerate(table.columns):
        grid.add_column(escape(column), justify="right" if index else "left")
    for row in table.rows:
        grid.add_row(*(escape(cell_text(cell, column)) for cell, column in zip(row, table.columns, strict=True)))
    return grid


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _readable(name: str) -> str:
    return name.replace("_", " ")


def _csv(table: Table) -> str:
    """With a header; an absent number is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(finite(table.rows))
    return buffer.getvalue()

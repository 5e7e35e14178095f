"""An evaluation for people and for programs: as plain data, as text tables, as files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table as Grid

from nasframe.errors import RunFolderError
from nasframe.evaluator import Evaluation, Table
from nasframe.files import atomic

__all__ = ["as_text", "plain", "require_free", "write"]

FILE = "evaluation.json"
NOTHING = "–"
WIDTH = 120
MOST_COLUMNS = 8
"""Of a table that is shown as text."""


def is_fraction(name: str) -> bool:
    """Whether a metric or a column of this name holds fractions that are shown in percent."""
    return "iou" in name.lower() or "accuracy" in name.lower()


def plain(evaluation: Evaluation) -> dict[str, Any]:
    """Data that JSON can hold; numbers that are not finite are None."""
    tables = {
        name: {"columns": list(table.columns), "rows": [[_finite(cell) for cell in row] for row in table.rows]}
        for name, table in evaluation.tables.items()
    }
    metrics = {name: _finite(value) for name, value in evaluation.metrics.items()}
    head = {"score": _finite(evaluation.score), "conditions": dict(evaluation.conditions)}
    return {**head, "metrics": metrics, "tables": tables}


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
    atomic.write_json(folder / FILE, {**about, **plain(evaluation)})


def require_free(folder: Path) -> None:
    """See that no evaluation lies in a folder yet.

    Raises:
        RunFolderError: one does.
    """
    if (folder / FILE).exists():
        raise RunFolderError(f"{folder / FILE} exists already; choose another --output, or overwrite it by --force")


def cell_text(value: object, name: str) -> str:
    """A number for people.

    Args:
        value: anything; None and NaN are a dash.
        name: of the metric or the column; tells fractions.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if not isinstance(value, int | float):
        return str(value)
    if is_fraction(name) and isinstance(value, float) and 0 <= value <= 1:
        return f"{100 * value:.2f} %"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"


def _facts(evaluation: Evaluation, about: Mapping[str, Any]) -> Grid:
    grid = Grid(show_header=False)
    for name, value in {**about, **evaluation.conditions}.items():
        grid.add_row(_readable(name), escape(_fact(value)))
    for name, number in evaluation.metrics.items():
        grid.add_row(_readable(name), cell_text(number, name))
    return grid


def _grid(name: str, table: Table) -> Grid | str:
    if len(table.columns) > MOST_COLUMNS:
        return f"{_readable(name)}: {len(table.rows)} rows of {len(table.columns)} columns, in JSON and in files only"
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


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _readable(name: str) -> str:
    return name.replace("_", " ")


def _csv(table: Table) -> str:
    """With a header; an absent number is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_finite(cell) for cell in row] for row in table.rows)
    return buffer.getvalue()

"""A table of finished trainings: rows by key, checked as they are read."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasframe import DataError
from nasframe.files.plain_json import parse


@dataclass(frozen=True)
class Row:
    """What is known of one genotype."""

    accuracies: tuple[float, ...]
    """Of one network trained with several seeds, in the table's own unit."""
    fields: Mapping[str, float]


def read_rows(path: Path, accuracies: str, fields: Collection[str]) -> dict[str, Row]:
    """The rows of a JSON file.

    Args:
        path: the file, an object of objects.
        accuracies: the field that lists accuracies; a single number is a list of one.
        fields: the names of other fields to read.

    Raises:
        DataError: the file cannot be read, or a row lacks a field or has no numbers there.
    """
    try:
        data = parse(path.read_text(encoding="utf-8"), distinct=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict) or not data:
        raise DataError(f"{path} holds {_kind(data)}; expected an object that maps keys to rows")
    return {key: _row(row, f"{path}, row {key!r}", accuracies, fields) for key, row in data.items()}


def _row(row: Any, place: str, accuracies: str, fields: Collection[str]) -> Row:
    if not isinstance(row, dict):
        raise DataError(f"{place} is {_kind(row)}; expected an object with the field {accuracies!r}")
    listed = _field(row, place, accuracies)
    listed = listed if isinstance(listed, list) else [listed]
    if not listed:
        raise DataError(f"{place}, field {accuracies!r} is empty; expected the accuracy of at least one training")
    numbers = tuple(_number(value, f"{place}, field {accuracies!r}") for value in listed)
    return Row(numbers, {name: _number(_field(row, place, name), f"{place}, field {name!r}") for name in fields})


def _field(row: dict[str, Any], place: str, name: str) -> Any:
    if name not in row:
        known = ", ".join(map(repr, row)) or "none"
        raise DataError(f"{place} has no field {name!r}; it has {known}. Say in the evaluator's options what to read")
    return row[name]


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"{place} is {value!r}; expected a finite number")
    return float(value)


def _kind(value: Any) -> str:
    return "an empty object" if value == {} else f"a {type(value).__name__}"

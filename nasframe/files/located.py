"""Plain data in which every value knows where it was written, so that an error can point there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from nasframe.errors import NasframeError

SHOWN = 60
"""Characters of a quotation."""

Data: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, order=True)
class Place:
    """A spot in a source that a user wrote."""

    source: str
    """A file as the user named it, or an override as it was typed."""
    line: int = 0
    """From 1; 0: the source has no lines."""
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True)
class Value:
    """A scalar, a list or a mapping, and its place."""

    data: Data
    place: Place
    key: Place
    """Where the key stands that leads to it; of any other value, its own place."""
    problem: str = ""
    """Why the value is not known: an environment variable that is not set."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in what a user wrote."""

    place: Place
    path: str
    """Keys from the top, joined by dots, like ``strategy.epochs``; empty: the whole."""
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.place), self.path, self.message)))


def plain(value: Value) -> Any:
    """The data alone."""
    if isinstance(value.data, dict):
        return {key: plain(inner) for key, inner in value.data.items()}
    return [plain(inner) for inner in value.data] if isinstance(value.data, list) else value.data


def placed(data: Any, place: Place) -> Value:
    """Plain data that all stands at one place; tuples become lists. The inverse of ``plain``."""
    if isinstance(data, Mapping):
        return Value({str(key): placed(inner, place) for key, inner in data.items()}, place, place)
    return Value([placed(inner, place) for inner in data] if isinstance(data, list | tuple) else data, place, place)


def merge(base: Value, overlay: Value) -> Value:
    """The overlay over the base: mappings deeply, anything else replaced.

    A mapping whose ``type`` differs from the base's replaces it wholly: the base's options belong to another
    component. A mapping that an override adds to stays where it was written.
    """
    if not isinstance(base.data, dict) or not isinstance(overlay.data, dict) or type_differs(base, overlay):
        return overlay
    merged = dict(base.data)
    for key, inner in overlay.data.items():
        merged[key] = merge(merged[key], inner) if key in merged else inner
    return replace(overlay if overlay.place.line else base, data=merged)


def type_differs(base: Value | None, overlay: Value | None) -> bool:
    """Whether both are mappings and name different components by ``type``."""
    if base is None or overlay is None or not isinstance(base.data, dict) or not isinstance(overlay.data, dict):
        return False
    before, after = base.data.get("type"), overlay.data.get("type")
    return before is not None and after is not None and before.data != after.data


def find(value: Value, location: Sequence[str | int]) -> tuple[Value, list[str]]:
    """The value at a location and the keys that lead there; parts that lead nowhere are passed over."""
    path: list[str] = []
    for part in location:
        if isinstance(value.data, dict) and part in value.data:
            value = value.data[str(part)]
        elif isinstance(value.data, list) and isinstance(part, int) and part < len(value.data):
            value = value.data[part]
        else:
            continue
        path.append(str(part))
    return value, path


def unknown_values(value: Value, path: str = "") -> list[Problem]:
    """The values that are not known and why, everywhere inside."""
    if value.problem:
        return [Problem(value.place, path, value.problem)]
    inner: list[tuple[str, Value]] = []
    if isinstance(value.data, dict):
        inner = list(value.data.items())
    elif isinstance(value.data, list):
        inner = [(str(index), item) for index, item in enumerate(value.data)]
    return [problem for key, item in inner for problem in unknown_values(item, join(path, key))]


def join(*keys: str) -> str:
    """A path of keys; empty ones are left out."""
    return ".".join(filter(None, keys))


def raise_problems(problems: Sequence[Problem], error: type[NasframeError]) -> None:
    """Raise all problems as one error, in the order in which they stand in their sources; none: return."""
    lines = [str(problem) for problem in sorted(dict.fromkeys(problems), key=lambda problem: problem.place)]
    if len(lines) == 1:
        raise error(lines[0])
    if lines:
        raise error(f"{len(lines)} problems:\n" + "\n".join(f"  {line}" for line in lines))


def shown(data: Any) -> str:
    """Data as a short quotation."""
    text = repr(data) if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=repr)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

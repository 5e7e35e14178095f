"""JSON in and out as plain data: what it cannot hold, and what hostile text may not bring in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nasframe.files.limits import DEEPEST, MOST_DIGITS
from nasframe.files.words import quantity

__all__ = ["finite", "parse"]

_UNUSUAL = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}|[eE][-+]?[0-9]{{3}}")
"""What a number has that Python's own reading may turn into another one, or into one that is of no use."""


def finite(value: Any) -> Any:
    """Plain data in which each number that is not finite is None, and what JSON would write as a list is one."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def parse(text: str, *, distinct: bool = False) -> Any:
    """The plain data that a JSON text stands for.

    Args:
        text: of any length; its numbers and its nesting have limits.
        distinct: whether a key that stands twice in one object is refused; else the later wins.

    Raises:
        ValueError: the text is no JSON, is nested too deeply, or has a number that is too long or too large.
    """
    numbers: Any = {"parse_int": _whole, "parse_float": _real} if _UNUSUAL.search(text) else {}
    try:
        data = json.loads(text, object_pairs_hook=_distinct if distinct else None, **numbers)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if text.count("[") + text.count("{") > DEEPEST:
        _require_shallow(data)
    return data


_TOO_DEEP = f"lists or objects are nested too deeply: expected at most {DEEPEST} inside each other"


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"found a number of {quantity(len(text), 'digit')}, expected at most {MOST_DIGITS}")
    return int(text)


def _real(text: str) -> float:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"found a number of {quantity(len(text), 'digit')}, expected at most {MOST_DIGITS}")
    value = float(text)
    if math.isinf(value) or (not value and re.search("[1-9]", re.split("[eE]", text)[0])):
        raise ValueError(f"found {text}, which is too {'large' if value else 'small'} for a number")
    return value


def _distinct(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} stands twice in one object; remove one")
        found[key] = value
    return found


def _require_shallow(data: Any) -> None:
    level = [data]
    for _ in range(DEEPEST + 1):
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
        if not level:
            return
    raise ValueError(_TOO_DEEP)

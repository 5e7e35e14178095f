"""Environment variables in the values of an experiment: ``${NAME}`` and ``${NAME:-default}``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from nasframe.files.limits import MOST_CHARACTERS
from nasframe.files.yaml_rules import plain_text
from nasframe.files.yaml_text import Value, scalar, shown

MOST_INSIDE = 8
"""Defaults inside each other."""
_TOKEN = re.compile(r"\$\$\{|\$\{|\}")
_OPENING = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-|\})")


@dataclass(frozen=True)
class _Reference:
    """One variable in a text."""

    name: str
    default: tuple[_Part, ...] | None


_Part: TypeAlias = "str | _Reference"


def fill_in(value: Value, environment: Mapping[str, str] = os.environ) -> Value:
    """The value with its variables filled in, everywhere inside; keys are left alone.

    A string that is wholly one variable becomes what its text means in YAML, so a variable can hold a number.
    A variable that is not set and has no default leaves a value that is not known, with the reason as its
    ``unknown``, so it is an error only if nothing overrides it. As in a shell, the default also stands in for
    a variable that is set to nothing, and may itself hold variables.
    """
    if isinstance(value.data, dict):
        return replace(value, data={key: fill_in(inner, environment) for key, inner in value.data.items()})
    if isinstance(value.data, list):
        return replace(value, data=[fill_in(inner, environment) for inner in value.data])
    if not isinstance(value.data, str) or "${" not in value.data:
        return value
    try:
        return replace(value, data=_filled(value.data, environment))
    except ValueError as error:
        return replace(value, unknown=str(error))


def escape(data: Any) -> Any:
    """Plain data as it is written in a file: no string in it is taken for a variable."""
    if isinstance(data, Mapping):
        return {key: escape(inner) for key, inner in data.items()}
    if isinstance(data, list):
        return [escape(inner) for inner in data]
    return data.replace("${", "$${") if isinstance(data, str) else data


def _filled(text: str, environment: Mapping[str, str]) -> Any:
    """What a text means.

    Raises:
        ValueError: why it is not known.
    """
    parts, _ = _parse(text, 0, 0)
    reasons: list[str] = []
    filled = _joined(parts, environment, reasons)
    if reasons:
        raise ValueError("; ".join(dict.fromkeys(reasons)))
    try:
        return scalar(filled) if len(parts) == 1 and isinstance(parts[0], _Reference) else plain_text(filled)
    except ValueError as error:
        raise ValueError(f"in what stands for {shown(text)}: {error}") from error


def _parse(text: str, start: int, depth: int) -> tuple[tuple[_Part, ...], int]:
    """The parts of a text up to its end or, inside a default, to the brace that closes it; and where that is."""
    parts: list[_Part] = []
    at, literal = start, 0
    while token := _TOKEN.search(text, at):
        parts.append(text[at : token.start()])
        at = token.end()
        if token[0] == "}" and depth and not literal:
            return _without_nothing(parts), at
        if token[0] == "${":
            opening = _OPENING.match(text, token.start())
            if opening is None:
                break
            if depth == MOST_INSIDE:
                raise ValueError(f"found {shown(text)}, expected at most {MOST_INSIDE} defaults inside each other")
            default, at = _parse(text, opening.end(), depth + 1) if opening[2] == ":-" else (None, opening.end())
            parts.append(_Reference(opening[1], default))
        else:
            literal = literal + 1 if token[0] == "$${" else max(0, literal - 1)
            parts.append(token[0].replace("$$", "$"))
    else:
        if not depth:
            return _without_nothing([*parts, text[at:]]), len(text)
    raise ValueError(f"found {shown(text)}, expected ${{NAME}} or ${{NAME:-default}}; write $${{ for a literal ${{")


def _without_nothing(parts: Sequence[_Part]) -> tuple[_Part, ...]:
    return tuple(part for part in parts if part)


def _joined(parts: Sequence[_Part], environment: Mapping[str, str], reasons: list[str]) -> str:
    """The text of parts. Args: reasons: gets why it is not known."""
    texts: list[str] = []
    length = 0
    for part in parts:
        texts.append(part if isinstance(part, str) else _value(part, environment, reasons))
        length += len(texts[-1])
        if length > MOST_CHARACTERS:
            reasons.append(f"with its variables filled in it has more than {MOST_CHARACTERS:,} characters")
            break
    return "".join(texts)


def _value(reference: _Reference, environment: Mapping[str, str], reasons: list[str]) -> str:
    name, text = reference.name, environment.get(reference.name)
    if reference.default is not None and not text:
        return _joined(reference.default, environment, reasons)
    if text is None:
        reasons.append(f"the environment variable {name!r} is not set; set it, or write ${{{name}:-default}}")
    return text or ""

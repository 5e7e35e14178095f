"""Environment variables in strings: ``${NAME}`` and ``${NAME:-default}``; ``$${`` is a literal ``${``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasframe.files.located import Value
from nasframe.files.yaml_text import scalar

REFERENCE = re.compile(
    r"\$(?P<escaped>\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>[^}]*))?\}|(?P<malformed>\$\{)"
)


def expand(value: Value, environment: Mapping[str, str] = os.environ) -> Value:
    """The value with its variables filled in, everywhere inside; keys are left alone.

    A string that is wholly one variable becomes what its text means in YAML, so a variable can hold a number.
    A variable that is not set and has no default leaves a value that is not known, with the reason as its
    ``problem``, so it is an error only if nothing overrides it. As in a shell, the default also stands in for
    a variable that is set to nothing.
    """
    if isinstance(value.data, dict):
        return replace(value, data={key: expand(inner, environment) for key, inner in value.data.items()})
    if isinstance(value.data, list):
        return replace(value, data=[expand(inner, environment) for inner in value.data])
    if not isinstance(value.data, str) or "${" not in value.data:
        return value
    problems: list[str] = []
    text = REFERENCE.sub(lambda match: _text(match, environment, problems), value.data)
    if problems:
        return replace(value, problem="; ".join(problems))
    whole = REFERENCE.fullmatch(value.data)
    return replace(value, data=scalar(text) if whole and whole["name"] else text)


def escape(data: Any) -> Any:
    """Plain data as it is written in a file: no string in it is taken for a variable."""
    if isinstance(data, Mapping):
        return {key: escape(inner) for key, inner in data.items()}
    if isinstance(data, list):
        return [escape(inner) for inner in data]
    return data.replace("${", "$${") if isinstance(data, str) else data


def _text(match: re.Match[str], environment: Mapping[str, str], problems: list[str]) -> str:
    if match["escaped"]:
        return "${"
    if match["malformed"]:
        problems.append(
            f"found {match.string!r}, expected ${{NAME}} or ${{NAME:-default}}; write $${{ for a literal ${{"
        )
        return ""
    name, default = match["name"], match["default"]
    text = environment.get(name)
    if default is not None and not text:
        return str(default)
    if text is None:
        problems.append(f"the environment variable {name!r} is not set; set it, or write ${{{name}:-default}}")
    return text or ""

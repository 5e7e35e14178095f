"""Validate options that a user wrote, and say for each fault where it is, what was found and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from nasframe.errors import did_you_mean
from nasframe.files.located import Place, Problem, Value, find, join, plain, shown
from nasframe.options import Options

O = TypeVar("O", bound=Options)  # noqa: E741


def check_options(model: type[O], value: Value, path: str, problems: list[Problem]) -> O | None:
    """The options that a mapping stands for; ``None`` if any is wrong.

    Types are strict: the string ``"3"`` is no number, and ``true`` is no ``1``; a list is taken for a tuple.

    Args:
        value: the mapping, without ``type``.
        path: where it stands in the experiment.
        problems: gets everything that is wrong.
    """
    try:
        return model.model_validate_json(json.dumps(plain(value)), strict=True)
    except ValidationError as error:
        problems.extend(_problems(model, value, path, error))
        return None


def unknown_key(key: str, value: Value, path: str, known: Iterable[str]) -> Problem:
    """That a mapping has a key that means nothing."""
    known = sorted(known)
    message = f"unknown key {key!r}{did_you_mean(key, known)} (known: {', '.join(known) or 'none'})"
    return Problem(value.key, join(path, key), message)


@dataclass
class _Mismatch:
    """What one value should have been; a union of types gives several expectations."""

    place: Place
    path: str
    found: Any
    expected: list[str] = field(default_factory=list)
    """Phrases that follow ``expected``."""
    reasons: list[str] = field(default_factory=list)
    """Sentences of their own."""

    def problem(self) -> Problem:
        parts = [f"found {shown(self.found)}"]
        if self.expected:
            parts.append("expected " + " or ".join(dict.fromkeys(self.expected)))
        parts += dict.fromkeys(self.reasons)
        message = ", ".join(parts) + _hint(self.found, " ".join(self.expected))
        return Problem(self.place, self.path, message)


def _problems(model: type[BaseModel], value: Value, path: str, error: ValidationError) -> list[Problem]:
    problems: list[Problem] = []
    mismatches: dict[tuple[Place, str], _Mismatch] = {}
    for fault in error.errors(include_url=False, include_context=False):
        found, keys = find(value, fault["loc"])
        last = str(fault["loc"][-1]) if fault["loc"] else ""
        if fault["type"] == "missing":
            text = _documentation(model, keys, last)
            problems.append(Problem(found.place, join(path, *keys, last), f"missing; expected {text}"))
        elif fault["type"] == "extra_forbidden":
            problems.append(unknown_key(last, found, join(path, *keys[:-1]), _known_keys(model, keys[:-1])))
        else:
            where = join(path, *keys)
            mismatch = mismatches.setdefault((found.place, where), _Mismatch(found.place, where, fault["input"]))
            _note(mismatch, fault["msg"])
    return problems + [mismatch.problem() for mismatch in mismatches.values()]


def _note(mismatch: _Mismatch, message: str) -> None:
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    expected = message.removeprefix("Input should be ")
    if expected != message:
        mismatch.expected.append(expected.replace("an object", "a mapping").replace("array", "list"))
    else:
        mismatch.reasons.append(message)


def _hint(found: Any, expected: str) -> str:
    if isinstance(found, float) and found.is_integer() and "integer" in expected:
        return f"; write {int(found)}"
    return did_you_mean(found, re.findall(r"'([^']*)'", expected)) if isinstance(found, str) else ""


def _known_keys(model: type[BaseModel], keys: Sequence[str]) -> list[str]:
    return [name for inner in _models_at(model, keys) for name in inner.model_fields]


def _documentation(model: type[BaseModel], keys: Sequence[str], name: str) -> str:
    """What a field is, by its documentation."""
    for inner in _models_at(model, keys):
        if name in inner.model_fields and inner.model_fields[name].description:
            return " ".join(str(inner.model_fields[name].description).split())
    return "a value"


def _models_at(model: type[BaseModel], keys: Sequence[str]) -> list[type[BaseModel]]:
    """The models that may stand at a location inside a model; several where a field is a union of them."""
    models = [model]
    for key in keys:
        fields = [inner.model_fields[key] for inner in models if key in inner.model_fields]
        if fields:  # else: an index into a list, or a key of a plain mapping
            models = [found for field in fields for found in _models_in(field.annotation)]
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]

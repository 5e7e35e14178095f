"""The sections of an experiment: the component that each names by ``type``, and its options, checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from nasframe.ask_tell import AskTell
from nasframe.errors import PluginError, did_you_mean
from nasframe.files.yaml_text import Fault, Faults, Place, Value, join, shown
from nasframe.options import Options
from nasframe.plugin.component import Component
from nasframe.plugin.registry import Found, Registry
from nasframe.strategy import Wrapping

T = TypeVar("T")
O = TypeVar("O", bound=Options)  # noqa: E741
Section = Literal["space", "evaluator", "strategy"]
OLDER_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
"""What were truth values in YAML 1.1 and are words in YAML 1.2."""
SECTIONS: tuple[Section, ...] = get_args(Section)


@dataclass(frozen=True)
class Part(Generic[T]):
    """One component of an experiment, not yet built."""

    component: Component
    distribution: str
    version: str
    cls: type[T]
    options: Options
    over: Part[Any] | None = None
    """The strategy that this one wraps."""

    def written(self) -> dict[str, Any]:
        """All options as plain data, defaults included."""
        over = {"over": {"type": self.over.component.name, **self.over.written()}} if self.over else {}
        return {**over, **self.options.model_dump(mode="json")}


@dataclass(frozen=True)
class Choice:
    """A component that a section names, and the options written beside the name."""

    found: Found[Any]
    options: Value
    """A mapping without ``type`` and ``over``."""
    type_place: Place
    over: Choice | None = None
    """The strategy that this one wraps."""

    def founds(self) -> list[Found[Any]]:
        """The component, and the one that it wraps."""
        return [self.found, *(self.over.founds() if self.over else ())]


def read_choice(section: Section, top: Value, registry: Registry, faults: Faults) -> Choice | None:
    """What a section chooses; None if that is wrong.

    Args:
        top: the whole experiment.
    """
    value = top.members.get(section)
    known = f"one of {', '.join(registry.names(section)) or 'none: no such component is installed'}"
    if value is None:
        faults.add(top.place, section, f"missing; expected a mapping with the key 'type' ({known})")
        return None
    if not isinstance(value.data, dict):
        faults.add(value.place, section, f"found {value.shown()}, expected a mapping with the key 'type' ({known})")
        return None
    kind = value.data.get("type")
    if kind is None:
        near = next((key for key in value.data if did_you_mean("type", [key])), "")
        hint = f"; did you mean 'type' by {near!r}?" if near else ""
        faults.add(value.key, section, f"missing the key 'type', {known}{hint}")
        return None
    return _choice(section, kind, value, registry, faults)


def make_part(choice: Choice, options: Value, path: str, faults: Faults) -> Part[Any] | None:
    """A component with the options that a mapping stands for; None if any is wrong."""
    checked = check_options(choice.found.value.Options, options, path, faults)
    over = make_part(choice.over, choice.over.options, join(path, "over"), faults) if choice.over and checked else None
    if checked is None or (choice.over and over is None):
        return None
    found = choice.found
    return Part(found.component, found.distribution, found.version, found.value, checked, over)


def retrained_part(choice: Choice, overrides: Value, path: str, faults: Faults) -> Part[Any] | None:
    """The search's part with the retraining's overrides merged over its options; None if any is wrong."""
    own = dict(overrides.members)
    kind = own.pop("type", None)
    if kind is not None and kind.data != choice.found.component.name:
        found = f"found {kind.shown()}, but retraining uses the search's {choice.found.component.name!r}"
        faults.add(kind.place, f"{path}.type", f"{found}; remove this key")
        return None
    merged = choice.options.merge(replace(overrides, data=own))
    # At the search's place: what is wrong there is then one fault, not a second one of the retraining.
    merged = replace(merged, place=choice.options.place, key=choice.options.key)
    said = {(fault.place, fault.message) for fault in faults}
    new = Faults()
    part = make_part(choice, merged, path, new)
    faults.extend(fault for fault in new if (fault.place, fault.message) not in said)
    return part


def optional_mapping(key: str, parent: Value, path: str, faults: Faults) -> Value:
    """The mapping under a key; an empty one if the key is absent or has nothing after it."""
    value = parent.members.get(key)
    if value is not None and isinstance(value.data, dict):
        return value
    if value is not None and value.data is not None:
        faults.add(value.place, path, f"found {value.shown()}, expected a mapping")
    return Value({}, parent.place, parent.key)


def can_be_wrapped(strategy: type) -> bool:
    """Whether a strategy can be the one that another wraps."""
    return issubclass(strategy, AskTell) and not issubclass(strategy, Wrapping)


def check_options(model: type[O], value: Value, path: str, faults: Faults) -> O | None:
    """The options that a mapping stands for; ``None`` if any is wrong.

    Types are strict: the string ``"3"`` is no number, and ``true`` is no ``1``; a list is taken for a tuple.

    Args:
        value: the mapping, without ``type``.
        path: where it stands in the experiment.
        faults: gets everything that is wrong.
    """
    try:
        return model.model_validate_json(json.dumps(value.plain()), strict=True)
    except ValidationError as error:
        faults.extend(_faults(model, value, path, error))
        return None


def check_keys(value: Value, known: Iterable[str], path: str, faults: Faults) -> None:
    """Check that a mapping has no key that means nothing."""
    known = set(known)
    faults.extend(_unknown_key(key, inner, path, known) for key, inner in value.members.items() if key not in known)


def _choice(section: Section, kind: Value, value: Value, registry: Registry, faults: Faults) -> Choice | None:
    if not isinstance(kind.data, str):
        names = ", ".join(registry.names(section))
        faults.add(kind.place, f"{section}.type", f"found {kind.shown()}, expected a name (installed: {names})")
        return None
    try:
        found: Found[Any] = registry.get(section, kind.data)
    except PluginError as error:
        faults.add(kind.place, f"{section}.type", str(error))
        return None
    options = {key: inner for key, inner in value.members.items() if key != "type"}
    over = None
    if section == "strategy" and issubclass(found.value, Wrapping):
        over = _wrapped(options.pop("over", None), value, registry, faults)
        if over is None:
            return None
    return Choice(found, replace(value, data=options), kind.place, over)


def _wrapped(over: Value | None, value: Value, registry: Registry, faults: Faults) -> Choice | None:
    """The strategy that another one wraps; None if it is missing or wrong."""
    able = [found.component.name for found in registry.usable("strategy") if can_be_wrapped(found.value)]
    path = "strategy.over"
    expected = f"expected a strategy that proposes candidates: its name, or a mapping with 'type' ({', '.join(able)})"
    if over is None or over.data is None:
        faults.add(value.key if over is None else over.place, path, f"missing; {expected}")
        return None
    kind = Value(over.data, over.place, over.place) if isinstance(over.data, str) else over.members.get("type")
    if kind is None or kind.data not in able:
        wrong = kind or over
        faults.add(wrong.place, path, f"found {wrong.shown()}, {expected}")
        return None
    return _choice("strategy", kind, over, registry, faults)


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

    def fault(self) -> Fault:
        parts = [f"found {shown(self.found)}"]
        if self.expected:
            parts.append("expected " + " or ".join(dict.fromkeys(self.expected)))
        parts += dict.fromkeys(self.reasons)
        message = ", ".join(parts) + _hint(self.found, " ".join(self.expected))
        return Fault(self.place, self.path, message)


def _faults(model: type[BaseModel], value: Value, path: str, error: ValidationError) -> list[Fault]:
    faults: list[Fault] = []
    mismatches: dict[tuple[Place, str], _Mismatch] = {}
    for detail in error.errors(include_url=False, include_context=False):
        found, keys = value.find(detail["loc"])
        last = str(detail["loc"][-1]) if detail["loc"] else ""
        if detail["type"] == "missing":
            text = _documentation(model, keys, last)
            faults.append(Fault(found.place, join(path, *keys, last), f"missing; expected {text}"))
        elif detail["type"] == "extra_forbidden":
            faults.append(_unknown_key(last, found, join(path, *keys[:-1]), _known_keys(model, keys[:-1])))
        else:
            where = join(path, *keys)
            mismatch = mismatches.setdefault((found.place, where), _Mismatch(found.place, where, detail["input"]))
            _note(mismatch, detail["msg"])
    return faults + [mismatch.fault() for mismatch in mismatches.values()]


def _unknown_key(key: str, value: Value, path: str, known: Iterable[str]) -> Fault:
    known = sorted(known)
    message = f"unknown key {key!r}{did_you_mean(key, known)} (known: {', '.join(known) or 'none'})"
    return Fault(value.key, join(path, key), message)


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
    if isinstance(found, str) and "boolean" in expected and found.lower() in OLDER_WORDS:
        return f"; write {OLDER_WORDS[found.lower()]}"
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

"""One section of an experiment: the component that its ``type`` names, with checked options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from nasframe.ask_tell import AskTell
from nasframe.errors import PluginError, did_you_mean
from nasframe.experiment.option_check import check_options
from nasframe.files.located import Place, Problem, Value, join, merge, plain, shown
from nasframe.options import Options
from nasframe.plugin.component import Component
from nasframe.plugin.registry import Found, Registry
from nasframe.strategy import Wrapping

T = TypeVar("T")
Section = Literal["space", "evaluator", "strategy"]


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


def read_choice(section: Section, top: Value, registry: Registry, problems: list[Problem]) -> Choice | None:
    """What a section chooses; None if that is wrong.

    Args:
        top: the whole experiment.
        problems: gets what is wrong.
    """
    value = members(top).get(section)
    known = f"one of {', '.join(registry.names(section)) or 'none: no such component is installed'}"
    if value is None:
        problems.append(Problem(top.place, section, f"missing; expected a mapping with the key 'type' ({known})"))
        return None
    if not isinstance(value.data, dict):
        found = f"found {shown(plain(value))}"
        problems.append(Problem(value.place, section, f"{found}, expected a mapping with the key 'type' ({known})"))
        return None
    kind = value.data.get("type")
    if kind is None:
        near = next((key for key in value.data if did_you_mean("type", [key])), "")
        hint = f"; did you mean 'type' by {near!r}?" if near else ""
        problems.append(Problem(value.key, section, f"missing the key 'type', {known}{hint}"))
        return None
    return _choice(section, kind, value, registry, problems)


def make_part(choice: Choice, value: Value, path: str, problems: list[Problem]) -> Part[Any] | None:
    """A component with the options that a mapping stands for; None if any is wrong."""
    options = check_options(choice.found.value.Options, value, path, problems)
    if options is None:
        return None
    over = make_part(choice.over, choice.over.options, join(path, "over"), problems) if choice.over else None
    if choice.over and over is None:
        return None
    found = choice.found
    return Part(found.component, found.distribution, found.version, found.value, options, over)


def retrained(choice: Choice, overrides: Value, path: str, problems: list[Problem]) -> Part[Any] | None:
    """The search's part with the retraining's overrides merged over its options; None if any is wrong."""
    own = dict(members(overrides))
    kind = own.pop("type", None)
    if kind is not None and kind.data != choice.found.component.name:
        found = f"found {shown(plain(kind))}, but retraining uses the search's {choice.found.component.name!r}"
        problems.append(Problem(kind.place, f"{path}.type", f"{found}; remove this key"))
        return None
    merged = merge(choice.options, replace(overrides, data=own))
    # At the search's place: what is wrong there is then one problem, not a second one of the retraining.
    return make_part(choice, replace(merged, place=choice.options.place, key=choice.options.key), path, problems)


def optional_mapping(key: str, parent: Value, path: str, problems: list[Problem]) -> Value:
    """The mapping under a key; an empty one if the key is absent or has nothing after it."""
    value = members(parent).get(key)
    if value is not None and not isinstance(value.data, dict) and value.data is not None:
        problems.append(Problem(value.place, path, f"found {shown(plain(value))}, expected a mapping"))
    if value is None or not isinstance(value.data, dict):
        return Value({}, parent.place, parent.key)
    return value


def members(value: Value) -> Mapping[str, Value]:
    """The values of a mapping by key; of anything else, none."""
    return value.data if isinstance(value.data, dict) else {}


def _choice(section: Section, kind: Value, value: Value, registry: Registry, problems: list[Problem]) -> Choice | None:
    if not isinstance(kind.data, str):
        names = ", ".join(registry.names(section))
        message = f"found {shown(plain(kind))}, expected a name (installed: {names})"
        problems.append(Problem(kind.place, f"{section}.type", message))
        return None
    try:
        found: Found[Any] = registry.get(section, kind.data)
    except PluginError as error:
        problems.append(Problem(kind.place, f"{section}.type", str(error)))
        return None
    options = {key: inner for key, inner in members(value).items() if key != "type"}
    over = None
    if section == "strategy" and issubclass(found.value, Wrapping):
        over = _wrapped(options.pop("over", None), value, registry, problems)
        if over is None:
            return None
    return Choice(found, replace(value, data=options), kind.place, over)


def _wrapped(over: Value | None, value: Value, registry: Registry, problems: list[Problem]) -> Choice | None:
    """The strategy that another one wraps; None if it is missing or wrong."""
    able = [found.component.name for found in registry.usable("strategy") if can_be_wrapped(found.value)]
    path = "strategy.over"
    expected = f"expected a strategy that proposes candidates: its name, or a mapping with 'type' ({', '.join(able)})"
    if over is None or over.data is None:
        problems.append(Problem(value.key if over is None else over.place, path, f"missing; {expected}"))
        return None
    kind = Value(over.data, over.place, over.place) if isinstance(over.data, str) else members(over).get("type")
    if kind is None or kind.data not in able:
        found = plain(over) if kind is None else plain(kind)
        problems.append(Problem((kind or over).place, path, f"found {shown(found)}, {expected}"))
        return None
    return _choice("strategy", kind, over, registry, problems)


def can_be_wrapped(strategy: type) -> bool:
    """Whether a strategy can be the one that another wraps."""
    return issubclass(strategy, AskTell) and not issubclass(strategy, Wrapping)

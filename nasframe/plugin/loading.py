"""Import what a component's target names, and check that it is what its kind promises."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any

from nasframe.errors import PluginError
from nasframe.evaluator import Evaluator
from nasframe.genotype import GenotypeRecord
from nasframe.options import Options
from nasframe.plugin.component import Component, Kind
from nasframe.plugin.engine import Engine
from nasframe.plugin.golden import Golden
from nasframe.space import SearchSpace
from nasframe.strategy import Strategy

BASES: dict[Kind, type] = {"space": SearchSpace, "strategy": Strategy, "evaluator": Evaluator, "engine": Engine}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
TARGET = re.compile(r"\w+(\.\w+)*:\w+")


def declaration_fault(declared: object) -> str:
    """Why something returned by ``nasframe_components`` is no proper component; empty if it is one."""
    if not isinstance(declared, Component):
        return f"nasframe_components gave {declared!r}, which is no nasframe.Component"
    if declared.kind not in (*BASES, *FAULTS):
        return f"component {declared.name!r} has the unknown kind {declared.kind!r}"
    if not NAME.fullmatch(declared.name):
        return f"{declared.kind} {declared.name!r}: a name has lower-case letters, digits, '_' and '-'"
    if not TARGET.fullmatch(declared.target):
        return f"{declared.kind} {declared.name!r}: target {declared.target!r} has not the form 'package.module:Object'"
    return ""


def load(component: Component) -> Any:
    """The object that a component's target names: a concrete class, a genotype record or golden numbers.

    Raises:
        PluginError: it cannot be imported, or is not what the component's kind promises.
    """
    value = _import(component.target)
    fault = _class_fault(component, value) if component.kind in BASES else FAULTS[component.kind](value)
    if fault:
        raise PluginError(f"its target {component.target!r} {fault}")
    return value


def _import(target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises is theirs to mend
        raise PluginError(f"its target {target!r} cannot be imported: {type(error).__name__}: {error}") from error
    if attribute not in vars(module):
        raise PluginError(f"its target {target!r} does not exist: the module has no {attribute!r}")
    return vars(module)[attribute]


def _record_fault(value: object) -> str:
    return "" if isinstance(value, GenotypeRecord) else f"is a {type(value).__name__}, not a GenotypeRecord"


def _golden_fault(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(golden, Golden) for golden in value):
        return ""
    return f"is a {type(value).__name__}, not a tuple of nasframe.plugin.golden.Golden"


FAULTS: dict[Kind, Callable[[object], str]] = {"genotype": _record_fault, "check": _golden_fault}
"""For each kind that is no class, what finds out what is wrong with a target."""


def _class_fault(component: Component, value: object) -> str:
    base = BASES[component.kind]
    if not (isinstance(value, type) and issubclass(value, base)):
        home = base.__module__ if base is Engine else "nasframe"  # where plug-ins import it from
        return f"is no subclass of {home}.{base.__name__}"
    cls: Any = value
    if inspect.isabstract(cls):
        return f"is abstract: it lacks {', '.join(sorted(cls.__abstractmethods__))}"
    return _attribute_fault(component, cls)


def _attribute_fault(component: Component, cls: Any) -> str:
    name = inspect.getattr_static(cls, "name", None)
    if name != component.name:
        return f"has the name {name!r}, but is declared as {component.name!r}"
    return "" if component.kind == "engine" else _options_fault(component, cls)


def _options_fault(component: Component, cls: Any) -> str:
    if not (isinstance(cls.Options, type) and issubclass(cls.Options, Options)):
        return "has Options that are no subclass of nasframe.Options"
    if "type" in cls.Options.model_fields:
        return "has an option called 'type', which names the component in experiment files"
    if component.kind == "strategy" and not (
        isinstance(cls.needs, tuple) and all(isinstance(need, type) for need in cls.needs)
    ):
        return "has needs that are no tuple of classes"
    return ""

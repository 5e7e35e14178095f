"""The registry: which components the installed plug-ins offer, each imported and checked when it is looked up."""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any, Generic, Literal, TypeVar, get_args, overload

import pluggy
from typing_extensions import override

from nasframe.errors import ExperimentError, PluginError, did_you_mean
from nasframe.evaluator import Evaluator
from nasframe.genotype import GenotypeRecord
from nasframe.options import Options
from nasframe.plugin import hookspecs
from nasframe.plugin.component import Component, Kind
from nasframe.plugin.engine import Engine
from nasframe.plugin.golden import Golden
from nasframe.plugin.proxy import Proxy
from nasframe.space import SearchSpace
from nasframe.strategy import Strategy

T = TypeVar("T")
GROUP = "nasframe"
DISABLE_VARIABLE = "NASFRAME_DISABLE_PLUGINS"
KINDS: tuple[Kind, ...] = get_args(Kind)
_BASES: dict[Kind, type] = {
    "space": SearchSpace,
    "strategy": Strategy,
    "evaluator": Evaluator,
    "engine": Engine,
    "proxy": Proxy,
}
_COMPONENT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TARGET = re.compile(r"\w+(\.\w+)*:\w+")


@dataclass(frozen=True)
class Plugin:
    """An installed plug-in as its entry point declares it; nothing is imported before ``load``."""

    name: str
    distribution: str
    version: str
    load: Callable[[], object]

    @override
    def __str__(self) -> str:
        return f"plug-in {self.name!r} ({self.distribution} {self.version})"


@dataclass(frozen=True)
class Failure:
    """A plug-in that cannot be used."""

    plugin: Plugin
    reason: str


@dataclass(frozen=True)
class Offer:
    """A component and the plug-in that offers it; the component is not imported yet."""

    component: Component
    plugin: Plugin


@dataclass(frozen=True)
class Found(Generic[T]):
    """A component that was looked up, imported and checked."""

    component: Component
    distribution: str
    version: str
    value: T
    """The class; of a genotype, the record; of a check, its golden numbers."""


CORE = Plugin("nasframe", "nasframe", metadata.version("nasframe"), partial(importlib.import_module, "nasframe"))
"""The core, where it offers components as a plug-in does; it cannot be left out."""
OWN = (Component("engine", "process", "nasframe.run.candidates.processes:Processes", "processes on this machine"),)
"""The components of the core."""


class Registry:
    """What the core and the given plug-ins offer, looked up by kind and name.

    A plug-in that cannot be imported, or declares something that is no component, becomes a ``Failure``; the
    others work. Components are imported one by one, when they are looked up.
    """

    def __init__(self, plugins: Iterable[Plugin], disabled: Iterable[str] = ()) -> None:
        """Args: disabled: entry-point names of plug-ins to leave out."""
        names = set(disabled)
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hookspecs)
        self.active: list[Plugin] = []
        self.disabled: list[Plugin] = []
        self.failures: list[Failure] = []
        self.offers = [Offer(component, CORE) for component in OWN]
        for plugin in plugins:
            if plugin.name in names:
                self.disabled.append(plugin)
            else:
                self._add(plugin)

    @classmethod
    def discover(cls, disabled: Iterable[str] = (), only: Collection[str] | None = None) -> Registry:
        """The registry of what is installed: the entry points of the group ``nasframe``.

        Args:
            disabled: entry-point names to leave out, besides those that ``NASFRAME_DISABLE_PLUGINS`` lists.
            only: entry-point names besides which all are left out, nothing of them being imported; None: all are taken.
        """
        listed = (name.strip() for name in os.environ.get(DISABLE_VARIABLE, "").split(","))
        plugins = [_plugin(entry_point) for entry_point in metadata.entry_points(group=GROUP)]
        plugins.sort(key=lambda plugin: (plugin.name, plugin.distribution))
        others = {plugin.name for plugin in plugins if only is not None and plugin.name not in only}
        return cls(plugins, {*disabled, *filter(None, listed), *others})

    @property
    def conflicts(self) -> Mapping[tuple[Kind, str], Sequence[Offer]]:
        """The names that more than one component of a kind claims."""
        claims: dict[tuple[Kind, str], list[Offer]] = {}
        for offer in self.offers:
            claims.setdefault((offer.component.kind, offer.component.name), []).append(offer)
        return {key: offers for key, offers in claims.items() if len(offers) > 1}

    def names(self, kind: Kind) -> list[str]:
        """The names of all components of a kind, sorted; nothing is imported."""
        return sorted({offer.component.name for offer in self.offers if offer.component.kind == kind})

    @overload
    def get(self, kind: Literal["space"], name: str) -> Found[type[SearchSpace]]: ...
    @overload
    def get(self, kind: Literal["evaluator"], name: str) -> Found[type[Evaluator]]: ...
    @overload
    def get(self, kind: Literal["strategy"], name: str) -> Found[type[Strategy]]: ...
    @overload
    def get(self, kind: Literal["engine"], name: str) -> Found[type[Engine]]: ...
    @overload
    def get(self, kind: Literal["proxy"], name: str) -> Found[type[Proxy]]: ...
    @overload
    def get(self, kind: Literal["genotype"], name: str) -> Found[GenotypeRecord]: ...
    @overload
    def get(self, kind: Literal["check"], name: str) -> Found[tuple[Golden, ...]]: ...
    def get(self, kind: Kind, name: str) -> Found[Any]:
        """Import and check one component.

        Raises:
            PluginError: nothing has that name, two components have it, or it is not what it is declared to be.
        """
        offers = [offer for offer in self.offers if (offer.component.kind, offer.component.name) == (kind, name)]
        if not offers:
            raise PluginError(self._unknown(kind, name))
        if len(offers) > 1:
            raise PluginError(conflict_message(offers))
        component, plugin = offers[0].component, offers[0].plugin
        try:
            value = _load(component)
        except PluginError as error:
            raise PluginError(f"{plugin} offers the {kind} {name!r}, but {error}") from error
        return Found(component, plugin.distribution, plugin.version, value)

    def usable(self, kind: Literal["space", "evaluator", "strategy", "proxy"]) -> list[Found[Any]]:
        """All components of a kind that can be looked up, by name; ``unusable`` tells of the others."""
        return self._examine(kind)[0]

    def unusable(self, kind: Literal["space", "evaluator", "strategy", "proxy"]) -> list[str]:
        """Why the other components of a kind cannot be looked up: clashes, targets that are missing or wrong."""
        return self._examine(kind)[1]

    def require_unambiguous(self) -> None:
        """Check that no name is claimed twice.

        Raises:
            PluginError: names every clash and its distributions.
        """
        if self.conflicts:
            raise PluginError("\n".join(conflict_message(offers) for offers in self.conflicts.values()))

    def command_hooks(self) -> list[tuple[Plugin, Callable[..., object]]]:
        """The ``nasframe_commands`` of each plug-in, so that each can be called, and fail, alone."""
        by_key = {_key(plugin): plugin for plugin in self.active}
        implementations = self.manager.hook.nasframe_commands.get_hookimpls()
        return [(by_key[found.plugin_name], found.function) for found in implementations]

    def require_listeners(self, names: Sequence[str]) -> None:
        """Check that each name is that of a plug-in which follows runs by ``nasframe_event``.

        Raises:
            ExperimentError: one is not.
        """
        listening = {found.plugin_name for found in self.manager.hook.nasframe_event.get_hookimpls()}
        known = sorted(plugin.name for plugin in self.active if _key(plugin) in listening)
        for name in names:
            if name not in known:
                raise ExperimentError(
                    f"run.trackers names {name!r}, but no plug-in of that name hears runs{did_you_mean(name, known)} "
                    f"(installed: {', '.join(known) or 'none'}); install it, or take it off the list"
                )

    def reject(self, plugin: Plugin, reason: str) -> None:
        """Leave a plug-in out from now on, and remember why."""
        self.failures.append(Failure(plugin, reason))
        self.active = [other for other in self.active if other != plugin]
        self.offers = [offer for offer in self.offers if offer.plugin != plugin]
        if self.manager.has_plugin(_key(plugin)):
            self.manager.unregister(name=_key(plugin))

    def _examine(self, kind: Literal["space", "evaluator", "strategy", "proxy"]) -> tuple[list[Found[Any]], list[str]]:
        found: list[Found[Any]] = []
        reasons: list[str] = []
        for name in self.names(kind):
            try:
                found.append(self.get(kind, name))
            except PluginError as error:
                reasons.append(str(error))
        return found, reasons

    def _add(self, plugin: Plugin) -> None:
        try:
            self.manager.register(plugin.load(), name=_key(plugin))
            self.manager.check_pending()
            declared = self._declared(plugin)
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises is theirs to mend
            self.reject(plugin, f"{type(error).__name__}: {error}")
            return
        faults = list(filter(None, map(_declaration_fault, declared)))
        if faults:
            self.reject(plugin, "; ".join(faults))
            return
        self.active.append(plugin)
        self.offers += [Offer(component, plugin) for component in declared]

    def _declared(self, plugin: Plugin) -> list[Component]:
        implementations = self.manager.hook.nasframe_components.get_hookimpls()
        own: list[Callable[[], Any]] = [
            found.function for found in implementations if found.plugin_name == _key(plugin)
        ]
        return [component for components in own for component in components()]

    def _unknown(self, kind: Kind, name: str) -> str:
        names = self.names(kind)
        message = f"no {kind} is called {name!r}{did_you_mean(name, names)}"
        message += f" (installed: {', '.join(names)})" if names else f" (no {kind} is installed)"
        if self.failures:
            broken = "; ".join(f"{failure.plugin}: {failure.reason}" for failure in self.failures)
            message += f". Plug-ins that failed to load: {broken}"
        if self.disabled:
            message += f". Plug-ins that are disabled: {', '.join(plugin.name for plugin in self.disabled)}"
        return message


def conflict_message(offers: Sequence[Offer]) -> str:
    """That several components claim one name, who they are, and the way out."""
    component = offers[0].component
    owners = " and ".join(str(offer.plugin) for offer in offers)
    return (
        f"the {component.kind} {component.name!r} is offered by {owners}; "
        f"uninstall one, or leave one out by '-p no:{offers[-1].plugin.name}' or {DISABLE_VARIABLE}"
    )


def _plugin(entry_point: metadata.EntryPoint) -> Plugin:
    owner = entry_point.dist
    name, version = (owner.name, owner.version) if owner is not None else ("unknown", "unknown")
    return Plugin(entry_point.name, name, version, entry_point.load)


def _key(plugin: Plugin) -> str:
    """Two distributions may give their entry points one name, so that alone does not identify a plug-in."""
    return f"{plugin.distribution}:{plugin.name}"


def _declaration_fault(declared: object) -> str:
    """Why something returned by ``nasframe_components`` is no proper component; empty if it is one."""
    if not isinstance(declared, Component):
        return f"nasframe_components gave {declared!r}, which is no nasframe.Component"
    if declared.kind not in (*_BASES, *_FAULTS):
        return f"component {declared.name!r} has the unknown kind {declared.kind!r}"
    if not _COMPONENT_NAME.fullmatch(declared.name):
        return f"{declared.kind} {declared.name!r}: a name has lower-case letters, digits, '_' and '-'"
    if not _TARGET.fullmatch(declared.target):
        return f"{declared.kind} {declared.name!r}: target {declared.target!r} has not the form 'package.module:Object'"
    return ""


def _load(component: Component) -> Any:
    """The object that a component's target names: a concrete class, a genotype record or golden numbers.

    Raises:
        PluginError: it cannot be imported, or is not what the component's kind promises.
    """
    value = _import(component.target)
    fault = _class_fault(component, value) if component.kind in _BASES else _FAULTS[component.kind](value)
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


_FAULTS: dict[Kind, Callable[[object], str]] = {"genotype": _record_fault, "check": _golden_fault}
"""For each kind that is no class, what finds out what is wrong with a target."""


def _class_fault(component: Component, value: object) -> str:
    base = _BASES[component.kind]
    if not (isinstance(value, type) and issubclass(value, base)):
        home = base.__module__ if base in (Engine, Proxy) else "nasframe"  # where plug-ins import it from
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
    if component.kind in ("strategy", "proxy") and not (
        isinstance(cls.needs, tuple) and all(isinstance(need, type) for need in cls.needs)
    ):
        return "has needs that are no tuple of classes"
    return ""

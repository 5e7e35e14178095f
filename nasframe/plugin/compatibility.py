"""Which space, evaluator and strategy can work together, read off their classes before anything is built."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nasframe.evaluator import Evaluator, EvaluatorCapability, Trainable
from nasframe.plugin.needs import lacking, unmet
from nasframe.plugin.registry import Found, Registry
from nasframe.space import Inheriting, SearchSpace, SpaceCapability
from nasframe.strategy import Bounded, TrainsSupernet

Partner = Literal["space", "evaluator"]
Chosen = Literal["space", "evaluator", "strategy"]
CAPABILITY_BASES: Mapping[Partner, type] = {"space": SpaceCapability, "evaluator": EvaluatorCapability}
"""The base of each partner's capabilities."""
ARTICLE = {"space": "a space", "evaluator": "an evaluator", "strategy": "a strategy"}
INHERITANCE: Mapping[Chosen, tuple[type, str]] = {
    "space": (Inheriting, "hands on what a supernet has learned"),
    "evaluator": (Trainable, "trains networks"),
    "strategy": (TrainsSupernet, "trains a supernet"),
}
"""What each part of an experiment must be, and do, for networks to start from a supernet."""


@dataclass(frozen=True)
class Combination:
    """Whether three installed components can work together."""

    space: str
    evaluator: str
    strategy: str
    reason: str
    """Why not, each part beginning with the name of the component that wants something; empty: they can."""


def misfit(space: type[SearchSpace], evaluator: type[Evaluator]) -> str:
    """Why the networks of a space are not what an evaluator wants, in a phrase; empty: as far as is known, they are."""
    if evaluator.labels is None or evaluator.labels in space.labels:
        return ""
    return f"wants {evaluator.labels} labelled, the space labels {' and '.join(space.labels)}"


def misfits(registry: Registry, space: Found[Any], evaluator: Found[Any]) -> list[str]:
    """Whether a space and an evaluator do not fit, and which installed ones would."""
    if not misfit(space.value, evaluator.value):
        return []
    wanted, offered = evaluator.value.labels, space.value.labels
    spaces = [found.component.name for found in registry.usable("space") if wanted in found.value.labels]
    evaluators = [found.component.name for found in registry.usable("evaluator") if found.value.labels in offered]
    return [
        f"evaluator {evaluator.component.name!r} wants {wanted} labelled; space {space.component.name!r} makes "
        f"networks that label {' and '.join(offered)}. "
        f"Installed spaces that label {wanted}: {', '.join(spaces) or 'none'}. "
        f"Installed evaluators that want {' or '.join(offered)} labelled: {', '.join(evaluators) or 'none'}."
    ]


def combinations(registry: Registry) -> list[Combination]:
    """Every installed space with every evaluator and strategy; those that cannot be imported are left out."""
    return [
        Combination(
            space.component.name,
            evaluator.component.name,
            strategy.component.name,
            "; ".join(
                [
                    *(
                        f"{evaluator.component.name} {phrase}"
                        for phrase in filter(None, [misfit(space.value, evaluator.value)])
                    ),
                    *(
                        f"{strategy.component.name} needs {_partner(registry, need)} that is {need.__name__}"
                        for need in lacking(space.value, evaluator.value, strategy.value)
                    ),
                ]
            ),
        )
        for space in registry.usable("space")
        for evaluator in registry.usable("evaluator")
        for strategy in registry.usable("strategy")
    ]


def refusals(registry: Registry, space: Found[Any], evaluator: Found[Any], strategy: Found[Any]) -> list[str]:
    """For each need that is not met: who lacks what, which installed partners have it, and who would do without."""
    partners: dict[Partner, Found[Any]] = {"space": space, "evaluator": evaluator}
    return [
        _refusal(registry, need, partners, strategy) for need in lacking(space.value, evaluator.value, strategy.value)
    ]


def bound_refusals(registry: Registry, space: Found[Any], evaluator: Found[Any], strategy: Found[Any]) -> list[str]:
    """The same for what a strategy needs of its partners where the experiment has bounds."""
    needs = strategy.value.needs_for_bounds if issubclass(strategy.value, Bounded) else ()
    partners: dict[Partner, Found[Any]] = {"space": space, "evaluator": evaluator}
    return [
        f"strategy {strategy.component.name!r} keeps to bounds with {_partner(registry, need)} that {_offers(need)}; "
        f"{'. '.join(_who_has(registry, need, partners))}. Remove the constraints, or take one that does."
        for need in unmet(space.value, evaluator.value, needs)
    ]


def inheritance_refusals(registry: Registry, parts: Mapping[Chosen, Found[Any]]) -> list[str]:
    """Who lacks what retraining from a supernet needs, in phrases that follow the key which asks for it.

    Args:
        parts: by their sections, as far as there are any.
    """
    told = []
    for kind, found in parts.items():
        need, does = INHERITANCE[kind]
        if not issubclass(found.value, need):
            able = [other.component.name for other in registry.usable(kind) if issubclass(other.value, need)]
            plural = "strategies" if kind == "strategy" else f"{kind}s"
            told.append(
                f"needs {ARTICLE[kind]} that {does} ({need.__name__}); {kind} {found.component.name!r} does not. "
                f"Installed {plural} that do: {', '.join(able) or 'none'}. Remove the key, or take one of them."
            )
    return told


def _refusal(registry: Registry, need: type, partners: Mapping[Partner, Found[Any]], strategy: Found[Any]) -> str:
    kinds = _owners(registry, need)
    first, *sentences = _who_has(registry, need, partners)
    wanted = f"strategy {strategy.component.name!r} needs {_partner(registry, need)} that {_offers(need)}"
    sentences.insert(0, f"{wanted}; {first}")
    served = [
        found.component.name
        for found in registry.usable("strategy")
        if not lacking(partners["space"].value, partners["evaluator"].value, found.value)
    ]
    these = f"this {kinds[0]}" if len(kinds) == 1 else "this space and evaluator"
    sentences.append(f"Strategies that {these} can serve: {', '.join(served) or 'none'}")
    return ". ".join(sentences) + "."


def _offers(need: type) -> str:
    """What a capability is, by its methods."""
    methods = sorted(need.__abstractmethods__) if isinstance(need, ABCMeta) else []
    offers = ", ".join(f"{method}()" for method in methods)
    return f"offers {offers} ({need.__name__})" if offers else f"is a {need.__name__}"


def _who_has(registry: Registry, need: type, partners: Mapping[Partner, Found[Any]]) -> list[str]:
    """That the partners here lack a capability, and which installed ones have it."""
    kinds = _owners(registry, need)
    here = " and ".join(f"{kind} {partners[kind].component.name!r}" for kind in kinds)
    sentences = [f"{here} {'does' if len(kinds) == 1 else 'do'} not"]
    for kind in kinds:
        able = [found.component.name for found in registry.usable(kind) if issubclass(found.value, need)]
        sentences.append(f"Installed {kind}s that do: {', '.join(able) or 'none'}")
    return sentences


def _partner(registry: Registry, need: type) -> str:
    return " or ".join(ARTICLE[kind] for kind in _owners(registry, need))


def _owners(registry: Registry, need: type) -> tuple[Partner, ...]:
    """Whose a capability is, as its base says; one without such a base is of whatever installed partner has it."""
    owners = tuple(kind for kind, base in CAPABILITY_BASES.items() if issubclass(need, base))
    having = (
        kind for kind in CAPABILITY_BASES if any(issubclass(found.value, need) for found in registry.usable(kind))
    )
    return owners or tuple(having) or tuple(CAPABILITY_BASES)

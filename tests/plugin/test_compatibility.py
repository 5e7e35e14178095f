"""A refusal names the partner that lacks a capability, wherever the capability is defined."""

import sys
import types
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

import nasframe
from nasframe.plugin.compatibility import combinations, refusals
from nasframe.plugin.registry import Found, Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"
OF_A_SPACE = {
    *("Landmarked", "Relaxable", "Switchable", "Canonical", "Priced", "Costed", "Growing", "Inheriting"),
    "Translatable",
}
OF_AN_EVALUATOR = {"Differentiable", "Trainable", "Inferring", "HoldsOut", "Predicting", "Illustrating"}


class Ranking(nasframe.SpaceCapability):
    """Defined by neither partner's module, and offered by nobody."""

    @abstractmethod
    def rank(self): ...


class Explaining(nasframe.EvaluatorCapability, ABC):
    """As ``Ranking``; a capability may name ABC again."""

    @abstractmethod
    def explain(self): ...


class Rehearsing(nasframe.Trainable):
    """Inherits its owner by two steps."""


class Naming(nasframe.SpaceCapability, nasframe.EvaluatorCapability):
    """Either partner may offer it."""


class Stray(ABC):
    """Says of no partner that it is its own."""

    @abstractmethod
    def stray(self): ...


@pytest.fixture
def tiny(monkeypatch):
    """A plug-in whose ``hard`` and ``tabular`` have no capability."""
    monkeypatch.syspath_prepend(TINY)
    import nasframe_tiny

    return Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)


def refusal(registry, need):
    """What is said of a strategy that needs one thing which neither of the tiny partners has."""
    asking = type("Asking", (), {"needs": (need,)})
    component = nasframe.Component("strategy", "asking", "nowhere:Asking", "needs one thing")
    partners = (registry.get("space", "hard"), registry.get("evaluator", "tabular"))
    (sentence,) = refusals(registry, *partners, Found(component, "nasframe-asking", "1.0", asking))
    return sentence


def capabilities(base):
    public = (getattr(nasframe, name) for name in nasframe.__all__)
    return {value.__name__ for value in public if isinstance(value, type) and issubclass(value, base)} - {base.__name__}


def test_every_capability_of_the_core_has_its_owner():
    assert capabilities(nasframe.SpaceCapability) == OF_A_SPACE
    assert capabilities(nasframe.EvaluatorCapability) == OF_AN_EVALUATOR


@pytest.mark.parametrize("need", [*(getattr(nasframe, name) for name in sorted(OF_A_SPACE)), Ranking])
def test_a_capability_of_a_space_is_asked_of_the_space_alone(tiny, need):
    found = refusal(Registry([tiny]), need)
    assert found.startswith("strategy 'asking' needs a space that offers ")
    assert f"({need.__name__}); space 'hard' does not. Installed spaces that do: " in found
    assert "evaluator" not in found


@pytest.mark.parametrize(
    "need", [*(getattr(nasframe, name) for name in sorted(OF_AN_EVALUATOR)), Explaining, Rehearsing]
)
def test_a_capability_of_an_evaluator_is_asked_of_the_evaluator_alone(tiny, need):
    found = refusal(Registry([tiny]), need)
    assert found.startswith("strategy 'asking' needs an evaluator that offers ")
    assert f"({need.__name__}); evaluator 'tabular' does not. Installed evaluators that do: " in found
    assert "space" not in found


@pytest.mark.parametrize("need", [Naming, Stray])
def test_a_capability_of_both_or_of_nobody_is_asked_of_either(tiny, need):
    found = refusal(Registry([tiny]), need)
    assert found.startswith("strategy 'asking' needs a space or an evaluator that ")
    assert f"{need.__name__}" in found
    assert "space 'hard' and evaluator 'tabular' do not. Installed spaces that do: none. " in found
    assert "Installed evaluators that do: none. " in found


def test_a_capability_without_an_owner_is_of_whichever_installed_partner_has_it(tiny, monkeypatch):
    from nasframe_tiny_parts import Tabular

    class Straying(Tabular, Stray):
        name = "straying"

        def stray(self): ...

    module = types.ModuleType("straying")
    module.Straying = Straying
    component = nasframe.Component("evaluator", "straying", "straying:Straying", "has it")
    module.nasframe_components = nasframe.hookimpl(lambda: [component], specname="nasframe_components")
    monkeypatch.setitem(sys.modules, "straying", module)
    found = refusal(Registry([tiny, Plugin("straying", "nasframe-straying", "1.0", lambda: module)]), Stray)
    assert found.startswith(
        "strategy 'asking' needs an evaluator that offers stray() (Stray); evaluator 'tabular' does not. "
        "Installed evaluators that do: straying. "
    )


def test_the_table_of_combinations_names_the_partner_too(tiny):
    reasons = {(one.space, one.evaluator, one.strategy): one.reason for one in combinations(Registry([tiny]))}
    assert reasons["hard", "tabular", "gradient"] == (
        "gradient needs a space that is Relaxable; gradient needs an evaluator that is Differentiable"
    )
    assert reasons["soft", "smooth", "gradient"] == ""

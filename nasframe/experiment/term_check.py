"""The keys of an experiment that only a search by candidates has: what they say, and whether there is one."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from nasframe.ask_tell import AskTell
from nasframe.experiment.given_genotype import KEY
from nasframe.experiment.option_check import check_options
from nasframe.experiment.sections import Choice, members
from nasframe.experiment.terms import Terms
from nasframe.files.located import Problem, Value
from nasframe.plugin.registry import Registry
from nasframe.strategy import Bounded

TERMS = tuple(Terms.model_fields)
BOUNDED = ("constraints",)
"""The keys that a ``Bounded`` strategy knows too."""
WORKERS = ("workers", "engine", "address", "outstanding")
"""The keys of ``run`` that only such a search has."""


def read_terms(
    tree: Value, strategy: Choice | None, registry: Registry, problems: list[Problem], refusals: list[Problem]
) -> Terms | None:
    """The terms of a search by candidates; None: it is none, or they are wrong.

    Args:
        tree: the whole experiment.
        strategy: None: there is none, or a wrong one.
        problems: gets what is wrong.
        refusals: gets what another strategy would be needed for.
    """
    top = members(tree)
    written = {key: top[key] for key in TERMS if key in top and top[key].data is not None}
    terms = check_options(Terms, Value(written, tree.place, tree.key), "", problems)
    run = members(top["run"]) if "run" in top else {}
    known = term_keys(strategy.found.value) if strategy else ()
    if known == TERMS:
        if "engine" in run and run["engine"].data == "ray" and find_spec("ray") is None:
            needed = "found 'ray', which is not installed: pip install 'nasframe[ray]', or take 'process'"
            problems.append(Problem(run["engine"].place, "run.engine", needed))
        return terms
    beside = {f"run.{key}": run[key] for key in WORKERS if key in run and run[key].data is not None}
    if KEY in top:
        why = "it is given, and no candidates are evaluated"
        problems += [
            Problem(value.key, path, f"found beside the key {KEY!r}; {why}") for path, value in written.items()
        ]
    elif strategy is not None:
        refusals += [
            Problem(value.key, path, _refusal(path, strategy, registry))
            for path, value in {**written, **_not_default(beside)}.items()
            if path not in known
        ]
    return terms if known else None


def term_keys(strategy: type) -> tuple[str, ...]:
    """Which of the keys a strategy has."""
    if issubclass(strategy, AskTell):
        return TERMS
    return BOUNDED if issubclass(strategy, Bounded) else ()


def _not_default(run: dict[str, Value]) -> dict[str, Value]:
    """What is written of ``run`` and asks for workers; a file with all defaults written out asks for none."""
    idle = {"run.workers": 1, "run.outstanding": 1, "run.engine": "process"}
    return {path: value for path, value in run.items() if value.data != idle.get(path)}


def _refusal(path: str, strategy: Choice, registry: Registry) -> str:
    able = [found.component.name for found in registry.usable("strategy") if path in _keys(found.value)]
    alone = "" if path in BOUNDED else ", each of which is evaluated by itself (AskTell)"
    return (
        f"{path} is for strategies that propose candidates{alone}; strategy "
        f"{strategy.found.component.name!r} does not. Installed strategies that do: {', '.join(able) or 'none'}. "
        "Remove the key, or take one of them."
    )


def _keys(strategy: type) -> tuple[str, ...]:
    """All that a strategy has, as written in an experiment."""
    return (*term_keys(strategy), *(f"run.{key}" for key in WORKERS if issubclass(strategy, AskTell)))


def without_terms(value: Value) -> Value:
    """An experiment without these keys."""
    kept = {key: inner for key, inner in members(value).items() if key not in TERMS}
    return replace(value, data=kept)

"""On what terms a search finds networks: limits of costs; of candidates also objectives and what happens to equal ones;
and which strategies have any."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from nasframe.ask_tell import AskTell
from nasframe.experiment.finalists import FINALISTS, has_finalists
from nasframe.experiment.given_genotype import GENOTYPE
from nasframe.experiment.sections import Choice, check_options
from nasframe.files.yaml_text import Faults, Value
from nasframe.options import Options
from nasframe.pareto import SCORE
from nasframe.plugin.registry import Registry
from nasframe.strategy import Bounded

COSTS = ("params", "macs")
"""What is counted of a network before anything is trained, by the names of ``nasframe cost``."""


class Constraints(Options):
    """Upper bounds of costs: of candidates, which are counted before they are trained, or of what a search derives."""

    params: float | None = Field(default=None, gt=0)
    """Trainable parameters; null: no bound."""
    macs: float | None = Field(default=None, gt=0)
    """Multiply-adds of one forward pass at the evaluator's image size; null: no bound."""
    tries: int = Field(default=1000, ge=1)
    """How many candidates in a row may be beyond a bound before the search gives up."""

    def bounds(self) -> dict[str, float]:
        """The bounds that there are, by cost."""
        found = {name: getattr(self, name) for name in COSTS}
        return {name: bound for name, bound in found.items() if bound is not None}


class Cache(Options):
    """What happens to a candidate that is the same network as one that was evaluated with the same budget."""

    reuse: bool = True
    """Whether it gets that one's result; false: it is evaluated anew, as where scores are noisy and repeated."""
    folder: str | None = Field(default=None, min_length=1)
    """Folder of results that runs of one space, evaluator and seed share; null: none is shared. Relative to where the
    command is started."""

    @field_validator("folder")
    @classmethod
    def _is_absolute(cls, folder: str | None) -> str | None:
        return folder and str(Path(os.path.expanduser(folder)).absolute())


class Prune(Options):
    """When a candidate is stopped inside its training: its best score on ``val`` so far is below the median of what
    earlier candidates had in the mean by then (the median rule of Google Vizier, KDD 2017, section 3.2.2)."""

    candidates: int = Field(default=5, ge=1)
    """How many others must have finished a training of the same budget before one is stopped."""
    warmup: float = Field(default=0.25, ge=0, lt=1)
    """Share of a training before which none is stopped."""


class Terms(Options):
    """Top-level keys of an experiment whose strategy proposes candidates, or keeps to bounds in another way."""

    constraints: Constraints = Constraints()
    """Upper bounds of costs; no network beyond them is found."""
    objectives: tuple[Annotated[str, Field(min_length=1)], ...] = (SCORE,)
    """What is searched for: score, which is maximised, and costs (params, macs) or metrics of the evaluator, which are
    minimised. Only strategies for several objectives follow all; the others follow score, and the front is reported."""
    cache: Cache = Cache()
    """What happens to a candidate that was evaluated before."""
    prune: Prune | None = None
    """When a candidate is stopped inside its training; null: never. Its training has to measure: validate_epochs."""

    @field_validator("objectives")
    @classmethod
    def _has_the_score(cls, objectives: tuple[str, ...]) -> tuple[str, ...]:
        if SCORE not in objectives or len(set(objectives)) < len(objectives):
            raise ValueError("objectives are different names, 'score' among them")
        return objectives

    def costs(self) -> tuple[str, ...]:
        """The costs that have to be counted."""
        return tuple(name for name in COSTS if name in self.objectives or name in self.constraints.bounds())


TERMS = tuple(Terms.model_fields)
BOUNDED = ("constraints",)
"""The keys that a ``Bounded`` strategy knows too."""
WORKERS = ("workers", "engine", "address", "outstanding")
"""The keys of ``run`` that only such a search has, or one whose finalists are trained."""
WORKER_KEYS = tuple(f"run.{key}" for key in WORKERS)


def read_terms(tree: Value, strategy: Choice | None, registry: Registry, faults: Faults) -> Terms | None:
    """The terms of a search by candidates; None: it is none, or they are wrong.

    Args:
        tree: the whole experiment.
        strategy: None: there is none, or a wrong one.
    """
    top = tree.members
    written = {key: top[key] for key in TERMS if key in top and top[key].data is not None}
    terms = check_options(Terms, Value(written, tree.place, tree.key), "", faults)
    run = top["run"].members if "run" in top else {}
    known = term_keys(strategy.found.value) if strategy else ()
    if known == TERMS:
        return terms
    if GENOTYPE in top:
        for path, value in written.items():
            why = "it is given, and no candidates are evaluated"
            faults.add(value.key, path, f"found beside the key {GENOTYPE!r}; {why}")
    elif strategy is not None:
        known = (*known, *WORKER_KEYS) if has_finalists(tree) else known
        beside = {f"run.{key}": run[key] for key in WORKERS if key in run and run[key].data is not None}
        for path, value in {**written, **_not_default(beside)}.items():
            if path not in known:
                faults.refuse(value.key, path, _refusal(path, strategy, registry))
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
    how = " or keep to bounds" if path in BOUNDED else ", each of which is evaluated by itself (AskTell)"
    return (
        f"{path} is for strategies that propose candidates{how}; strategy "
        f"{strategy.found.component.name!r} does not. Installed strategies that do: {', '.join(able) or 'none'}. "
        "Remove the key, or take one of them."
    )


def _keys(strategy: type) -> tuple[str, ...]:
    """All that a strategy has, as written in an experiment."""
    return (*term_keys(strategy), *(WORKER_KEYS if issubclass(strategy, AskTell) else ()))


def without_terms(value: Value) -> Value:
    """An experiment without these keys, and without finalists."""
    kept = {key: inner for key, inner in value.members.items() if key not in (*TERMS, FINALISTS)}
    return replace(value, data=kept)

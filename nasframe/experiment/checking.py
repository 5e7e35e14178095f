"""From the text of an experiment file to checked parts: everything that is wrong is found, and said at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from nasframe.ask_tell import AskTell
from nasframe.evaluator import Trainable
from nasframe.experiment import composition
from nasframe.experiment.experiment import SUPERNET, Experiment, Identity, Retrain, origins
from nasframe.experiment.finalists import FINALISTS, Finalists, has_finalists, read_finalists
from nasframe.experiment.given_genotype import GENOTYPE, check_legal, read_given
from nasframe.experiment.ledger import LEDGER, Ledger, has_ledger, read_ledger
from nasframe.experiment.run_options import RunOptions, read_engine
from nasframe.experiment.sections import (
    SECTIONS,
    Choice,
    Part,
    Section,
    check_keys,
    check_options,
    make_part,
    optional_mapping,
    read_choice,
    retrained_part,
)
from nasframe.experiment.terms import TERMS, Terms, read_terms
from nasframe.files.yaml_text import Faults, Value
from nasframe.genotype import GenotypeRecord
from nasframe.plugin.compatibility import bound_refusals, inheritance_refusals, misfits, refusals
from nasframe.plugin.engine import Engine
from nasframe.plugin.registry import Registry
from nasframe.space import Inheriting, size_misfits
from nasframe.strategy import Deferring

KEYS = ("name", "seed", "extends", *SECTIONS, GENOTYPE, *TERMS, FINALISTS, LEDGER, "retrain", "run")
RETRAIN_KEYS = ("space", "evaluator", "weights")
WEIGHTS = "retrain.weights"
FRESH = "fresh"
"""What this key says to start from random weights, as without it."""
Adapt = Callable[[Value, Faults], Value]


def load(
    path: str | Path, overrides: Sequence[str] = (), registry: Registry | None = None, *, adapt: Adapt | None = None
) -> Experiment:
    """Read, merge and check an experiment file; no data is touched and nothing is built.

    Args:
        path: the file.
        overrides: texts like ``strategy.epochs=2``; later ones win.
        registry: where components are looked up; None: what is installed.
        adapt: makes another experiment of what the files say, before the overrides; adds what is wrong to the faults.

    Raises:
        ExperimentError: everything that is wrong in the file and the overrides, each with its place.
        CapabilityError: all is right but the parts cannot work together.
        PluginError: two plug-ins offer components of one kind and name.
    """
    path = Path(path)
    registry = Registry.discover() if registry is None else registry
    registry.require_unambiguous()
    faults = Faults()
    source = composition.read(path, faults)
    source = composition.expand(source)
    tree = composition.merge(source)
    tree = adapt(tree, faults) if adapt else tree
    tree = composition.override(tree, overrides, faults)
    check = _Check(path, registry, Faults([*faults, *tree.unknown_values()]))
    sections = check.sections(tree)
    parts = check.each(sections)
    check.together(sections, parts.terms)
    check.inheriting(sections, parts)
    check.sizes(sections, parts)
    check.faults.raise_all()
    return _made(sections, parts, path)


@dataclass(frozen=True)
class _Sections:
    """What an experiment says, by its keys; None for what is wrong or not there."""

    tree: Value
    """The experiment, with the given genotype's space."""
    given: GenotypeRecord | None
    space: Choice | None
    evaluator: Choice | None
    strategy: Choice | None
    retrain: Value | None
    """What differs in retraining; None: there is none."""


@dataclass(frozen=True)
class _Parts:
    """The sections' components with their options; None for what is wrong or not there."""

    identity: Identity | None
    space: Part[Any] | None
    evaluator: Part[Any] | None
    strategy: Part[Any] | None
    retrain: Retrain | None
    terms: Terms | None
    run: RunOptions | None
    engine: type[Engine] | None
    finalists: Finalists | None
    ledger: Ledger | None


@final
class _Check:
    """Checks one composed experiment and gathers everything that is wrong."""

    def __init__(self, path: Path, registry: Registry, faults: Faults) -> None:
        self.path = path
        self.registry = registry
        self.faults = faults

    def sections(self, tree: Value) -> _Sections:
        """Which component each section names."""
        check_keys(tree, KEYS, "", self.faults)
        given = None
        if GENOTYPE in tree.members:
            tree, given = read_given(tree, self.path.parent, self.registry, self.faults)
        space, evaluator, strategy = (
            None
            if section == "strategy" and GENOTYPE in tree.members
            else read_choice(section, tree, self.registry, self.faults)
            for section in SECTIONS
        )
        return _Sections(tree, given, space, evaluator, strategy, self.retrain_overrides(tree))

    def each(self, sections: _Sections) -> _Parts:
        """The options of each section by themselves."""
        tree = sections.tree
        run = optional_mapping("run", tree, "run", self.faults)
        parts = _Parts(
            self.identity(tree),
            self.part(sections.space),
            self.part(sections.evaluator),
            self.part(sections.strategy),
            self.retrain(sections),
            read_terms(tree, sections.strategy, self.registry, self.faults),
            check_options(RunOptions, run, "run", self.faults),
            read_engine(run, self.registry, self.faults) if _has_candidates(sections) else None,
            read_finalists(tree, self.faults),
            read_ledger(tree, self.faults),
        )
        if sections.given and parts.retrain:
            check_legal(sections.given, parts.retrain.space, tree.members[GENOTYPE].place, self.faults)
        return parts

    def together(self, sections: _Sections, terms: Terms | None) -> None:
        """Whether the components can work with each other, within bounds where there are any."""
        space, evaluator, strategy = sections.space, sections.evaluator, sections.strategy
        if space is None or evaluator is None:
            return
        for message in misfits(self.registry, space.found, evaluator.found):
            self.faults.refuse(evaluator.type_place, "evaluator.type", message)
        prune = sections.tree.members.get("prune")
        if prune is not None and prune.data is not None and not issubclass(evaluator.found.value, Trainable):
            self.faults.refuse(prune.key, "prune", _untrained(self.registry, evaluator))
        if strategy is None:
            return
        for found in strategy.founds():
            for message in refusals(self.registry, space.found, evaluator.found, found):
                self.faults.refuse(strategy.type_place, "strategy.type", message)
            if terms and terms.constraints.bounds():
                for message in bound_refusals(self.registry, space.found, evaluator.found, found):
                    self.faults.refuse(sections.tree.members["constraints"].place, "constraints", message)

    def sizes(self, sections: _Sections, parts: _Parts) -> None:
        """Whether the spaces' networks take the image sizes that the evaluators' options ask for."""
        pairs = [(parts.space, parts.evaluator, "evaluator")]
        if parts.retrain:
            pairs.append((parts.retrain.space, parts.retrain.evaluator, "retrain.evaluator"))
        told: set[str] = set()
        for space, evaluator, path in pairs:
            if space is None or evaluator is None or sections.evaluator is None:
                continue
            for misfit in size_misfits(space.cls(space.options), evaluator.cls.input_sizes(evaluator.options)):
                if misfit not in told:
                    self.faults.refuse(sections.evaluator.type_place, path, misfit)
                told.add(misfit)

    def identity(self, tree: Value) -> Identity | None:
        """Name and seed; the file's name stands in for a name that is not written."""
        written = {key: tree.members[key] for key in ("name", "seed") if key in tree.members}
        data = {"name": Value(self.path.stem, tree.place, tree.place), **written}
        return check_options(Identity, Value(data, tree.place, tree.place), "", self.faults)

    def part(self, choice: Choice | None) -> Part[Any] | None:
        return make_part(choice, choice.options, choice.found.component.kind, self.faults) if choice else None

    def retrain_overrides(self, tree: Value) -> Value | None:
        retrain = tree.members.get("retrain")
        if retrain is not None and retrain.data is None:
            return None
        overrides = optional_mapping("retrain", tree, "retrain", self.faults)
        check_keys(overrides, RETRAIN_KEYS, "retrain", self.faults)
        return overrides

    def retrain(self, sections: _Sections) -> Retrain | None:
        """The parts of retraining; None if there is none, or if it is wrong."""
        if sections.retrain is None:
            return None
        space = self.retrained(sections.space, sections.retrain, "space")
        evaluator = self.retrained(sections.evaluator, sections.retrain, "evaluator")
        weights = self.weights(sections.retrain)
        inherits = weights == SUPERNET
        return Retrain(space, evaluator, None if inherits else weights, inherits) if space and evaluator else None

    def retrained(self, choice: Choice | None, overrides: Value, section: str) -> Part[Any] | None:
        path = f"retrain.{section}"
        own = optional_mapping(section, overrides, path, self.faults)
        return retrained_part(choice, own, path, self.faults) if choice else None

    def weights(self, retrain: Value) -> str | None:
        """``supernet``, or the file of weights to start from: a relative path starts where the command is started."""
        value = retrain.members.get("weights")
        if value is None or value.data in (None, FRESH):
            return None
        if value.data == SUPERNET:
            return SUPERNET
        if isinstance(value.data, str) and value.data:
            return str(Path(os.path.expanduser(value.data)).absolute())
        expected = f"expected {FRESH!r}, {SUPERNET!r} or the path of a file"
        self.faults.add(value.place, WEIGHTS, f"found {value.shown()}, {expected}")
        return None

    def inheriting(self, sections: _Sections, parts: _Parts) -> None:
        """Whether there is a supernet that networks can start from, where a key asks for one."""
        for path, value in _inheriting_keys(sections, parts):
            if GENOTYPE in sections.tree.members:
                self.faults.add(value.place, path, f"found beside the key {GENOTYPE!r}; no supernet is trained")
                continue
            chosen: dict[Section, Choice | None] = {
                "space": sections.space,
                "evaluator": sections.evaluator,
                "strategy": sections.strategy,
            }
            founds = {section: choice.found for section, choice in chosen.items() if choice}
            for message in inheritance_refusals(self.registry, founds):
                self.faults.refuse(value.place, path, f"{path} {message}")
            if parts.space and parts.retrain and (why := _unlike(parts.space, parts.retrain.space)):
                told = f"nothing could start from the supernet: {why}. Give both the same, or remove the key"
                self.faults.refuse(value.place, path, told)


def _inheriting_keys(sections: _Sections, parts: _Parts) -> Iterator[tuple[str, Value]]:
    """The keys that need what a supernet has learned, with what they say."""
    if sections.retrain and parts.retrain and parts.retrain.inherits:
        yield WEIGHTS, sections.retrain.members["weights"]
    if has_ledger(sections.tree):
        yield LEDGER, sections.tree.members[LEDGER]


def _unlike(search: Part[Any], retrain: Part[Any]) -> str:
    """Why no network of the retraining's space could start from a supernet of the search's; empty: it may."""
    space = retrain.cls(retrain.options)
    return space.unlike(search.cls(search.options)) if isinstance(space, Inheriting) else ""


def _untrained(registry: Registry, evaluator: Choice) -> str:
    able = [found.component.name for found in registry.usable("evaluator") if issubclass(found.value, Trainable)]
    return (
        f"prune stops trainings, but evaluator {evaluator.found.component.name!r} trains no networks (it is not "
        f"Trainable). Installed evaluators that do: {', '.join(able) or 'none'}. Remove the key, or take one of them."
    )


def _has_candidates(sections: _Sections) -> bool:
    """Whether candidates are evaluated, as far as is known: a strategy that is wrong may have been meant to propose."""
    if sections.strategy is None:
        return GENOTYPE not in sections.tree.members
    return issubclass(sections.strategy.found.value, (AskTell, Deferring)) or has_finalists(sections.tree)


def _made(sections: _Sections, parts: _Parts, path: Path) -> Experiment:
    """The experiment of parts in which nothing is wrong."""
    assert parts.identity and parts.space and parts.evaluator and parts.run, "an experiment without faults is complete"
    experiment = Experiment(
        parts.identity.name,
        parts.identity.seed,
        parts.space,
        parts.evaluator,
        parts.strategy,
        sections.given,
        parts.retrain,
        parts.terms,
        parts.run,
        parts.engine,
        parts.finalists,
        parts.ledger,
        str(path),
    )
    return replace(experiment, origins=origins(experiment.resolved(), sections.tree))

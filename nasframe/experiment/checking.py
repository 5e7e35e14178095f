"""From the text of an experiment to checked parts: everything that is wrong is found, and said at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasframe.errors import CapabilityError, ExperimentError
from nasframe.experiment.composition import SECTIONS, compose
from nasframe.experiment.experiment import Experiment, Identity, Retrain
from nasframe.experiment.given_genotype import KEY, check_legal, read_given
from nasframe.experiment.option_check import check_options, unknown_key
from nasframe.experiment.origins import origins
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import (
    Choice,
    Part,
    Section,
    make_part,
    members,
    optional_mapping,
    read_choice,
    retrained,
)
from nasframe.experiment.term_check import TERMS, read_terms
from nasframe.files.located import Problem, Value, plain, raise_problems, shown, unknown_values
from nasframe.plugin.compatibility import misfits, refusals
from nasframe.plugin.registry import Registry

KEYS = ("name", "seed", "extends", *SECTIONS, KEY, *TERMS, "retrain", "run")


def load(path: str | Path, overrides: Sequence[str] = (), registry: Registry | None = None) -> Experiment:
    """Read, merge and check an experiment file.

    Args:
        path: the file.
        overrides: texts like ``strategy.epochs=2``; later ones win.
        registry: where components are looked up; None: what is installed.

    Raises:
        ExperimentError: everything that is wrong in the file and the overrides, each with its place.
        CapabilityError: all is right but the parts cannot work together.
        PluginError: two plug-ins offer components of one kind and name.
    """
    registry = Registry.discover() if registry is None else registry
    registry.require_unambiguous()
    problems: list[Problem] = []
    tree = compose(Path(path), overrides, problems)
    return from_tree(tree, Path(path), registry, problems)


def from_tree(tree: Value, path: Path, registry: Registry, problems: Sequence[Problem] = ()) -> Experiment:
    """Check a composed experiment.

    Args:
        path: its file, for its name and the files that it names.
        problems: what is already known to be wrong.

    Raises:
        ExperimentError, CapabilityError: see ``load``.
    """
    check = _Check(tree, registry)
    experiment = check.experiment(path)
    problems = [*problems, *unknown_values(tree)]
    unread = {problem.place for problem in problems}
    problems += [problem for problem in check.problems if problem.place not in unread]
    if problems:
        raise_problems(problems + check.refusals, ExperimentError)
    raise_problems(check.refusals, CapabilityError)
    assert experiment is not None, "an experiment without problems is complete"
    return replace(experiment, origins=origins(experiment.resolved(), check.tree))


class _Check:
    """Checks one composed experiment and gathers everything that is wrong."""

    def __init__(self, tree: Value, registry: Registry) -> None:
        self.tree = tree
        self.registry = registry
        self.problems: list[Problem] = []
        self.refusals: list[Problem] = []

    def experiment(self, path: Path) -> Experiment | None:
        self.problems += [
            unknown_key(key, value, "", KEYS) for key, value in members(self.tree).items() if key not in KEYS
        ]
        identity = self.identity(path.stem)
        self.tree, given = read_given(self.tree, path.parent, self.registry, self.problems)
        space, evaluator, strategy = (
            None if section == "strategy" and KEY in members(self.tree) else self.choice(section)
            for section in SECTIONS
        )
        parts = (self.part(space), self.part(evaluator), self.part(strategy))
        retrain = self.retrain(space, evaluator)
        if given and retrain:
            check_legal(given, retrain.space, members(self.tree)[KEY].place, KEY, self.problems)
        run = check_options(RunOptions, self.mapping("run"), "run", self.problems)
        if space and evaluator:
            messages = misfits(self.registry, space.found, evaluator.found)
            self.refusals += [Problem(evaluator.type_place, "evaluator.type", message) for message in messages]
        if space and evaluator and strategy:
            for found in strategy.founds():
                messages = refusals(self.registry, space.found, evaluator.found, found)
                self.refusals += [Problem(strategy.type_place, "strategy.type", message) for message in messages]
        terms = read_terms(self.tree, strategy, self.registry, self.problems, self.refusals)
        match identity, run, parts:
            case Identity(name=name, seed=seed), RunOptions(), (Part() as first, Part() as second, third):
                return Experiment(name, seed, first, second, third, given, retrain, terms, run, str(path))
        return None

    def choice(self, section: Section) -> Choice | None:
        return read_choice(section, self.tree, self.registry, self.problems)

    def identity(self, stem: str) -> Identity | None:
        written = {key: members(self.tree)[key] for key in ("name", "seed") if key in members(self.tree)}
        data = {"name": Value(stem, self.tree.place, self.tree.place), **written}
        value = Value(data, self.tree.place, self.tree.place)
        return check_options(Identity, value, "", self.problems)

    def part(self, choice: Choice | None) -> Part[Any] | None:
        if choice is None:
            return None
        return make_part(choice, choice.options, choice.found.component.kind, self.problems)

    def retrain(self, space: Choice | None, evaluator: Choice | None) -> Retrain | None:
        """The parts of retraining; None if there is none, or if it is wrong."""
        retrain = members(self.tree).get("retrain")
        if retrain is not None and retrain.data is None:
            return None
        overrides = self.mapping("retrain")
        known = ("space", "evaluator", "weights")
        self.problems += [
            unknown_key(key, value, "retrain", known) for key, value in members(overrides).items() if key not in known
        ]
        space_part = self.retrained(space, overrides, "space")
        evaluator_part = self.retrained(evaluator, overrides, "evaluator")
        weights = self.weights(overrides)
        return Retrain(space_part, evaluator_part, weights) if space_part and evaluator_part else None

    def weights(self, retrain: Value) -> str | None:
        """The file of weights to start from; a relative path starts where the command is started."""
        value = members(retrain).get("weights")
        if value is None or value.data is None:
            return None
        if isinstance(value.data, str) and value.data:
            return str(Path(value.data).expanduser().absolute())
        found = f"found {shown(plain(value))}, expected the path of a file"
        self.problems.append(Problem(value.place, "retrain.weights", found))
        return None

    def retrained(self, choice: Choice | None, overrides: Value, section: str) -> Part[Any] | None:
        path = f"retrain.{section}"
        own = optional_mapping(section, overrides, path, self.problems)
        if choice is None:
            return None
        reported = {(problem.place, problem.message) for problem in self.problems}
        found: list[Problem] = []
        part = retrained(choice, own, path, found)
        self.problems += [item for item in found if (item.place, item.message) not in reported]
        return part

    def mapping(self, key: str) -> Value:
        return optional_mapping(key, self.tree, key, self.problems)

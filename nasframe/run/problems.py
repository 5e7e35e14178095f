"""What a run needs before anything is written: the device, the spaces, the evaluators with their data."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

import nasframe
from nasframe.cost.returned import require_returned
from nasframe.errors import CapabilityError, ExperimentError, GenotypeError
from nasframe.evaluator import Differentiable, Evaluator, Runtime
from nasframe.experiment.experiment import Experiment
from nasframe.experiment.sections import Part
from nasframe.files.words import quantity
from nasframe.genotype import sample, validate
from nasframe.run.device import runtime, set_numerics
from nasframe.run.interrupt import raise_at_signals
from nasframe.space import Relaxable, SearchSpace, size_misfits
from nasframe.strategy import Problem, Strategy
from nasframe.training.seeding import seed_all


@dataclass(frozen=True)
class Problems:
    """What is to be solved; made before anything is written, so that missing data leave no run behind."""

    runtime: Runtime
    search: Problem | None
    """None: the genotype is given."""
    retrain: Problem | None
    """None: what is found is not retrained."""
    remarks: tuple[str, ...]


@contextmanager
def open_problems(experiment: Experiment) -> Iterator[Problems]:
    """The problems of an experiment, with torch set up as it asks.

    Raises:
        CapabilityError: space and evaluator do not fit: see ``make_problem`` and ``require_returned``.
        DataError: something is wrong with the data.
    """
    where = runtime(experiment.run, experiment.seed)
    with set_numerics(experiment.run, where.device) as remarks, raise_at_signals():
        seed_all(experiment.seed, "prepare")
        search = full = None
        if experiment.strategy is not None:
            search = make_problem(experiment.space, experiment.evaluator, replace(where, phase="search"))
            search = replace(search, bounds=experiment.terms.constraints.bounds() if experiment.terms else {})
        if experiment.retrain is not None:
            full = make_problem(experiment.retrain.space, experiment.retrain.evaluator, where)
        for problem in filter(None, (search, full)):
            if isinstance(problem.evaluator, Differentiable):
                require_returned(problem.space, sample(problem.space, np.random.default_rng(0)), problem.evaluator.task)
        if search and full:
            _require_same_questions(search.space, full.space)
            if experiment.ledger:
                require_same_classes(search, full)
        yield Problems(where, search, full, tuple(remarks))


def make_problem(space: Part[SearchSpace], evaluator: Part[Evaluator], where: Runtime) -> Problem:
    """A space and an evaluator, which finds its data.

    Raises:
        CapabilityError: the one's networks do not label what the other wants labelled, or take no images of its size.
        DataError: something is wrong with the data.
    """
    built = space.cls(space.options)
    where = replace(where, image_sizes=built.image_sizes())
    problem = Problem(built, evaluator.cls(evaluator.options, where), where)
    if problem.evaluator.task.labels not in problem.space.labels:
        raise CapabilityError(
            f"the data of evaluator {evaluator.component.name!r} have labels of {problem.evaluator.task.labels}; space "
            f"{space.component.name!r} makes networks that label {' and '.join(problem.space.labels)}. Take a space "
            "that fits; 'nasframe plugins --table' shows what is known to"
        )
    sizes = {**evaluator.cls.input_sizes(evaluator.options), "an image of the data": problem.evaluator.task.size}
    if misfits := size_misfits(built, sizes):
        raise CapabilityError(f"evaluator {evaluator.component.name!r}: {'; '.join(misfits)}")
    return problem


def make_strategy(part: Part[Strategy], problem: Problem) -> Strategy:
    """The strategy of an experiment; one that wraps another gets the way to make that as ``problem.over``."""
    if part.over is not None:
        problem = replace(problem, over=partial(make_strategy, part.over))
    return part.cls(problem, part.options)


def _require_same_questions(search: SearchSpace, full: SearchSpace) -> None:
    """Check before days of searching that what is found can be retrained."""
    try:
        validate(full, sample(search, np.random.default_rng(0)))
    except GenotypeError as error:
        raise ExperimentError(
            f"retrain.space asks other questions than space, so that nothing found could be retrained: {error}. "
            "Override only options that leave the decisions as they are"
        ) from error


def require_same_classes(search: Problem, full: Problem) -> None:
    """Check that a ledger can measure the search's supernet as the retrained network.

    Raises:
        ExperimentError: it cannot.
    """
    found, wanted = ((task.in_channels, task.num_classes) for task in (search.evaluator.task, full.evaluator.task))
    if found != wanted:
        made = f"{quantity(found[0], 'channel')} and {quantity(found[1], 'class', 'classes')}"
        raise ExperimentError(
            f"ledger measures the search's supernet, made for {made}, as the retrained network, made for {wanted[0]} "
            f"and {wanted[1]}: give evaluator and retrain.evaluator the same, or remove the key"
        )


def environment(experiment: Experiment, problems: Problems) -> dict[str, Any]:
    """What the results may depend on besides the experiment."""
    where = problems.runtime
    chosen = (experiment.space, experiment.evaluator, experiment.strategy)
    parts: list[Part[Any]] = [part for part in chosen if part is not None]
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "platform": platform.platform(),
        "device": where.device,
        "precision": where.precision,
        "threads": torch.get_num_threads(),
        "nasframe": nasframe.__version__,
        "plugins": [
            {"distribution": distribution, "version": version}
            for distribution, version in sorted({(part.distribution, part.version) for part in parts})
        ],
        **_supernet(experiment, problems),
    }


def _supernet(experiment: Experiment, problems: Problems) -> dict[str, Any]:
    """What the space says of its supernet, if the strategy trains one."""
    if experiment.strategy is None or problems.search is None:
        return {}
    space, needs = problems.search.space, experiment.strategy.cls.needs
    if not isinstance(space, Relaxable) or not any(issubclass(need, Relaxable) for need in needs):
        return {}
    facts = dict(space.computed_by(problems.runtime.device))
    return {"supernet": facts} if facts else {}

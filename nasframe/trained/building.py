"""A trained network in memory: built from its genotype, with its weights, and the problem that it solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from nasframe.errors import FileError
from nasframe.evaluator import Runtime
from nasframe.genotype import Genotype, GenotypeRecord
from nasframe.plugin.registry import Registry
from nasframe.run.device import runtime
from nasframe.runfolder.weights import match, read_weights
from nasframe.space import Task
from nasframe.strategy import Problem
from nasframe.trained.finding import Saved, find_saved


@dataclass(frozen=True)
class Trained:
    """A network that was trained, ready to be used."""

    network: nn.Module
    """On the problem's device, in eval mode."""
    problem: Problem
    """Its space, and the evaluator that it was trained by, with the data."""
    genotype: Genotype
    record: GenotypeRecord
    """The genotype with all options of its space."""
    saved: Saved
    """Where it lies."""


def load_trained(folder: Path, registry: Registry, overrides: Sequence[str] = ()) -> Trained:
    """The network that a run retrained; needs the evaluator's data.

    Args:
        folder: the run's.
        overrides: texts like ``evaluator.workers=0`` or ``run.device=cpu``, over what the network was trained with.

    Raises:
        NasframeError: see ``find_saved``, ``load_weights``; the data are missing or wrong; there is no such device.
    """
    return build_trained(find_saved(folder, registry, overrides))


def build_trained(saved: Saved) -> Trained:
    """A saved network in memory, with the evaluator that it was trained by."""
    where = runtime_of(saved)
    evaluator = saved.evaluator.cls(saved.evaluator.options, where)
    network = build_network(saved, evaluator.task).to(where.device)
    problem = Problem(saved.space, evaluator, where)
    return Trained(network, problem, saved.record.genotype, saved.record, saved)


def runtime_of(saved: Saved) -> Runtime:
    """The runtime that a saved network's run asks for, here.

    Raises:
        ExperimentError: there is no such device.
    """
    return replace(runtime(saved.run, saved.seed), image_sizes=saved.space.image_sizes())


def build_network(saved: Saved, task: Task) -> nn.Module:
    """A saved network alone, on the CPU, in eval mode; needs no data.

    Raises:
        FileError: the weights do not fit.
    """
    network = saved.space.build(saved.record.genotype, task)
    weights = read_weights(saved.weights)
    faults = match(network.state_dict(), weights).faults()
    if faults:
        raise FileError(
            f"the weights in {saved.weights} do not fit the genotype's network: {'; '.join(faults)}. They belong to "
            "another genotype, or to other options of its space or other classes"
        )
    network.load_state_dict(weights)
    return network.eval()

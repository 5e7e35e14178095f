"""A trained network in memory: built from its genotype, with its weights, and the problem that it solves."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nasframe.errors import RunFolderError
from nasframe.genotype import Genotype, GenotypeRecord
from nasframe.precision import runtime
from nasframe.registry import Registry
from nasframe.saved import Saved, find_saved
from nasframe.space import Task
from nasframe.strategy import Problem

SHOWN = 8


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
    where = runtime(saved.run, saved.seed)
    evaluator = saved.evaluator.cls(saved.evaluator.options, where)
    network = build_network(saved, evaluator.task).to(where.device)
    problem = Problem(saved.space, evaluator, where)
    return Trained(network, problem, saved.record.genotype, saved.record, saved)


def build_network(saved: Saved, task: Task) -> nn.Module:
    """A saved network alone, on the CPU, in eval mode; needs no data.

    Raises:
        RunFolderError: the weights do not fit.
    """
    network = saved.space.build(saved.record.genotype, task)
    weights = read_weights(saved.weights)
    fault = misfit(network.state_dict(), weights)
    if fault:
        raise RunFolderError(
            f"the weights in {saved.weights} do not fit the genotype's network: {fault}. They belong to another "
            "genotype, or to other options of its space or other classes"
        )
    network.load_state_dict(weights)
    return network.eval()


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU.

    Raises:
        RunFolderError: it cannot be read or holds something else.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunFolderError(
            f"{path} cannot be read as weights ({reason}); expected tensors by name, as retraining writes them to "
            "retrain/weights.pt (a file in checkpoints/ is none)"
        ) from error
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise RunFolderError(f"{path} holds a {type(weights).__name__}; expected tensors by name: a state_dict")
    return dict(weights)


def misfit(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """How tensors differ from the wanted ones in names or shapes; empty: not at all."""
    shapes = [
        f"{name} ({_shape(found[name])} instead of {_shape(tensor)})"
        for name, tensor in wanted.items()
        if name in found and found[name].shape != tensor.shape
    ]
    lists = {
        "missing": [name for name in wanted if name not in found],
        "unknown": [name for name in found if name not in wanted],
        "of another shape": shapes,
    }
    return "; ".join(f"{len(names)} {what}: {_listed(names)}" for what, names in lists.items() if names)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")

"""What networks and their parts cost: parameters and multiply-adds, counted without computing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from nasframe.cost.layers import LayerCost, layer_costs
from nasframe.errors import GenotypeError
from nasframe.genotype import Genotype
from nasframe.space import SearchSpace, Task, size_misfits


@dataclass(frozen=True)
class Cost:
    """What one network costs."""

    params: int
    """Trainable parameters, without those of ``nasframe.Auxiliary`` submodules."""
    macs: int
    """Multiply-adds of one forward pass at batch 1: of convolutions and linear layers, nothing else."""
    size: tuple[int, int]
    """Height and width in pixels at which the multiply-adds were counted."""
    classes: int


def count(space: SearchSpace, genotype: Genotype, task: Task) -> Cost:
    """The cost of a genotype's network at the task's size: the sum of its layers' costs.

    Raises:
        GenotypeError: as ``layers`` raises it.
    """
    amounts = _sums(layers(space, genotype, task))
    return Cost(amounts["params"], amounts["macs"], task.size, task.num_classes)


def layers(
    space: SearchSpace, genotype: Genotype, task: Task, depth: int | None = None, *, auxiliary: bool = False
) -> list[LayerCost]:
    """What each layer of a genotype's network costs; works on the meta device, so no tensor has data.

    Args:
        depth: how many parts the layers' names have at most; None: down to the innermost modules.
        auxiliary: whether the parameters of ``Auxiliary`` submodules count too.

    Raises:
        GenotypeError: the genotype is not legal in the space, or its network cannot take an input of that size.
    """
    if misfits := size_misfits(space, {"the image": task.size}):
        raise GenotypeError("; ".join(misfits))
    with torch.device("meta"):
        network = space.build(genotype, task)
    try:
        return layer_costs(network, (1, task.in_channels, *task.size), depth=depth, auxiliary=auxiliary)
    except (RuntimeError, ValueError) as error:
        shape = "x".join(map(str, (task.in_channels, *task.size)))
        raise GenotypeError(
            f"the network of space {space.name!r} cannot take an input of {shape} (channels, height, width): {error}"
        ) from error


def counted(build: Callable[[], nn.Module], /, *shapes: tuple[int, ...]) -> Mapping[str, float]:
    """A ``Measure``: ``params`` and ``macs`` as ``count`` counts them."""
    with torch.device("meta"):
        module = build()
    return _sums(layer_costs(module, *shapes))


def _sums(costs: list[LayerCost]) -> dict[str, int]:
    return {"params": sum(layer.params for layer in costs), "macs": sum(layer.conv_linear for layer in costs)}

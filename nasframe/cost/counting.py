"""What networks and their parts cost: parameters and multiply-adds, counted without computing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasframe.errors import GenotypeError
from nasframe.genotype import Genotype
from nasframe.space import SearchSpace, Task


@dataclass(frozen=True)
class Cost:
    """What one network costs."""

    params: int
    """Trainable parameters."""
    macs: int
    """Multiply-adds of one forward pass at batch 1: of convolutions and linear layers, nothing else."""
    size: tuple[int, int]
    """Height and width in pixels at which the multiply-adds were counted."""
    classes: int


def count(space: SearchSpace, genotype: Genotype, task: Task) -> Cost:
    """The cost of a genotype's network at the task's size; works on the meta device, so no tensor has data.

    Raises:
        GenotypeError: the genotype is not legal in the space, or its network cannot take an input of that size.
    """
    with torch.device("meta"):
        network = space.build(genotype, task)
    try:
        macs = _multiply_adds(network, (1, task.in_channels, *task.size))
    except (RuntimeError, ValueError) as error:
        size = "x".join(map(str, task.size))
        raise GenotypeError(
            f"the network of space {space.name!r} cannot take {task.in_channels} channels of {size} pixels: {error}"
        ) from error
    return Cost(_parameters(network), macs, task.size, task.num_classes)


def counted(build: Callable[[], nn.Module], /, *shapes: tuple[int, ...]) -> Mapping[str, float]:
    """A ``Measure``: ``params`` and ``macs`` as ``count`` counts them."""
    with torch.device("meta"):
        module = build()
    return {"params": _parameters(module), "macs": _multiply_adds(module, *shapes)}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def _multiply_adds(network: nn.Module, *shapes: tuple[int, ...]) -> int:
    """Convolutions by the flop counter, which says 2 for each; linear layers by hooks.

    The counter also counts other products of matrices, and cannot tell them from a linear layer's.
    """
    linear = 0

    def note(module: nn.Linear, inputs: Any, output: torch.Tensor) -> None:
        nonlocal linear
        linear += output.numel() * module.in_features

    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    counter = FlopCounterMode(display=False)
    try:
        with torch.device("meta"), torch.no_grad(), counter:
            network.eval()(*(torch.empty(shape) for shape in shapes))
    finally:
        for hook in hooks:
            hook.remove()
    flops: dict[Any, int] = counter.get_flop_counts()["Global"]
    return linear + sum(amount for operation, amount in flops.items() if "convolution" in str(operation)) // 2

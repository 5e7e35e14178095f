"""What a space's networks return, held against their task on the meta device: no tensor has data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasframe.errors import CapabilityError
from nasframe.genotype import Genotype
from nasframe.outputs import EXPECTED, Outputs, described
from nasframe.space import SearchSpace, Task

COUNT = 2
"""Images that are shown: a batch norm in training wants more than one value."""


def require_returned(space: SearchSpace, genotype: Genotype, task: Task) -> None:
    """See that a genotype's network returns one tensor of the task's shape, and in training tensors of that shape.

    A network that cannot be built, or not run without data, is passed over: what is wrong there is told where it is
    trained, and may be wrong with this genotype alone.

    Raises:
        CapabilityError: it returns something else.
    """
    with torch.device("meta"):
        try:
            network = space.build(genotype, task)
        except Exception:  # a network's own code may raise anything
            return
        for mode in (network.eval(), network.train()):
            _require(mode, space, task)


def misfit(found: object, task: Task, count: int, *, training: bool) -> str:
    """What is wrong with what a network has returned for images of the task's size, in words; empty: nothing.

    Args:
        count: of images.
        training: whether the network was in training mode, and may return ``Outputs``.
    """
    expected = task.output_shape(count)
    outputs = [found.main, *(output for output, _ in found.extra)] if isinstance(found, Outputs) else [found]
    if not (training or not isinstance(found, Outputs)) or not all(isinstance(output, Tensor) for output in outputs):
        wanted = EXPECTED if training else "one tensor"
        return f"{described(found)}; expected {wanted}"
    for output in outputs:
        assert isinstance(output, Tensor), "looked at above"
        if tuple(output.shape) != expected:
            return f"{described(output)}; expected the task's shape {expected}, of each output"
    return ""


def _require(network: nn.Module, space: SearchSpace, task: Task) -> None:
    images = torch.empty(COUNT, task.in_channels, *task.size)
    try:
        with torch.no_grad():
            found = network(images)
    except Exception:  # as above
        return
    if wrong := misfit(found, task, COUNT, training=network.training):
        mode = "training" if network.training else "eval"
        raise CapabilityError(
            f"a network of space {space.name!r} in {mode} mode returned {wrong} (for images of {tuple(images.shape)}). "
            "Take a space that serves this task, or see in its plug-in what its networks return"
        )

"""What a network answers, for whoever measures it: in eval mode, in the runtime's precision, in the task's shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import nn

from nasframe.errors import RunError
from nasframe.evaluator import Model
from nasframe.space import Task

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["as_logits", "set_to_eval"]


def as_logits(output: Tensor, inputs: Tensor, task: Task) -> Tensor:
    """One output of a network in float32.

    Args:
        inputs: what the network was shown, (N, in_channels, H, W).

    Raises:
        RunError: it has not the shape that the task wants of these inputs.
    """
    height, width = inputs.shape[-2:]
    expected = task.output_shape(inputs.shape[0], (height, width))
    if tuple(output.shape) != expected:
        what = "at the size of its input" if task.dense else "a row an image"
        raise RunError(
            f"the network returned the shape {tuple(output.shape)} for inputs {tuple(inputs.shape)}; a network for "
            f"{task.num_classes} classes returns {expected}: logits {what}"
        )
    return output.float()


@contextmanager
def set_to_eval(model: Model) -> Iterator[None]:
    """A module in eval mode; afterwards each of its submodules as it was."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.training = training

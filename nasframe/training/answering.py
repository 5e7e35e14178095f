"""What a network answers, for whoever measures it: in eval mode, in the task's shape, at scales and by windows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import Tensor, nn

from nasframe.errors import RunError
from nasframe.evaluator import Model
from nasframe.files.words import quantity
from nasframe.space import Size, Task

__all__ = ["as_logits", "resized", "set_to_eval", "spans"]


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
            f"{quantity(task.num_classes, 'class', 'classes')} returns {expected}: logits {what}"
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


def resized(pictures: Tensor, size: Size) -> Tensor:
    """Bilinear, (N, C, H, W); as they are if they have the size."""
    height, width = pictures.shape[-2:]
    if (height, width) == size:
        return pictures
    smaller = size[0] < height or size[1] < width
    return F.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=smaller)


def spans(length: int, window: int, stride: int) -> list[slice]:
    """Windows that cover a side, from its beginning; the last is shifted back so that it ends with the side."""
    window = min(window, length)
    count = -(-(length - window) // stride) + 1
    starts = (min(number * stride, length - window) for number in range(count))
    return [slice(start, start + window) for start in starts]

"""Asking a network about images: whole or by windows, at several scales, mirrored. Functions on models.

Averages: of logits between overlapping windows, of probabilities between scales and mirrored passes, the latter at
the size of the answer. A network takes every size (the interface of a search space says so), so scaled images are
merely rounded to whole pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasframe import Inference, Model, RunError, Runtime, padded
from nasframe.training.precision import autocast
from nasframe_cityscapes.classes import CLASSES

Size = tuple[int, int]
Answering = Callable[[Tensor], Tensor]
"""A model of which the main output alone is asked: images -> logits at their size."""


def answers(model: Answering, inputs: Tensor, size: Size, inference: Inference) -> Tensor:
    """What a model says of the classes of each pixel; no gradients.

    Args:
        model: (N, C, h, w) of any size -> logits (N, classes, h, w).
        inputs: normalised images, (N, C, h, w).
        size: H and W of the answer.

    Returns:
        Logits of a single pass, mean probabilities of several, (N, classes, H, W).
    """
    if inference.window is not None:
        model = sliding(model, inference.window, inference.steps)
    with torch.no_grad():
        if inference.passes == 1:
            return answer(model, inputs, size, inference.scales[0])
        return averaged(model, inputs, size, inference)


def averaged(model: Answering, inputs: Tensor, size: Size, inference: Inference) -> Tensor:
    """Mean probabilities over all scales, each also mirrored if asked for, (N, classes, H, W).

    A mirrored image has exactly the mirrored probabilities, since whole answers are mirrored and the sum of two does
    not depend on their order.
    """
    total: Tensor | None = None
    for scale in inference.scales:
        once = answer(model, inputs, size, scale).softmax(1)
        if inference.mirror:
            once += answer(model, inputs.flip(-1), size, scale).softmax(1).flip(-1)
        total = once if total is None else total.add_(once)
    assert total is not None, "an inference has a scale"
    return total.div_(inference.passes)


def answer(model: Answering, inputs: Tensor, size: Size, scale: float = 1.0) -> Tensor:
    """Logits at a size, (N, classes, H, W), of the images shown at a scale; smaller ones are anti-aliased."""
    height, width = inputs.shape[-2:]
    shown = max(1, round(height * scale)), max(1, round(width * scale))
    return resized(model(resized(inputs, shown)), size)


def resized(pictures: Tensor, size: Size) -> Tensor:
    """Bilinear, (N, C, H, W); as they are if they have the size."""
    height, width = pictures.shape[-2:]
    if (height, width) == size:
        return pictures
    smaller = size[0] < height or size[1] < width
    return F.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=smaller)


def sliding(model: Answering, window: Size, stride: Size) -> Answering:
    """A model that sees windows of an image: where they overlap, the mean of their logits."""

    def slide(inputs: Tensor) -> Tensor:
        height, width = inputs.shape[-2:]
        rows, columns = spans(height, window[0], stride[0]), spans(width, window[1], stride[1])
        total = inputs.new_zeros((inputs.shape[0], len(CLASSES), height, width))
        count = inputs.new_zeros((height, width))
        for row in rows:
            for column in columns:
                total[..., row, column] += model(inputs[..., row, column])
                count[row, column] += 1
        return total.div_(count)

    return slide


def spans(length: int, window: int, stride: int) -> list[slice]:
    """Windows that cover a side, from its beginning; the last is shifted back so that it ends with the side."""
    window = min(window, length)
    count = -(-(length - window) // stride) + 1
    starts = (min(number * stride, length - window) for number in range(count))
    return [slice(start, start + window) for start in starts]


def checked(model: Model, runtime: Runtime) -> Answering:
    """The model's main output for images of every size, in the runtime's precision, as ``as_logits`` makes it."""
    asked = padded(model, runtime.image_sizes)

    def logits(inputs: Tensor) -> Tensor:
        with autocast(runtime):
            found = asked(inputs)
        return as_logits(found, inputs)

    return logits


def as_logits(output: Tensor, inputs: Tensor) -> Tensor:
    """One output of a network in float32.

    Raises:
        RunError: it is no logits at the inputs' size.
    """
    expected = (inputs.shape[0], len(CLASSES), *inputs.shape[-2:])
    if tuple(output.shape) != expected:
        raise RunError(
            f"the network returned the shape {tuple(output.shape)} for inputs {tuple(inputs.shape)}; a network for "
            f"{len(CLASSES)} classes returns {expected}: logits at the size of its input"
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

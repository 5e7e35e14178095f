"""Asking a network about images: whole or by windows, at several scales, mirrored. Functions on models.

Averages: of logits between overlapping windows, of probabilities between scales and mirrored passes, the latter at
the size of the answer. A network takes every size (the interface of a search space says so), so scaled images are
merely rounded to whole pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nasframe import Inference, Model, Runtime, Task, padded
from nasframe.training.answering import as_logits, resized, spans
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


def checked(model: Model, runtime: Runtime) -> Answering:
    """The model's main output for images of every size, in the runtime's precision, as ``as_logits`` makes it."""
    asked = padded(model, runtime.image_sizes)
    task = Task(in_channels=3, num_classes=len(CLASSES), size=(1, 1))  # of every size

    def logits(inputs: Tensor) -> Tensor:
        with autocast(runtime):
            found = asked(inputs)
        return as_logits(found, inputs, task)

    return logits

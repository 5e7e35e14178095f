"""Asking a network about whole images: as they are, at several scales, by windows, mirrored.

Averages: of logits over the windows of an image, of probabilities over scales and mirrored passes. An image that is
scaled gets the smallest size above that the space's networks take.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nasframe import Inference, Model, Runtime, Task, main_output
from nasframe.training.answering import as_logits, resized, spans
from nasframe.training.precision import autocast


def log_probabilities(model: Model, inputs: Tensor, inference: Inference, task: Task, runtime: Runtime) -> Tensor:
    """Logarithms of the classes' probabilities, (N, classes). Args: inputs: (N, C, H, W)."""

    def logits(images: Tensor) -> Tensor:
        with autocast(runtime):
            found = model(images)
        return as_logits(main_output(found), images, task)

    height, width = inputs.shape[-2:]
    passes = []
    for scale in inference.scales:
        shown = max(1, round(height * scale)), max(1, round(width * scale))
        images = inputs if shown == (height, width) else resized(inputs, runtime.image_sizes.enlarged(shown))
        for one in (images, images.flip(-1)) if inference.mirror else (images,):
            passes.append(_over_windows(logits, one, inference).log_softmax(1))
    return passes[0] if len(passes) == 1 else torch.stack(passes).logsumexp(0) - math.log(len(passes))


def _over_windows(logits: Callable[[Tensor], Tensor], images: Tensor, inference: Inference) -> Tensor:
    """Mean logits of the windows; of the whole image without them."""
    if inference.window is None:
        return logits(images)
    rows, columns = (
        spans(length, window, step)
        for length, window, step in zip(images.shape[-2:], inference.window, inference.steps, strict=True)
    )
    return torch.stack([logits(images[..., row, column]) for row in rows for column in columns]).mean(0)

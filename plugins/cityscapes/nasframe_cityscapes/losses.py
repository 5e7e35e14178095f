"""The loss of whole frames, as it is measured: of all their pixels together, at the labels' own size."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor

from nasframe import Inference


@final
class FrameLoss:
    """The mean cross-entropy of the pixels of all frames that were added, weighted by class."""

    def __init__(self, weights: Tensor) -> None:
        """Args: weights: of every train id, (256,); 0 for void, which then counts for nothing."""
        self._weights = weights
        self._sum = 0.0
        self._weight = 0.0

    def add(self, found: Tensor, truth: Tensor, inference: Inference) -> None:
        """Add one frame.

        Args:
            found: what ``answers`` gave for it, (classes, H, W).
            truth: train ids, (H, W), on the same device.
            inference: how it was asked: of several passes there are probabilities.
        """
        logs = found.log_softmax(0) if inference.passes == 1 else found.clamp(min=torch.finfo(found.dtype).tiny).log()
        targets = truth.long()
        weights = self._weights[targets].double()
        losses = -logs.gather(0, targets.clamp(max=found.shape[0] - 1)[None])[0]
        self._sum += float((losses.double() * weights)[weights > 0].sum())
        self._weight += float(weights.sum())

    @property
    def mean(self) -> float:
        """Over all pixels; NaN where none has a weight."""
        return self._sum / self._weight if self._weight else math.nan

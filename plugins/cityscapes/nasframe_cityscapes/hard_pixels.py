"""Learning from the hard pixels alone: online hard example mining (Shrivastava et al., CVPR 2016, on pixels)."""

from __future__ import annotations

import torch
from torch import Tensor


def hard_pixels(losses: Tensor, scored: Tensor, threshold: float | None, fewest: int) -> Tensor:
    """Which pixels are learned from: those to whose true class the network gives less than a probability.

    Where an image has fewer of them, its hardest ones fill up to ``fewest``, or all of its scored pixels if there are
    not even so many. Pixels that are not scored are never taken and fill nothing.

    Args:
        losses: unweighted cross-entropy of each pixel, -log of the probability of its true class, (N, pixels).
        scored: which pixels have a class to learn, (N, pixels).
        threshold: the probability; None: the hardest ones are taken alone.
        fewest: pixels of an image.

    Returns:
        True for the pixels that are taken, (N, pixels).
    """
    chances = torch.exp(-losses.detach()).masked_fill(~scored, torch.inf)
    place = min(fewest, chances.shape[1]) - 1
    limit = chances.sort(dim=1).values[:, place : place + 1]
    return scored & ((chances < (threshold or 0.0)) | (chances <= limit))

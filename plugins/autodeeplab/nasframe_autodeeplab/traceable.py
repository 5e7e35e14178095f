"""Padding, cutting and pooling in the form that ``torch.export`` traces for every size; the numbers are the same.

The usual forms ask whether one size is smaller than another, which a trace can only answer for one size. These gather
by computed places instead. A side must have 2 pixels or more.
"""

from __future__ import annotations

import torch
from torch import Tensor

SIDES = (-2, -1)


def pad(images: Tensor, stride: int) -> Tensor:
    """Images (N, C, H, W) with zeros right and below, to sides of stride·n + 1."""
    for dim in SIDES:
        side = images.shape[dim]
        places = torch.arange(stride * ((side + stride - 2) // stride) + 1, device=images.device)
        inside = (places < side).to(images.dtype)
        images = images.index_select(dim, places.clamp(max=side - 1))
        images = images * _along(dim, inside)
    return images


def crop(logits: Tensor, like: Tensor) -> Tensor:
    """The top left of the logits, as large as ``like``."""
    for dim in SIDES:
        logits = logits.index_select(dim, torch.arange(like.shape[dim], device=logits.device))
    return logits


def window_means(features: Tensor, window: int) -> Tensor:
    """Means over square windows, stride 1, of that side or the image's if that is shorter; by running sums.

    There are fewer windows than pixels, how many a trace cannot know: (N, C, H, W) -> (N, C, H, W), in which the last
    window is repeated on the right and below.
    """
    for dim in SIDES:
        side = features.shape[dim]
        length = _shorter(window, side)
        sums = features.cumsum(dim)
        start = torch.arange(side, device=features.device).clamp(max=side - length)
        before = sums.index_select(dim, (start - 1).clamp(min=0))
        behind_first = _along(dim, (start > 0).to(features.dtype))
        features = (sums.index_select(dim, start + length - 1) - before * behind_first) / length
    return features


def enlarge_means(means: Tensor, window: int) -> Tensor:
    """What came of ``window_means``, without the repeated windows, resized bilinearly to the size of the image."""
    for dim in SIDES:
        side = means.shape[dim]
        last = side - _shorter(window, side)
        places = torch.arange(side, device=means.device) * last / (side - 1)
        lower = places.floor().to(torch.int64)
        share = _along(dim, (places - lower).to(means.dtype))
        upper = (lower + 1).clamp(max=last)
        means = means.index_select(dim, lower) * (1 - share) + means.index_select(dim, upper) * share
    return means


def _shorter(window: int, side: int) -> int:
    """The smaller of two sizes, of which one may be a symbol of the trace."""
    smaller: int = torch.sym_min(window, side)  # type: ignore[no-untyped-call]
    return smaller


def _along(dim: int, values: Tensor) -> Tensor:
    """One value for each row, or for each column, of images."""
    return values[:, None] if dim == SIDES[0] else values

"""Convolutions of stacked tensors; "units" are independent of each other and have C channels each.

All tensors have their channels before the images, (..., C, N, H, W): so a 1x1 convolution is one matrix product over
all pixels of all images, and each batch norm reads one run of memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def relu_depthwise(values: Tensor, weights: Sequence[Tensor], rates: Sequence[int]) -> Tensor:
    """ReLU and depthwise convolutions, K kinds of them for each of E edges.

    Args:
        values: (units, C, N, H, W), which all kinds and edges read, or each its own, (K, E, units, C, N, H, W).
        weights: of each kind, (E, units, C, k, k).
        rates: dilation of each kind.

    Returns:
        (K, E, units, C, N, H, W).
    """
    active = functional.relu(values)
    if values.ndim == 5:
        images = _images_first(active.flatten(0, 1))
        parts = [_for_all_edges(images, *kind) for kind in zip(weights, rates, strict=True)]
    else:
        parts = [_for_each_edge(*kind) for kind in zip(active.unbind(), weights, rates, strict=True)]
    return torch.stack(parts)


def relu_dense(values: Tensor, weight: Tensor, rate: int) -> Tensor:
    """ReLU and dense convolutions for each of E edges.

    Args:
        values: (units, C, N, H, W).
        weight: (E, units, C, C, k, k).

    Returns:
        (E, units, C, N, H, W).
    """
    edges, units, channels = weight.shape[:3]
    filters = weight.transpose(0, 1).flatten(0, 2)  # (units·E·C, C, k, k)
    output = _same(_images_first(functional.relu(values).flatten(0, 1)), filters, rate, units)
    images, _, height, width = output.shape
    by_edge = output.view(images, units, edges, channels, height, width).permute(2, 1, 3, 0, 4, 5)
    return by_edge.contiguous()


def pointwise(values: Tensor, weight: Tensor) -> Tensor:
    """1x1 convolutions.

    Args:
        values: (..., C, N, H, W).
        weight: (..., C', C, 1, 1), the same leading axes.

    Returns:
        (..., C', N, H, W).
    """
    outputs, channels = weight.shape[-4:-2]
    product = torch.bmm(weight.reshape(-1, outputs, channels), values.view(-1, channels, values.shape[-3:].numel()))
    return product.view(*weight.shape[:-3], *values.shape[-3:])


def _for_all_edges(images: Tensor, weight: Tensor, rate: int) -> Tensor:
    """(N, units·C, H, W), (E, units, C, k, k) -> (E, units, C, N, H, W), a view."""
    edges, units, channels, *kernel = weight.shape
    filters = weight.permute(1, 2, 0, 3, 4).reshape(units * channels * edges, 1, *kernel)
    output = _same(images, filters, rate, units * channels)
    return output.view(len(images), units, channels, edges, *images.shape[2:]).permute(3, 1, 2, 0, 4, 5)


def _for_each_edge(active: Tensor, weight: Tensor, rate: int) -> Tensor:
    """(E, units, C, N, H, W), (E, units, C, k, k) -> (E, units, C, N, H, W), a view."""
    filters = weight.flatten(0, 2).unsqueeze(1)
    output = _same(_images_first(active.flatten(0, 2)), filters, rate, len(filters))
    return output.transpose(0, 1).view(active.shape)


def _images_first(values: Tensor) -> Tensor:
    """(C, N, H, W) -> (N, C, H, W)."""
    return values.transpose(0, 1).contiguous()


def _same(images: Tensor, filters: Tensor, rate: int, groups: int) -> Tensor:
    return functional.conv2d(images, filters, padding=rate * (filters.shape[-1] // 2), dilation=rate, groups=groups)

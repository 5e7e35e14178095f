"""Batch norms and the weighted sum of their results (Auto-DeepLab, Eq. 2 and 3), as a function of tensors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Summand:
    """K operations on the edges that leave S source tensors, in G evaluations."""

    values: Tensor
    """(K, E, S, G, C, N, H, W); E is 1 where all edges share the values."""
    scale: Tensor
    """What normalised values are multiplied with: (K, E, S), or (K, E, S, G, C)."""
    normed: bool
    """Whether values are normalised by their own statistics first, in each evaluation and channel."""

    @property
    def shared(self) -> bool:
        """Whether several edges share the values."""
        return self.values.shape[1] < self.scale.shape[1]


def mixed(summands: Sequence[Summand], eps: float, bias: Tensor | None, before: Tensor | None) -> tuple[Tensor, Tensor]:
    """Sums over kinds and source tensors.

    Args:
        eps: added to variances.
        bias: (E, G, C), added.
        before: sums so far, (E, G, C, N, H, W), added.

    Returns:
        (E, G, C, N, H, W); and (2, …), the means and the unbiased variances of all normed summands' values, which are
        (K, E or 1, S, G, C) each, one behind the other, without gradient.
    """
    measured: list[Tensor] = []
    total = before
    for one in summands:
        total = _plus(total, _shared(one, eps, measured) if one.shared else _own(one, eps, measured))
    assert total is not None, "there is nothing to mix"
    if bias is not None:
        total = total + bias[..., None, None, None]
    statistics = torch.cat(measured, dim=1) if measured else total.new_empty(2, 0)
    return total, statistics


def _own(one: Summand, eps: float, measured: list[Tensor]) -> Tensor:
    scale = full_scale(one)
    if one.normed:
        return _normalised(one.values, scale.reshape(-1), eps, measured).sum((0, 2))
    return (one.values * scale[..., None, None, None]).sum((0, 2))


def _shared(one: Summand, eps: float, measured: list[Tensor]) -> Tensor:
    """One matrix product for all edges; where scales differ by channel, one for each channel."""
    values = _normalised(one.values, None, eps, measured) if one.normed else one.values
    edges, rows = one.scale.shape[1], values.shape[3:5].numel()
    shape = (edges, *values.shape[3:])
    if one.scale.ndim == 3:
        return (one.scale.movedim(1, 0).flatten(1) @ values.flatten(0, 2).flatten(1)).view(shape)
    by_row = one.scale.flatten(3).permute(3, 1, 0, 2).flatten(2)  # (G·C, E, K·S)
    product = by_row @ values.flatten(0, 2).reshape(by_row.shape[2], rows, -1).transpose(0, 1)  # (G·C, E, N·H·W)
    return product.transpose(0, 1).reshape(shape)


def _normalised(values: Tensor, scale: Tensor | None, eps: float, measured: list[Tensor]) -> Tensor:
    rows = values.shape[:5].numel()
    statistics = values.new_zeros(2, rows)
    flat = values.reshape(1, rows, -1)
    mean, variance = statistics.unbind()
    flat = functional.batch_norm(flat, mean, variance, scale, None, True, 1.0, eps)
    measured.append(statistics)
    return flat.view(values.shape)


def full_scale(one: Summand) -> Tensor:
    """(K, E, S, G, C)."""
    scale = one.scale
    return scale if scale.ndim == 5 else scale[..., None, None].expand(*scale.shape, *one.values.shape[3:5])


def _plus(total: Tensor | None, more: Tensor) -> Tensor:
    return more if total is None else total + more

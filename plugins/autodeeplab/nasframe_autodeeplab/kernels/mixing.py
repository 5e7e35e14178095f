"""Batch norms and the weighted sum of their results on CPUs, as an operation of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nasframe_autodeeplab.kernels.library import call, usable
from nasframe_autodeeplab.kernels.twice import differentiable_gradients
from nasframe_autodeeplab.stacked import sums
from nasframe_autodeeplab.stacked.sums import Summand


def mixed(summands: Sequence[Summand], eps: float, bias: Tensor | None, before: Tensor | None) -> tuple[Tensor, Tensor]:
    """``stacked.sums.mixed``, by the kernel if it can."""
    values, scales = [one.values for one in summands], [one.scale for one in summands]
    if usable(*values, *scales, *(one for one in (bias, before) if one is not None)):
        normed = [one.normed for one in summands]
        total, statistics = forward(values, scales, normed, eps, bias, before)
        return total, _of_normed(statistics[:2], values, normed)
    return sums.mixed(summands, eps, bias, before)


def _of_normed(statistics: Tensor, values: Sequence[Tensor], normed: Sequence[bool]) -> Tensor:
    if all(normed):
        return statistics
    parts = statistics.split_with_sizes([_rows(one) for one in values], dim=1)
    kept = [part for part, wanted in zip(parts, normed, strict=True) if wanted]
    return torch.cat(kept, dim=1) if kept else statistics[:, :0]


@torch.library.custom_op("nasframe_autodeeplab::mixed", mutates_args=(), device_types="cpu")
def forward(
    values: Sequence[Tensor],
    scales: Sequence[Tensor],
    normed: Sequence[bool],
    eps: float,
    bias: Tensor | None,
    before: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """As ``stacked.sums.mixed``, with (3, …), also one over the standard deviations, of all values, normed or not."""
    values, scales = _contiguous(values), _contiguous(scales)
    bias, before = (None if one is None else one.contiguous() for one in (bias, before))
    total, statistics = _outputs(values, scales, normed, eps, bias, before)
    means, variances, factors = statistics.unbind()
    arrays = (values, scales, _forms(values, scales, normed), before, bias)
    sizes = _sizes(values, scales)
    call("mixing_forward", total.dtype, len(values), *arrays, total, means, factors, variances, sizes, eps)
    return total, statistics


@torch.library.custom_op("nasframe_autodeeplab::mixed_backward", mutates_args=(), device_types="cpu")
def backward(
    gradient: Tensor,
    values: Sequence[Tensor],
    scales: Sequence[Tensor],
    normed: Sequence[bool],
    eps: float,
    statistics: Tensor,
) -> list[Tensor]:
    """The mean gradient of each row of the result, then the gradients of values, then those of scales by row."""
    values, scales, gradient = _contiguous(values), _contiguous(scales), gradient.contiguous()
    mean, *results = whole = _gradients(gradient, values, scales, normed, eps, statistics)
    means, _, factors = statistics.unbind()
    arrays = (values, scales, _forms(values, scales, normed), gradient, mean, means, factors)
    gradients = (results[: len(values)], results[len(values) :])
    call("mixing_backward", gradient.dtype, len(values), *arrays, *gradients, _sizes(values, scales), eps)
    return list(whole)


@forward.register_fake
def _outputs(
    values: Sequence[Tensor],
    scales: Sequence[Tensor],
    normed: Sequence[bool],
    eps: float,
    bias: Tensor | None,
    before: Tensor | None,
) -> tuple[Tensor, Tensor]:
    first = values[0]
    statistics = first.new_zeros(3, sum(_rows(one) for one in values))
    return first.new_empty(scales[0].shape[1], *first.shape[3:]), statistics


@backward.register_fake
def _gradients(
    gradient: Tensor,
    values: Sequence[Tensor],
    scales: Sequence[Tensor],
    normed: Sequence[bool],
    eps: float,
    statistics: Tensor,
) -> list[Tensor]:
    by_row = [gradient.new_empty(*scale.shape[:3], *one.shape[3:5]) for one, scale in zip(values, scales, strict=True)]
    return [gradient.new_empty(gradient.shape[:3]), *(one.new_empty(one.shape) for one in values), *by_row]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    values, scales, ctx.normed, ctx.eps, bias, before = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.count, ctx.has_bias, ctx.has_before = len(values), bias is not None, before is not None
    ctx.save_for_backward(*values, *scales, output[1])


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Any, ...]:
    *inputs, statistics = ctx.saved_tensors
    if torch.is_grad_enabled():
        found = _differentiable(ctx, gradient, inputs)
        bias = gradient.sum((3, 4, 5)) if ctx.has_bias else None
    else:
        values, scales = inputs[: ctx.count], inputs[ctx.count :]
        mean, *found = backward(gradient, values, scales, ctx.normed, ctx.eps, statistics)
        by_row = zip(found[ctx.count :], scales, strict=True)
        found[ctx.count :] = [one if scale.ndim == 5 else one.sum((3, 4)) for one, scale in by_row]
        bias = mean * gradient.shape[3:].numel() if ctx.has_bias else None
    return found[: ctx.count], found[ctx.count :], None, None, bias, gradient if ctx.has_before else None


def _differentiable(ctx: Any, gradient: Tensor, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    def again() -> Tensor:
        each = zip(inputs[: ctx.count], inputs[ctx.count :], ctx.normed, strict=True)
        return sums.mixed([Summand(*one) for one in each], ctx.eps, None, None)[0]

    return differentiable_gradients(again, inputs, gradient)


forward.register_autograd(_differentiate, setup_context=_keep)


def _contiguous(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [one.contiguous() for one in tensors]


def _rows(values: Tensor) -> int:
    return values.shape[:5].numel()


def _forms(values: Sequence[Tensor], scales: Sequence[Tensor], normed: Sequence[bool]) -> list[int]:
    """Of each summand: K, whether edges share it, whether it is normed, whether its scale is by row."""
    forms: list[int] = []
    for one, scale, norm in zip(values, scales, normed, strict=True):
        forms += [one.shape[0], int(one.shape[1] < scale.shape[1]), int(norm), int(scale.ndim == 5)]
    return forms


def _sizes(values: Sequence[Tensor], scales: Sequence[Tensor]) -> list[int]:
    """Edges, source tensors, rows, pixels of a row."""
    return [scales[0].shape[1], values[0].shape[2], values[0].shape[3:5].numel(), values[0].shape[5:].numel()]

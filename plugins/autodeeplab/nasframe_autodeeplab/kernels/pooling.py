"""Pools of 3x3 pixels on CPUs, as an operation of torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nasframe_autodeeplab.kernels.library import call, usable
from nasframe_autodeeplab.kernels.twice import differentiable_gradients
from nasframe_autodeeplab.stacked import pools


def pooled(values: Tensor, mean: bool, maximum: bool) -> Tensor:
    """``stacked.pools.pooled``, by the kernel if it can."""
    if usable(values):
        output: Tensor = forward(values, mean, maximum)[0]
        return output
    return pools.pooled(values, mean, maximum)


@torch.library.custom_op("nasframe_autodeeplab::pooled", mutates_args=(), device_types="cpu")
def forward(values: Tensor, mean: bool, maximum: bool) -> tuple[Tensor, Tensor]:
    """(…, H, W) -> (kinds, …, H, W), and which of the 9 pixels was the maximum, (…, H, W)."""
    values = values.contiguous()
    output, places = _output(values, mean, maximum)
    kinds = output.unbind()
    wanted = (kinds[0] if mean else None, kinds[-1] if maximum else None)
    call("pooling_forward", values.dtype, values, *wanted, places, *_sizes(values))
    return output, places


@torch.library.custom_op("nasframe_autodeeplab::pooled_backward", mutates_args=(), device_types="cpu")
def backward(gradient: Tensor, places: Tensor, mean: bool, maximum: bool) -> Tensor:
    """The gradient of the values."""
    kinds = gradient.contiguous().unbind()
    result: Tensor = _gradient(gradient, places, mean, maximum)
    wanted = (kinds[0] if mean else None, kinds[-1] if maximum else None)
    call("pooling_backward", gradient.dtype, *wanted, places, result, *_sizes(result))
    return result


@forward.register_fake
def _output(values: Tensor, mean: bool, maximum: bool) -> tuple[Tensor, Tensor]:
    places = values.new_empty(values.shape if maximum else (0,), dtype=torch.uint8)
    return values.new_empty(int(mean) + int(maximum), *values.shape), places


@backward.register_fake
def _gradient(gradient: Tensor, places: Tensor, mean: bool, maximum: bool) -> Tensor:
    return gradient.new_zeros(gradient.shape[1:])


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    values, ctx.mean, ctx.maximum = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(values, output[1])


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, None, None]:
    values, places = ctx.saved_tensors
    if torch.is_grad_enabled():
        found = differentiable_gradients(lambda: pools.pooled(values, ctx.mean, ctx.maximum), (values,), gradient)[0]
    else:
        found = backward(gradient, places, ctx.mean, ctx.maximum)
    return found, None, None


forward.register_autograd(_differentiate, setup_context=_keep)


def _sizes(values: Tensor) -> tuple[int, int, int]:
    height, width = values.shape[-2:]
    return values.shape[:-2].numel(), height, width

"""ReLU and depthwise convolutions on CPUs, as an operation of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nasframe_autodeeplab.kernels.library import call, usable
from nasframe_autodeeplab.kernels.twice import differentiable_gradients
from nasframe_autodeeplab.stacked import convolutions

SIDES = (3, 5)


def relu_depthwise(values: Tensor, weights: Sequence[Tensor], rates: Sequence[int]) -> Tensor:
    """``stacked.convolutions.relu_depthwise``, by the kernel if it can."""
    if usable(values, *weights) and all(weight.shape[-1] in SIDES for weight in weights):
        output: Tensor = forward(values, weights, rates)
        return output
    return convolutions.relu_depthwise(values, weights, rates)


@torch.library.custom_op("nasframe_autodeeplab::relu_depthwise", mutates_args=(), device_types="cpu")
def forward(values: Tensor, weights: Sequence[Tensor], rates: Sequence[int]) -> Tensor:
    """(units, C, N, H, W) or (K, E, units, C, N, H, W) -> (K, E, units, C, N, H, W)."""
    values, weights = values.contiguous(), [weight.contiguous() for weight in weights]
    output: Tensor = _output(values, weights, rates)
    sides, sizes = _sides(weights), _sizes(values, weights)
    call("depthwise_forward", values.dtype, values, output, len(weights), weights, sides, rates, sizes)
    return output


@torch.library.custom_op("nasframe_autodeeplab::relu_depthwise_backward", mutates_args=(), device_types="cpu")
def backward(
    gradient: Tensor, values: Tensor, weights: Sequence[Tensor], rates: Sequence[int], of_weights: bool
) -> list[Tensor]:
    """The gradients of the values and, if wanted, of each weight."""
    values, weights = values.contiguous(), [weight.contiguous() for weight in weights]
    gradient = gradient.contiguous()
    results: list[Tensor] = _gradients(gradient, values, weights, rates, of_weights)
    arrays = (weights, results[1:] or None, _sides(weights), rates, _sizes(values, weights))
    call("depthwise_backward", values.dtype, values, gradient, results[0], len(weights), *arrays)
    return results


@forward.register_fake
def _output(values: Tensor, weights: Sequence[Tensor], rates: Sequence[int]) -> Tensor:
    return values.new_empty(len(weights), weights[0].shape[0], *values.shape[-5:])


@backward.register_fake
def _gradients(
    gradient: Tensor, values: Tensor, weights: Sequence[Tensor], rates: Sequence[int], of_weights: bool
) -> list[Tensor]:
    return [one.new_zeros(one.shape) for one in (values, *(weights if of_weights else ()))]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    values, weights, ctx.rates = inputs
    ctx.save_for_backward(values, *weights)


def _differentiate(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, list[Tensor | None], None]:
    values, *weights = ctx.saved_tensors
    found: list[Tensor | None]
    if torch.is_grad_enabled():
        found = differentiable_gradients(
            lambda: convolutions.relu_depthwise(values, weights, ctx.rates), (values, *weights), gradient
        )
    else:
        found = [*backward(gradient, values, weights, ctx.rates, any(ctx.needs_input_grad[1]))]
    return found[0], found[1:] or [None] * len(weights), None


forward.register_autograd(_differentiate, setup_context=_keep)


def _sides(weights: Sequence[Tensor]) -> list[int]:
    return [weight.shape[-1] for weight in weights]


def _sizes(values: Tensor, weights: Sequence[Tensor]) -> list[int]:
    units, channels, images, height, width = values.shape[-5:]
    return [weights[0].shape[0], units * channels, images, height, width, int(values.ndim == 5)]

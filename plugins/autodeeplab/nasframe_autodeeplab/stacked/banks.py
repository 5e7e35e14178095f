"""The primitives of all edges that leave some tensors, stacked by kind (Auto-DeepLab, section 3.1).

A grid (K, E, S, G) has kinds of primitives, edges, source tensors and the evaluations that arrive at the node; where
these share weights, G is 1 in the grids of parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import numpy as np
from torch import Tensor, nn
from typing_extensions import override

from nasframe_autodeeplab.kernels.depthwise import relu_depthwise
from nasframe_autodeeplab.kernels.pooling import pooled
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.stacked.convolutions import pointwise, relu_dense
from nasframe_autodeeplab.stacked.mixing import Term, normalised
from nasframe_autodeeplab.stacked.normalisation import StackedNorm
from nasframe_autodeeplab.stacked.stacking import PlainNames, Stacked

Grid = tuple[int, int, int, int]
Pick = Callable[..., nn.Module]
"""The plain primitive of a kind, edge, source tensor and evaluation."""


def convolutions(primitive: nn.Module) -> list[nn.Conv2d]:
    """In the order of computation."""
    return [layer for layer in primitive.modules() if isinstance(layer, nn.Conv2d)]


def norms(primitive: nn.Module) -> list[BatchNorm]:
    """In the order of computation."""
    return [layer for layer in primitive.modules() if isinstance(layer, BatchNorm)]


@final
class SeparableBank(Stacked):
    """Separable convolutions that are all applied as often: (ReLU, depthwise, pointwise, norm), repeated."""

    def __init__(self, grid: Grid, pick: Pick, names: PlainNames) -> None:
        super().__init__()
        first = [convolutions(pick(kind, 0, 0, 0)) for kind in range(grid[0])]
        self.rates = [layers[0].dilation[0] for layers in first]
        self.between = nn.ModuleList()
        last = len(first[0]) // 2 - 1
        for repeat in range(last + 1):
            self._stack_convolutions(repeat, grid, pick, names)
            if repeat < last:
                self.between.append(_norm_between(repeat, grid, pick, names))
        self.norm = StackedNorm(grid, lambda *place: norms(pick(*place))[last], names)

    @override
    def forward(self, values: Tensor, scale: Tensor) -> Term:
        """(S, G, C, N, H, W), (K, E, S) -> the last norm still to be done."""
        evaluations, *rest = values.shape[1:]
        output = self._convolved(values.flatten(0, 1), 0, evaluations)  # (K, E, S·G, C, N, H, W)
        for repeat, norm in enumerate(self.between):
            assert isinstance(norm, StackedNorm)
            flat = output.view(-1, evaluations, *rest)
            output = self._convolved(normalised(flat, norm).view(output.shape), repeat + 1, evaluations)
        return Term(output.view(*output.shape[:2], *values.shape), self.norm, scale)

    def _convolved(self, values: Tensor, repeat: int, evaluations: int) -> Tensor:
        """(S·G, C, N, H, W) or (K, E, S·G, C, N, H, W) -> (K, E, S·G, C, N, H, W)."""
        weights: list[Tensor] = [getattr(self, f"depthwise{repeat}_{kind}") for kind in range(len(self.rates))]
        depthwise = [for_units(weight, evaluations, axis=2, inputs=()) for weight in weights]
        pointwise_weight: Tensor = getattr(self, f"pointwise{repeat}")
        mixing = for_units(pointwise_weight, evaluations, axis=3, inputs=pointwise_weight.shape[5:6])
        return pointwise(relu_depthwise(values, depthwise, self.rates), mixing)

    def _stack_convolutions(self, repeat: int, grid: Grid, pick: Pick, names: PlainNames) -> None:
        for kind in range(grid[0]):

            def depthwise(*place: int, kind: int = kind) -> Tensor:
                return convolutions(pick(kind, *place))[2 * repeat].weight

            self.stack(f"depthwise{repeat}_{kind}", grid[1:], depthwise, names)
        self.stack(f"pointwise{repeat}", grid, lambda *place: convolutions(pick(*place))[2 * repeat + 1].weight, names)


@final
class DenseBank(Stacked):
    """ReLU, one dense convolution, norm; of one kind, as kernels differ."""

    weight: Tensor

    def __init__(self, grid: Grid, pick: Pick, names: PlainNames) -> None:
        super().__init__()
        self.rate = convolutions(pick(0, 0, 0, 0))[0].dilation[0]
        self.stack("weight", grid, lambda *place: convolutions(pick(*place))[0].weight, names)
        self.norm = StackedNorm(grid, lambda *place: norms(pick(*place))[0], names)

    @override
    def forward(self, values: Tensor, scale: Tensor) -> Term:
        """(S, G, C, N, H, W), (1, E, S) -> the norm still to be done."""
        weight = for_units(self.weight.squeeze(0), values.shape[1], axis=2, inputs=values.shape[2:3])
        output = relu_dense(values.flatten(0, 1), weight, self.rate)
        return Term(output.view(1, -1, *values.shape), self.norm, scale)


@final
class PoolBank(nn.Module):
    """3x3 pools, which all edges share, and norms."""

    def __init__(self, grid: Grid, pick: Pick, names: PlainNames) -> None:
        super().__init__()
        pools = [_pool(pick(kind, 0, 0, 0)) for kind in range(grid[0])]
        self.mean = any(isinstance(pool, nn.AvgPool2d) for pool in pools)
        self.maximum = any(isinstance(pool, nn.MaxPool2d) for pool in pools)
        has_norm = bool(norms(pick(0, 0, 0, 0)))
        self.norm = StackedNorm(grid, lambda *place: norms(pick(*place))[0], names) if has_norm else None

    @override
    def forward(self, values: Tensor, scale: Tensor) -> Term:
        """(S, G, C, N, H, W), (K, E, S) -> the norm still to be done."""
        return Term(pooled(values, self.mean, self.maximum).unsqueeze(1), self.norm, scale)


def _norm_between(repeat: int, grid: Grid, pick: Pick, names: PlainNames) -> StackedNorm:
    """Without a sum behind it: so all kinds, edges and source tensors are one axis."""
    *together, evaluations = grid

    def norm(_: int, place: int, __: int, evaluation: int) -> BatchNorm:
        return norms(pick(*np.unravel_index(place, together), evaluation))[repeat]

    return StackedNorm((1, math.prod(together), 1, evaluations), norm, names)


def _pool(primitive: nn.Module) -> nn.Module:
    return next(layer for layer in primitive.modules() if isinstance(layer, nn.AvgPool2d | nn.MaxPool2d))


def for_units(weight: Tensor, evaluations: int, axis: int, inputs: tuple[int, ...]) -> Tensor:
    """Weights of convolutions with one axis of units in place of those of source tensors and of evaluations.

    Args:
        weight: (…, S, G or 1, C', C, k, k).
        axis: that of the evaluations.
        inputs: (C,); () for depthwise convolutions, whose C is 1.

    Returns:
        (…, S·G, C', *inputs, k, k).
    """
    if weight.shape[axis] != evaluations:  # they share weights
        weight = weight.expand(*weight.shape[:axis], evaluations, *weight.shape[axis + 1 :])
    return weight.reshape(*weight.shape[: axis - 1], -1, weight.shape[axis + 1], *inputs, *weight.shape[-2:])

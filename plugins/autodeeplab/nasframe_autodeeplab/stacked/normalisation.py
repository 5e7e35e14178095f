"""Many batch norms at once, each with its own running statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from nasframe.training.running_statistics import Holding
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.stacked.stacking import PlainNames, Stacked
from nasframe_autodeeplab.stacked.sums import Summand


@final
class StackedNorm(Stacked, Holding):
    """The batch norms of a grid (K, E, S, G); G, the evaluations, is 1 where these share weights.

    Then each evaluation is normalised by its own batch statistics, and the running statistics note one after the
    other, as when they are called in turn.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, grid: tuple[int, int, int, int], pick: Callable[..., BatchNorm], names: PlainNames) -> None:
        super().__init__()
        first = pick(0, 0, 0, 0)
        self.eps = first.eps
        self.momentum = first.momentum or 0.0
        self.affine = first.affine
        for name in ("weight", "bias") if self.affine else ():
            self.stack(name, grid, lambda *place, name=name: pick(*place).get_parameter(name), names)
        for name in ("running_mean", "running_var"):
            self.stack(name, grid, lambda *place, name=name: pick(*place).get_buffer(name), names)

    def prepared(self, values: Tensor, scale: Tensor) -> tuple[Summand, Tensor | None]:
        """Values to be normalised and then scaled, with all that depends on parameters in the scale and a bias.

        Args:
            values: (K, E or 1, S, G, C, N, H, W).
            scale: (K, E, S).

        Returns:
            The summand, and what is to be added to the sum, (E, G, C).
        """
        by_batch = self.training and values.shape[5:].numel() > 1
        if by_batch and not self.affine:
            return Summand(values, scale, True), None
        scale, bias = scale[..., None, None], None
        if self.affine:
            scale, bias = scale * self.weight, scale * self.bias
        if not by_batch:
            scale = scale * (self.running_var + self.eps).rsqrt()
            bias = -self.running_mean * scale if bias is None else bias - self.running_mean * scale
        assert bias is not None
        shape = (*scale.shape[:3], *values.shape[3:5])
        return Summand(values, scale.expand(shape), by_batch), bias.expand(shape).sum((0, 2))

    @torch.no_grad()
    def note(self, statistics: Tensor, values: Tensor) -> None:
        """Update the running statistics, unless held, with a batch's means and variances, (2, rows of the values)."""
        if self.held:
            return
        measured, share = statistics.view(2, *values.shape[:5]), self.momentum
        if self.running_mean.shape[3] < measured.shape[4]:
            measured, share = _in_turn(measured, share)
        for running, batch in zip((self.running_mean, self.running_var), measured.unbind(), strict=True):
            running.lerp_(batch.to(running.dtype).expand_as(running), share)


def _in_turn(measured: Tensor, momentum: float) -> tuple[Tensor, float]:
    """What one update must note, and with which momentum, to be as updates by (2, K, E, S, G, C) of each G in turn."""
    evaluations = measured.shape[4]
    share = 1 - (1 - momentum) ** evaluations
    weights = [momentum * (1 - momentum) ** (evaluations - 1 - number) / share for number in range(evaluations)]
    return (measured * measured.new_tensor(weights)[:, None]).sum(4, keepdim=True), share

"""Scheduled drop path, by which networks of cells are regularised (NASNet: Zoph et al., CVPR 2018, section 3)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from typing_extensions import override

from nasframe.training.progressive import Progressive

__all__ = ["DropPath"]


@final
class DropPath(nn.Module, Progressive):
    """Scheduled drop path (NASNet): in training, zeroes an operation's output for some of the samples.

    The others are scaled up, so that the expectation stays. The probability of keeping falls with the training's
    progress from 1 to ``keep_at_end``.
    """

    def __init__(self, keep_at_end: float) -> None:
        super().__init__()
        self.keep_at_end = keep_at_end
        self.keep = 1.0

    @override
    def set_progress(self, fraction: float) -> None:
        """Called with how much of the training is done, from 0 to 1."""
        self.keep = 1 - fraction * (1 - self.keep_at_end)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if not self.training or self.keep == 1:
            return inputs
        kept = inputs.new_empty(inputs.shape[0], 1, 1, 1).bernoulli_(self.keep)
        return inputs * kept / self.keep

"""Partial channel connections with edge normalisation (PC-DARTS, Xu et al., ICLR 2020, arXiv 1907.05737, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import ExperimentError

if TYPE_CHECKING:
    from nasframe_autodeeplab.options import AutoDeepLabOptions


@final
class PartialOp(nn.Module):
    """A mixed op that sees the first 1/K of its channels; the others pass it by (Eq. 2).

    The channels are then shuffled, as in the authors' code, or the next operation would see the same ones again.
    """

    def __init__(self, mixed_op: nn.Module, share: int) -> None:
        """Args: mixed_op: of C/K channels; share: K, a divisor of C."""
        super().__init__()
        self.mixed_op = mixed_op
        self.share = share

    @override
    def forward(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """(N, C, H, W), (primitives and the edge, K + 1) -> (N, C, H, W)."""
        return weights[-1] * self.around(inputs, lambda seen: self.mixed_op(seen, weights[:-1]))

    def around(self, inputs: Tensor, operate: Callable[[Tensor], Tensor]) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W). Args: operate: on the channels that are seen, (N, C/K, H, W)."""
        seen, passing = inputs.tensor_split([inputs.shape[1] // self.share], dim=1)
        joined = torch.cat([operate(seen), passing], dim=1)
        images, channels, height, width = joined.shape
        parts = joined.view(images, self.share, channels // self.share, height, width)
        return parts.transpose(1, 2).reshape(joined.shape)


def absent_edges(blocks: int) -> Tensor:
    """Where a table (blocks, most sources) has no edge: block b has b + 1 sources."""
    return ~torch.ones(blocks, blocks + 1, dtype=torch.bool).tril(1)


def with_edges(operations: Tensor, table: Tensor) -> Tensor:
    """The weights (edges, K) of operations, and of edges, (blocks, most sources), in one (edges, K + 1)."""
    edges: Sequence[Tensor] = [row[: block + 1] for block, row in enumerate(table, start=1)]
    return torch.cat([operations, torch.cat(list(edges))[:, None]], dim=1)


def check_share(options: AutoDeepLabOptions) -> None:
    """Check that the channels of every cell can be parted.

    Raises:
        ExperimentError: they cannot.
    """
    share, filters = options.partial_channels, options.filters
    if filters % share:
        raise ExperimentError(
            f"space.partial_channels is {share} and space.filters {filters}; the filters must be a multiple of it, "
            f"such as {share * -(-filters // share)}"
        )

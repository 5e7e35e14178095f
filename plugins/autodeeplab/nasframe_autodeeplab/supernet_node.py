"""A place in the supernet's trellis: what prepares the tensors that arrive there, and the cells that mix them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, final

from torch import Tensor, nn
from typing_extensions import override

from nasframe_autodeeplab.cell import MixedCell
from nasframe_autodeeplab.normalisation import Norm
from nasframe_autodeeplab.operations import FactorisedReduction, Recipe, relu_conv_norm
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.recompute import recomputed
from nasframe_autodeeplab.resolution import resize_like
from nasframe_autodeeplab.trellis import FINEST


class Shape(NamedTuple):
    """A hidden tensor's shape."""

    channels: int
    stride: int


@final
class Preparation(nn.Module):
    """Brings H^{l-2} and H^{l-1} to a node's stride and C channels, for one move.

    Coarser: a strided convolution. The same: 1x1. Finer: doubled bilinearly, then 1x1 (section 3.2). H^{l-2} is
    never coarser than the node.
    """

    def __init__(self, before_last: Shape, last: Shape, node: Shape, reduction: str, norm: Norm) -> None:
        """Args: node: C and the node's stride; reduction: see ``AutoDeepLabOptions``."""
        super().__init__()
        self.before_last = _adapt(before_last, node, reduction, norm)
        self.last = _adapt(last, node, reduction, norm)

    @override
    def forward(self, before_last: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """H^{l-2}, H^{l-1} -> both (N, C, H, W)."""
        before_last = self.before_last(before_last)
        return before_last, self.last(_refined(last, before_last))


class TrellisNode(nn.Module, ABC):
    """What the supernet asks of a node; ``weights`` are in the form that this kind of node reads."""

    @abstractmethod
    @override
    def forward(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Any, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """The node's tensor (Eq. 6).

        Args:
            before_last: H^{l-2}.
            arriving: H^{l-1}, by the node that it comes from.
            weights: of operations.
            moves: by the same nodes, the weight of the move, one number.

        Returns:
            (N, B·C, H, W).
        """

    @abstractmethod
    def recomputed(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Any, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """As ``forward``, but keeps no activations."""


@final
class Node(TrellisNode):
    """The evaluations that arrive at one node, one after the other, by the name of the node they come from."""

    def __init__(
        self,
        before_last: Shape,
        arriving: Mapping[str, Shape],
        stride: int,
        options: AutoDeepLabOptions,
        recipe: Recipe,
    ) -> None:
        """Args: before_last: of H^{l-2}; arriving: of H^{l-1}, by where it comes from."""
        super().__init__()
        node = Shape(options.filters * stride // FINEST, stride)
        self.preparations = nn.ModuleDict(
            {
                source: Preparation(before_last, last, node, options.reduction, recipe.norm)
                for source, last in arriving.items()
            }
        )
        self.shared = options.share_node_weights
        self.cells = nn.ModuleDict(
            {
                name: MixedCell(options.blocks, options.operations, node.channels, recipe, options.partial_channels)
                for name in (["shared"] if self.shared else arriving)
            }
        )

    @override
    def forward(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Tensor, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """Equation 6 written out; weights are (edges, K)."""
        terms = [moves[source] * self.evaluate(source, before_last, last, weights) for source, last in arriving.items()]
        return sum(terms[1:], terms[0])

    @override
    def recomputed(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Tensor, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """As ``forward``; each evaluation is computed again by itself."""
        terms = [recomputed(self, before_last, {source: last}, weights, moves) for source, last in arriving.items()]
        return sum(terms[1:], terms[0])

    def evaluate(self, source: str, before_last: Tensor, last: Tensor, weights: Tensor) -> Tensor:
        """H^{l-2}, H^{l-1} from ``source``, (edges, K) -> the cell's output (N, B·C, H, W)."""
        cell = self.cells["shared" if self.shared else source]
        output: Tensor = cell(*self.preparations[source](before_last, last), weights)
        return output


def _adapt(tensor: Shape, node: Shape, reduction: str, norm: Norm) -> nn.Module:
    factor = max(1, node.stride // tensor.stride)
    if factor > 1 and reduction == "factorised":
        return FactorisedReduction(tensor.channels, node.channels, factor, norm)
    return relu_conv_norm(tensor.channels, node.channels, norm, 3 if factor > 1 else 1, factor)


def _refined(last: Tensor, at_node: Tensor) -> Tensor:
    """H^{l-1}, enlarged to the node's size if it is coarser."""
    return resize_like(last, at_node) if last.shape[-1] < at_node.shape[-1] else last

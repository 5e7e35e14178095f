"""Operations on all edges that leave one state of the relaxed cell: each bank is one operation, on all edges at once.

The edges' tensors are joined along the channels, one edge after the other, so that few calls of large tensors do the
work of many small ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import cast, final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_cells.darts.layouts import Large, Small
from nasframe_cells.darts.norms import Norms
from nasframe_cells.darts.operations import SEPARABLE, conv
from nasframe_cells.darts.options import DartsOptions
from nasframe_cells.operations import every_second


class Bank(nn.Module, ABC):
    """One operation, with weights of its own on each of E edges; it begins with a ReLU and ends with a batch norm."""

    @abstractmethod
    @override
    def forward(self, active: Tensor, scale: Tensor) -> Tensor:
        """All edges.

        Args:
            active: the state after its ReLU, (N, C, H, W).
            scale: what each edge's result is multiplied by, channel by channel, (E·C,).

        Returns:
            (N, E·C, H', W').
        """

    @abstractmethod
    def one(self, active: Tensor, edge: int) -> Tensor:
        """The operation on one edge, (N, C, H, W) -> (N, C, H', W')."""

    @abstractmethod
    def tensors(self, edge: int) -> Iterator[tuple[str, Tensor]]:
        """The tensors of one edge, by their names in the operation of a derived network."""


@final
class SeparableBank(Bank):
    """(Depthwise, pointwise, batch norm), repeated with a ReLU in between, see ``operations.separable``."""

    def __init__(
        self, edges: int, form: tuple[int, int, int], channels: int, stride: int, options: DartsOptions
    ) -> None:
        """Args: form: kernel, rate, repeats."""
        super().__init__()
        kernel, self.rate, repeats = form
        self.channels = channels
        self.strides = [stride] + [1] * (repeats - 1)
        whole = edges * channels
        self.edges = edges
        self.depthwise, self.pointwise, self.norms = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for step in self.strides:
            self.depthwise.append(conv(whole, whole, kernel, step, groups=whole, rate=self.rate))
            self.pointwise.append(conv(whole, whole, groups=edges))
            self.norms.append(Norms(whole, options, options.bn_affine))

    @override
    def forward(self, active: Tensor, scale: Tensor) -> Tensor:
        return self._computed(active, slice(0, self.edges), scale)

    @override
    def one(self, active: Tensor, edge: int) -> Tensor:
        return self._computed(active, slice(edge, edge + 1), None)

    def _computed(self, active: Tensor, edges: slice, scale: Tensor | None) -> Tensor:
        """On some of the edges, (N, C, H, W) -> (N, their number times C, H', W')."""
        count, places = edges.stop - edges.start, slice(edges.start * self.channels, edges.stop * self.channels)
        values = Small.of([active] * count) if Small.fits(active) else Large(torch.cat([active] * count, dim=1))
        for repeat, stride in enumerate(self.strides):
            values = values.relu() if repeat > 0 else values
            values = values.depthwise(self._weight(self.depthwise, repeat)[places], stride, self.rate)
            values = values.pointwise(self._weight(self.pointwise, repeat)[places])
            values = values.normalised(
                partial(self._norms(repeat), places=places, scale=None if repeat < len(self.strides) - 1 else scale)
            )
        return values.images()

    @override
    def tensors(self, edge: int) -> Iterator[tuple[str, Tensor]]:
        places = self._places(edge)
        for repeat in range(len(self.strides)):
            first = 4 * repeat  # the ReLU, before three layers with tensors
            yield f"{first + 1}.weight", self._weight(self.depthwise, repeat)[places]
            yield f"{first + 2}.weight", self._weight(self.pointwise, repeat)[places]
            norms = self._norms(repeat).tensors(places)
            yield from ((f"{first + 3}.{name}", tensor) for name, tensor in norms.items())

    def _places(self, edge: int) -> slice:
        return slice(edge * self.channels, (edge + 1) * self.channels)

    def _weight(self, layers: nn.ModuleList, repeat: int) -> Tensor:
        return cast(nn.Conv2d, layers[repeat]).weight

    def _norms(self, repeat: int) -> Norms:
        return cast(Norms, self.norms[repeat])


@final
class ReductionBank(Bank):
    """Factorised reductions, see ``operations.relu_reduction``."""

    def __init__(self, edges: int, channels: int, options: DartsOptions) -> None:
        super().__init__()
        self.edges, self.channels = edges, channels
        self.widths = (channels // 2, channels - channels // 2)
        self.straight, self.shifted = (conv(channels, edges * width) for width in self.widths)
        self.norms = Norms(edges * channels, options, options.bn_affine)

    @override
    def forward(self, active: Tensor, scale: Tensor) -> Tensor:
        halves = self._halves(active, slice(None), slice(None))
        joined = torch.cat([by_edge(half, self.edges) for half in halves], dim=2).flatten(1, 2)
        found: Tensor = self.norms(joined, scale=scale)
        return found

    @override
    def one(self, active: Tensor, edge: int) -> Tensor:
        places = slice(edge * self.channels, (edge + 1) * self.channels)
        found: Tensor = self.norms(torch.cat(self._halves(active, *self._places(edge)), dim=1), places)
        return found

    @override
    def tensors(self, edge: int) -> Iterator[tuple[str, Tensor]]:
        straight, shifted = self._places(edge)
        yield "1.straight.weight", self.straight.weight[straight]
        yield "1.shifted.weight", self.shifted.weight[shifted]
        places = slice(edge * self.channels, (edge + 1) * self.channels)
        yield from ((f"1.norm.{name}", tensor) for name, tensor in self.norms.tensors(places).items())

    def _places(self, edge: int) -> tuple[slice, slice]:
        straight, shifted = (slice(edge * width, (edge + 1) * width) for width in self.widths)
        return straight, shifted

    def _halves(self, active: Tensor, straight: slice, shifted: slice) -> list[Tensor]:
        weights = (self.straight.weight[straight], self.shifted.weight[shifted])
        return [functional.conv2d(seen, weight) for seen, weight in zip(every_second(active), weights, strict=True)]


def by_edge(values: Tensor, edges: int) -> Tensor:
    """(N, E·C, H, W) -> (N, E, C, H, W), without copying."""
    return values.view(values.shape[0], edges, -1, *values.shape[2:])


def bank(name: str, edges: int, channels: int, stride: int, options: DartsOptions) -> Bank | None:
    """The bank of an operation; None: it has no weights that differ from edge to edge."""
    if name in SEPARABLE:
        return SeparableBank(edges, SEPARABLE[name], channels, stride, options)
    if name == "skip" and stride > 1:
        return ReductionBank(edges, channels, options)
    return None

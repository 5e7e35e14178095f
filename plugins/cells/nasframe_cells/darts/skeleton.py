"""Where the cells of DARTS's networks and of its supernet stand, and what each reads; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasframe_cells.darts.options import SkeletonOptions

Kind = Literal["normal", "reduction"]


@dataclass(frozen=True)
class Place:
    """One cell of a network."""

    cell: Kind
    width: int
    """Filters of its operations."""
    before_last: int
    """Channels of the output before the last one."""
    last: int
    """Channels of the last output."""
    halved: bool
    """The output before the last has twice the resolution."""

    @property
    def stride(self) -> int:
        """Of the operations on its two inputs."""
        return 2 if self.cell == "reduction" else 1


@dataclass(frozen=True)
class Skeleton:
    """The cells in order, and what stands around them."""

    stem: tuple[int, int]
    """Channels of the two outputs that the first cell reads."""
    places: tuple[Place, ...]
    channels: int
    """Of the last cell's output."""
    auxiliary_after: int
    """The index of the cell after which an auxiliary head stands: the second reduction cell."""
    auxiliary_channels: int


def skeleton(options: SkeletonOptions, normal: int, reduction: int) -> Skeleton:
    """The network's or the supernet's.

    Args:
        normal: how many states a normal cell gives out.
        reduction: how many a reduction cell gives out.
    """
    imagenet = options.skeleton == "imagenet"
    stem = options.filters if imagenet else 3 * options.filters
    channels, halved, width = [stem, stem], imagenet, options.filters
    reductions = (options.cells // 3, 2 * options.cells // 3)
    found: list[Place] = []
    for number in range(options.cells):
        kind: Kind = "reduction" if number in reductions else "normal"
        width *= 2 if kind == "reduction" else 1
        found.append(Place(kind, width, channels[-2], channels[-1], halved))
        channels.append(width * (reduction if kind == "reduction" else normal))
        halved = kind == "reduction"
    after = reductions[1]
    return Skeleton((stem, stem), tuple(found), channels[-1], after, channels[after + len((stem, stem))])


def stages(places: tuple[Place, ...]) -> list[tuple[Kind, int, int]]:
    """Of each cell its kind, its stage (how many reductions are before it) and its number among its kind there."""
    found: list[tuple[Kind, int, int]] = []
    stage, number = 0, 0
    for place in places:
        if place.cell == "reduction":
            found.append(("reduction", stage, 0))
            stage, number = stage + 1, 0
        else:
            found.append(("normal", stage, number))
            number += 1
    return found

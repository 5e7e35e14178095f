"""Where the cells of a network stand, and what each reads: the rules of slim's NASNet and PNASNet, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

STAGES = 3
"""Of cells at one resolution; a reduction stands before each but the first."""
BEFORE_LAST = 2
"""How far back the output before the last one lies."""


@dataclass(frozen=True)
class Place:
    """One cell of a network."""

    cell: Literal["normal", "reduction"]
    width: int
    """Filters of its operations."""
    stride: int
    """1, or 2: it halves the resolution."""
    back: int | None
    """Which output it reads beside the last one: 2 the one before it, 3 the one before that; the stem's convolution is
    the first. None: there is none, and it reads the last output twice, once without a projection."""


def places(
    *, imagenet: bool, cells: int, filters: int, separate_reductions: bool, skip_reduction_input: bool
) -> list[Place]:
    """The cells in order.

    Args:
        imagenet: two reductions of a quarter and half of the filters come first.
        cells: N, in each stage.
        filters: F, of the first stage.
        separate_reductions: a reduction is a cell of its own between stages (NASNet, AmoebaNet); false: the first cell
            of a stage (PNAS).
        skip_reduction_input: the cell after a separate reduction reads not what the reduction read but the output
            before that.
    """
    found: list[Place] = []

    def add(stride: int, width: int, back: int = BEFORE_LAST) -> None:
        cell: Literal["normal", "reduction"] = "reduction" if stride == 2 else "normal"
        found.append(Place(cell, width, stride, back if found else None))

    for width in (filters // 4, filters // 2) if imagenet else ():
        add(2, width)
    for stage in range(STAGES):
        width = filters * 2**stage
        reduces = stage > 0
        if reduces and separate_reductions:
            add(2, width)
        for cell in range(cells):
            first = reduces and cell == 0
            skips = first and separate_reductions and skip_reduction_input
            add(2 if first and not separate_reductions else 1, width, BEFORE_LAST + skips)
    return found


def auxiliary_place(found: Sequence[Place]) -> int:
    """The index of the last cell before the last reduction, after which the auxiliary head stands."""
    return max(index for index, place in enumerate(found) if place.stride == 2) - 1

"""The stages of full-resolution residual networks (Tables 1 and 2 of the paper), without their layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nasframe_landmarks.options import Variant


class Stage(NamedTuple):
    """Units of one stride that follow each other."""

    units: int
    factor: int
    """Their channels as a multiple of the first unit's."""
    stride: int


STAGES: Mapping[Variant, tuple[Stage, ...]] = {
    "a": (
        Stage(3, 2, 2),
        Stage(4, 4, 4),
        Stage(2, 8, 8),
        Stage(2, 8, 16),
        Stage(2, 4, 8),
        Stage(2, 4, 4),
        Stage(2, 2, 2),
    ),
    "b": (
        Stage(3, 2, 2),
        Stage(4, 4, 4),
        Stage(2, 8, 8),
        Stage(2, 8, 16),
        Stage(2, 8, 32),
        Stage(2, 4, 16),
        Stage(2, 4, 8),
        Stage(2, 4, 4),
        Stage(2, 2, 2),
    ),
}


def coarsest(variant: Variant) -> int:
    """The largest stride; sides of images are multiples of it."""
    return max(stage.stride for stage in STAGES[variant])

"""The two disjoint halves of ``train``: one for weights, one for architecture parameters.

The paper halves at random by frame. Frames of a video resemble their neighbours, so a random halving leaks; whole
cities or blocks of neighbouring frames leak less (blocks only where two of them meet).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np

from nasframe import DataError
from nasframe.files.words import quantity
from nasframe_cityscapes.dataset import Frame

Halving = Literal["frame", "block", "city"]
Group = tuple[Frame, ...]


def halve(frames: Sequence[Frame], how: Halving, block: int, seed: int) -> tuple[Group, Group]:
    """Two disjoint parts of all frames, of sizes as equal as the groups allow; the first is never the smaller.

    Args:
        frames: sorted by name; the result depends on nothing else.
        how: what stays together.
        block: frames in a block, where ``how`` is ``block``.
        seed: draws which group goes where.

    Raises:
        DataError: there are not two groups.
    """
    groups = _groups(frames, how, block)
    if len(groups) < 2:
        raise DataError(_too_few(frames, how, block))
    order = np.random.default_rng([seed, 0x5711]).permutation(len(groups))
    chosen = _half([len(groups[index]) for index in order])
    smaller = {int(order[place]) for place in chosen}
    arch = [frame for index, group in enumerate(groups) if index in smaller for frame in group]
    weights = [frame for index, group in enumerate(groups) if index not in smaller for frame in group]
    return tuple(weights), tuple(arch)


def _groups(frames: Sequence[Frame], how: Halving, block: int) -> list[Group]:
    if how == "frame":
        return [(frame,) for frame in frames]
    cities = [tuple(members) for _, members in groupby(frames, key=lambda frame: frame.city)]
    if how == "city":
        return cities
    return [city[start : start + block] for city in cities for start in range(0, len(city), block)]


def _half(sizes: Sequence[int]) -> list[int]:
    """Places whose sizes sum up to as near half of the total from below as any do (subset sum, first found)."""
    half = sum(sizes) // 2
    # For every sum reached so far: the last place used, and the sum before it.
    reached: dict[int, tuple[int, int]] = {0: (-1, 0)}
    for place, size in enumerate(sizes):
        if half in reached:
            break
        new = [total for total in reached if total + size <= half and total + size not in reached]
        reached.update({total + size: (place, total) for total in new})
    total, places = max(reached), []
    while total:
        place, total = reached[total]
        places.append(place)
    return places


def _too_few(frames: Sequence[Frame], how: Halving, block: int) -> str:
    if how == "city" and len(frames) > 1:
        return (
            f"halves: city needs two cities, and train has only {frames[0].city!r}; use halves: block, which keeps "
            "neighbouring frames together"
        )
    if how == "block" and len(frames) > 1:
        return f"train is a single block of {quantity(len(frames), 'frame')}; choose a block smaller than {block}"
    return f"train has {quantity(len(frames), 'frame')}; two halves need two"

"""The two disjoint halves of ``train``, one for weights, one for architecture parameters; what of a split is set aside.

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
    return _parted(groups, len(frames) // 2, seed)


def set_aside(
    frames: Sequence[Frame], option: Literal["val_from_train", "holdout"], how: Halving, block: int, share: float
) -> tuple[Group, Group]:
    """What is left of a split, and about a share of it, in whole groups; one group at least on either side.

    Args:
        frames: sorted by name; the result depends on nothing else, so all seeds of an experiment report on the same.
        option: what asks for it, for messages.
        how: what stays together.
        block: frames in a block, where ``how`` is ``block``.
        share: of the frames, from 0 to 1.

    Raises:
        DataError: there are not two groups.
    """
    groups = _groups(frames, how, block)
    if len(groups) < 2:
        split, way_out = {
            "holdout": ("val", "name a split as holdout"),
            "val_from_train": ("train", "leave val_from_train out"),
        }[option]
        raise DataError(
            f"{option}: {share:g} needs two groups of halves: {how} in {split}, which is a single one of "
            f"{quantity(len(frames), 'frame')}; choose other halves, a smaller block, or {way_out}"
        )
    sizes = sorted(map(len, groups))
    return _parted(groups, min(max(round(share * len(frames)), sizes[0]), len(frames) - sizes[0]), seed=0)


def _parted(groups: Sequence[Group], most: int, seed: int) -> tuple[Group, Group]:
    """All other frames, and those of groups, drawn by the seed, with as near so many frames from below as can be."""
    order = np.random.default_rng([seed, 0x5711]).permutation(len(groups))
    chosen = {int(order[place]) for place in _places([len(groups[index]) for index in order], most)}
    inside = [frame for index, group in enumerate(groups) if index in chosen for frame in group]
    others = [frame for index, group in enumerate(groups) if index not in chosen for frame in group]
    return tuple(others), tuple(inside)


def _groups(frames: Sequence[Frame], how: Halving, block: int) -> list[Group]:
    if how == "frame":
        return [(frame,) for frame in frames]
    cities = [tuple(members) for _, members in groupby(frames, key=lambda frame: frame.city)]
    if how == "city":
        return cities
    return [city[start : start + block] for city in cities for start in range(0, len(city), block)]


def _places(sizes: Sequence[int], most: int) -> list[int]:
    """Places whose sizes sum up to as near ``most`` from below as any do (subset sum, first found)."""
    # For every sum reached so far: the last place used, and the sum before it.
    reached: dict[int, tuple[int, int]] = {0: (-1, 0)}
    for place, size in enumerate(sizes):
        if most in reached:
            break
        new = [total for total in reached if total + size <= most and total + size not in reached]
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

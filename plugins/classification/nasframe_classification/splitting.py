"""Which images are in which part: every class in every part, in the same shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasframe import DataError, Runtime, Split
from nasframe.files.faults import listing
from nasframe.files.words import quantity
from nasframe_classification.data_set import DataSet, Images, Indexes
from nasframe_classification.options import OFFICIAL, ClassificationOptions

A_FIFTH = 0.2
FIXED = (0, 0x5711)
"""What draws the parts that are the same whatever the experiment's seed."""


@dataclass(frozen=True)
class Parts:
    """The images that this phase gets, and which of them are in which part."""

    images: Images
    splits: dict[Split, Indexes]
    holdout: Indexes
    """What is set aside; empty: nothing, or a search asks, which never gets it."""
    selects: bool
    """Whether a search gets them that sees ``train`` alone: its ``train`` is ``weights``, its ``val`` is ``arch``."""


def part(found: DataSet, options: ClassificationOptions, runtime: Runtime) -> Parts:
    """Split a data set.

    ``val`` and a holdout that is a share of ``train`` are the same whatever the seed; the halves follow from it.

    Raises:
        DataError: a class has too few images for all parts, or a split of the user's has nothing of one.
    """
    _require_enough(found, options)
    images, places = _together(found)
    train = places["train"]
    holdout = np.array([], dtype=np.int64)
    aside = _aside(found, options)
    if isinstance(aside, str):
        holdout = places[aside]
    elif aside is not None:
        train, holdout = stratified(images.labels, train, aside, (*FIXED, 1))
    if isinstance(options.val, str):
        val = places[options.val]
    else:
        train, val = stratified(images.labels, train, options.val, (*FIXED, 2))
    weights, arch = halved(images.labels, train, runtime.seed)
    selects = runtime.phase == "search" and options.select_on == "arch"
    splits: dict[Split, Indexes] = {"weights": weights, "arch": arch, "train": train, "val": val}
    if selects:
        splits |= {"train": weights, "val": arch}
    searching = runtime.phase == "search"
    return Parts(images, splits, holdout[:0] if searching else holdout, selects)


def stratified(labels: Indexes, members: Indexes, share: float, key: Sequence[int]) -> tuple[Indexes, Indexes]:
    """All others, and about a share of each class among some images, in order; two images of a class at least stay.

    Args:
        labels: of all images.
        members: which of them are parted.
        key: draws which.
    """
    inside = np.zeros(len(labels), dtype=bool)
    for label, own in _by_class(labels, members):
        count = min(max(1, round(share * len(own))), len(own) - 2)
        order = np.random.default_rng([*key, label]).permutation(len(own))
        inside[own[order[:count]]] = True
    return members[~inside[members]], members[inside[members]]


def halved(labels: Indexes, members: Indexes, seed: int) -> tuple[Indexes, Indexes]:
    """Two halves of each class, in order; odd ones go to the first and the second in turn."""
    shuffled = [
        own[np.random.default_rng([seed, 0x5711, 0, label]).permutation(len(own))]
        for label, own in _by_class(labels, members)
    ]
    dealt = np.concatenate(shuffled)
    return np.sort(dealt[0::2]), np.sort(dealt[1::2])


def _by_class(labels: Indexes, members: Indexes) -> list[tuple[int, Indexes]]:
    own = labels[members]
    return [(int(label), members[own == label]) for label in np.unique(own)]


def _aside(found: DataSet, options: ClassificationOptions) -> float | str | None:
    """What is the holdout: a split of the data set's, a share of ``train``, or nothing."""
    if options.holdout != OFFICIAL:
        return options.holdout
    if "test" in found.splits:
        return "test"
    return A_FIFTH if options.data == "digits" else None


def _require_enough(found: DataSet, options: ClassificationOptions) -> None:
    """Raises: DataError: a part would have no image of a class."""
    shares = [
        name for name, one in (("val", options.val), ("holdout", _aside(found, options))) if isinstance(one, float)
    ]
    parts = ["weights", "arch", *shares]
    counts = np.bincount(found.splits["train"].labels, minlength=len(found.classes))
    few = [
        f"{name}: {quantity(int(count), 'image')}"
        for name, count in zip(found.classes, counts, strict=True)
        if count < len(parts)
    ]
    if few:
        raise DataError(
            listing(
                f"{quantity(len(few), 'class', 'classes')} with too few images in train; expected {len(parts)} at "
                f"least, one each for {', '.join(parts)}",
                few,
            )
        )


def _together(found: DataSet) -> tuple[Images, dict[str, Indexes]]:
    """All images of all splits, and the places of each split's."""
    parts = list(found.splits.values())
    places, begin = {}, 0
    for name, one in found.splits.items():
        places[name] = np.arange(begin, begin + len(one.labels), dtype=np.int64)
        begin += len(one.labels)
    if len(parts) == 1:
        return parts[0], places
    names = tuple(name for one in parts for name in one.names)
    pixels = np.concatenate([one.pixels for one in parts])
    return Images(pixels, np.concatenate([one.labels for one in parts]), names), places

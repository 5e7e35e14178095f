"""Where a data set lies, and the frames that were found there, checked and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from nasframe import DataError, Runtime, Split, Task
from nasframe.files.words import quantity
from nasframe_cityscapes.checks import check_frames, class_pixels, require_scored
from nasframe_cityscapes.classes import CLASSES
from nasframe_cityscapes.dataset import DUMMIES, Check, Frame, LabelKind, find_frames
from nasframe_cityscapes.inspection import UNREADABLE
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.split import halve, set_aside


@dataclass(frozen=True)
class Source:
    """A folder in the Cityscapes layout, and how to read it."""

    root: Path
    labels: LabelKind = "label_ids"
    check: Check = "all"


@dataclass(frozen=True)
class Frames:
    """The frames of a data set, each part sorted by name."""

    splits: dict[Split, tuple[Frame, ...]]
    measured: tuple[Frame, ...]
    """The frames of ``val`` that are scored."""
    selects: bool
    """Whether a search gets them that sees ``train`` alone: its ``train`` is ``weights``, its ``val`` is ``arch``."""
    holdout: tuple[Frame, ...]
    """What is set aside; empty: nothing, or a search asks, which never gets it."""
    size: tuple[int, int]
    """Height and width in pixels of the first frame of ``val``, as stored."""


def street_task(size: tuple[int, int]) -> Task:
    """The task of a network for streets. Args: size: height and width of what it sees of a whole image."""
    return Task(in_channels=3, num_classes=len(CLASSES), size=size)


def collect(source: Source, options: SegmentationOptions, runtime: Runtime) -> Frames:
    """Find, check and split the frames; those too that this phase does not get are checked.

    Raises:
        DataError: what is wrong with the data.
    """
    train = find_frames(source.root, "train", source.labels)
    if options.val_from_train is None:
        val = find_frames(source.root, "val", source.labels)
    else:
        train, val = set_aside(train, "val_from_train", options.halves, options.block, options.val_from_train)
    elsewhere = _holdout_split(source, options.holdout) if isinstance(options.holdout, str) else ()
    _require_apart([*train, *val], elsewhere, source)
    weights, arch = halve(train, options.halves, options.block, runtime.seed)
    watched, holdout = val, elsewhere
    if isinstance(options.holdout, float):
        watched, holdout = set_aside(val, "holdout", options.halves, options.block, options.holdout)
    selects = runtime.phase == "search" and options.select_on == "arch"
    splits: dict[Split, tuple[Frame, ...]] = {"weights": weights, "arch": arch, "train": train, "val": watched}
    if selects:
        splits |= {"train": weights, "val": arch}
    measured = evenly(splits["val"], options.val_frames)
    with_instances = [*measured, *holdout] if options.instance_iou else ()
    check_frames([*train, *val, *elsewhere], source.root, source.labels, source.check, with_instances)
    trained, scored = ("weights", "arch") if selects else ("train", "val")
    for part, frames in {trained: splits["train"], scored: measured, "holdout": holdout}.items():
        if frames:
            require_scored(part, frames, source.root, source.labels, source.check)
    kept = () if runtime.phase == "search" else holdout
    return Frames(splits, measured, selects, kept, _size(val[0]))


def _holdout_split(source: Source, name: str) -> tuple[Frame, ...]:
    """The frames of a split of the user's; Cityscapes' own ``test``, whose labels are dummies, is none."""
    frames = find_frames(source.root, name, source.labels, labelled_test=True)
    labelled = [frame for frame in frames if frame.label.is_file()]
    if name == "test" and labelled and not class_pixels(labelled[:3], source.root, source.labels).any():
        raise DataError(DUMMIES)
    return frames


def _require_apart(others: Sequence[Frame], holdout: Sequence[Frame], source: Source) -> None:
    """Raises: DataError: frames of another split are set aside."""
    names = {frame.stem for frame in others}
    if twice := [frame.stem for frame in holdout if frame.stem in names]:
        raise DataError(
            f"{quantity(len(twice), 'frame')} of the holdout in {source.root} can be found in train or val too, the "
            f"first is {twice[0]}; what the final score is measured on must be seen by nothing else"
        )


def evenly(frames: tuple[Frame, ...], count: int | None) -> tuple[Frame, ...]:
    """Some frames, evenly spaced, in order; None or more than there are: all."""
    if count is None or count >= len(frames):
        return frames
    middles = (np.arange(count) + 0.5) * len(frames) / count
    return tuple(frames[int(place)] for place in middles)


def _size(frame: Frame) -> tuple[int, int]:
    try:
        with Image.open(frame.image) as picture:
            return picture.height, picture.width
    except UNREADABLE as error:
        raise DataError(f"{frame.image} cannot be read: {error}") from error

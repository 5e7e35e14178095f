"""Where a data set lies, and the frames that were found there, checked and split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from nasframe import DataError, Split, Task
from nasframe_cityscapes.checks import check_frames
from nasframe_cityscapes.classes import CLASSES
from nasframe_cityscapes.dataset import Check, Frame, LabelKind, find_frames
from nasframe_cityscapes.inspection import UNREADABLE
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.split import halve


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
    size: tuple[int, int]
    """Height and width in pixels of the first frame of ``val``, as stored."""


def street_task(size: tuple[int, int]) -> Task:
    """The task of a network for streets. Args: size: height and width of what it sees of a whole image."""
    return Task(in_channels=3, num_classes=len(CLASSES), size=size)


def collect(source: Source, options: SegmentationOptions, seed: int) -> Frames:
    """Find, check and split the frames.

    Raises:
        DataError: what is wrong with the data.
    """
    train = find_frames(source.root, "train", source.labels)
    val = find_frames(source.root, "val", source.labels)
    measured = evenly(val, options.val_frames)
    with_instances = measured if options.instance_iou else ()
    check_frames([*train, *val], source.root, source.labels, source.check, with_instances)
    weights, arch = halve(train, options.halves, options.block, seed)
    splits: dict[Split, tuple[Frame, ...]] = {"weights": weights, "arch": arch, "train": train, "val": val}
    return Frames(splits, measured, _size(val[0]))


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

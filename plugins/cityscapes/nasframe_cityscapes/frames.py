"""Decoded frames, kept in memory as long as there is room, or in a folder."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt
from PIL import Image

from nasframe import DataError
from nasframe_cityscapes.classes import TO_TRAIN_ID
from nasframe_cityscapes.dataset import Frame, LabelKind
from nasframe_cityscapes.decoded import DecodedFrames
from nasframe_cityscapes.inspection import IMAGE_MODES, UNREADABLE, UPRIGHT, orientation, reason

Picture = npt.NDArray[np.uint8]


def read_image(path: Path, *, upright: bool = False) -> Image.Image:
    """An image in red, green and blue.

    Args:
        upright: turned as its EXIF orientation says, as viewers show it; False: as its pixels are stored.

    Raises:
        DataError: it cannot be read, or has more than 8 bits a channel.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode not in IMAGE_MODES:
                raise DataError(f"{path} is of the kind {picture.mode!r}; expected an image with 8 bits a channel")
            turn = UPRIGHT.get(orientation(picture)) if upright else None
            image = picture.convert("RGB")
            return image if turn is None else image.transpose(turn)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as an image: {reason(error)}") from error


def reduced(image: Image.Image, factor: int) -> Picture:
    """An image, (H, W, 3), with each box of pixels replaced by its mean; boxes cut by the border count."""
    return np.asarray(image.reduce(factor) if factor > 1 else image)


def read_instances(path: Path, size: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Instance ids, (H, W).

    Raises:
        DataError: the file cannot be read, or has another size than the label.
    """
    try:
        with Image.open(path) as picture:
            instances = np.asarray(picture).astype(np.int32)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {reason(error)}") from error
    if instances.shape != size:
        raise DataError(f"{path} has the shape {instances.shape}, its label {size}; they must be equal")
    return instances


@final
class FrameStore:
    """Reads images, reduced, and labels as train ids; safe to use from several threads.

    What is read first stays in memory until the room is used up; nothing is thrown out, since an epoch in random
    order gains nothing from the latest frames. With a folder for decoded frames nothing is kept but there: the system
    keeps in memory what it has room for.
    """

    def __init__(self, kind: LabelKind, reduce: int, room: int, folder: Path | None = None) -> None:
        """Args: kind: what the label files hold; reduce: divides width and height; room: bytes; folder: or None."""
        self._decoded = DecodedFrames(folder, f"{kind} {reduce}") if folder else None
        self._table = TO_TRAIN_ID[kind]
        self._reduce = reduce
        self._room = room
        self._kept: dict[tuple[str, bool], tuple[Picture, Picture]] = {}
        self._lock = threading.Lock()

    def load(self, frame: Frame, *, whole_label: bool = False) -> tuple[Picture, Picture]:
        """Image, (H, W, 3), and train ids, (H, W), which nobody may write to.

        Args:
            frame: what to read.
            whole_label: leave the label at its own size.

        Raises:
            DataError: a file cannot be read, or the two differ in size.
        """
        if self._decoded is not None:
            variant = "whole label" if whole_label else "reduced label"
            return self._decoded.load(frame, variant, lambda: self._read(frame, whole_label))
        key = (str(frame.image), whole_label)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        pair = self._read(frame, whole_label)
        size = pair[0].nbytes + pair[1].nbytes
        with self._lock:
            if key not in self._kept and size <= self._room:
                self._room -= size
                self._kept[key] = pair
        return pair

    def _read(self, frame: Frame, whole_label: bool) -> tuple[Picture, Picture]:
        image = read_image(frame.image)
        try:
            with Image.open(frame.label) as picture:
                label = self._table[np.asarray(picture)]
        except (*UNREADABLE, IndexError) as error:
            raise DataError(f"the label {frame.label} cannot be read: {reason(error)}") from error
        if label.shape != (image.height, image.width):
            raise DataError(
                f"{frame.label} has the shape {label.shape}, its image {(image.height, image.width)}: they must be "
                "equal, with one channel in the label"
            )
        if not whole_label:
            label = _nearest(label, self._reduce)
        return reduced(image, self._reduce), label


def _nearest(label: Picture, factor: int) -> Picture:
    """The label at the middle of each box; boxes cut by the border count, as in the image."""
    rows, columns = (np.minimum(np.arange(0, length, factor) + factor // 2, length - 1) for length in label.shape)
    return np.ascontiguousarray(label[np.ix_(rows, columns)])

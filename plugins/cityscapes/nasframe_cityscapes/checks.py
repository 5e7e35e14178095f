"""What may be wrong with a data set, found before any training and told all at once, by file name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasframe import DataError
from nasframe.files.words import quantity
from nasframe_cityscapes.classes import CLASSES, LABELS, TO_TRAIN_ID, VOID
from nasframe_cityscapes.dataset import Check, Frame, LabelKind, listing, missing_instances
from nasframe_cityscapes.inspection import IMAGE_MODES, Facts, inspect

ALLOWED: dict[LabelKind, frozenset[int]] = {
    "label_ids": frozenset(range(len(LABELS))),
    "train_ids": frozenset([*range(len(CLASSES)), VOID]),
}


def check_frames(frames: Sequence[Frame], root: Path, kind: LabelKind, check: Check) -> None:
    """Look at every file of some frames.

    Args:
        frames: of one or more splits.
        root: the data set's folder; the files are named relative to it.
        kind: what the labels hold.
        check: ``all`` decodes every file; ``headers`` compares sizes and kinds; ``none`` looks at nothing.

    Raises:
        DataError: names up to 20 faulty files and how many there are.
    """
    if check == "none":
        return
    decode = check == "all"
    images = inspect([frame.image for frame in frames], root, decode=decode)
    labels = inspect([frame.label for frame in frames], root, decode=decode)
    faults = [
        f"{path.relative_to(root)}: {fault}"
        for frame in frames
        for path, fault in _faults(frame, images[frame.image], labels[frame.label], kind)
    ]
    if faults:
        raise DataError(listing(f"{quantity(len(faults), 'file')} of {root} cannot be used", faults))
    if decode:
        _check_together(labels.values(), root, kind)


def check_instances(frames: Sequence[Frame], root: Path) -> None:
    """See that frames have instance ids.

    Raises:
        DataError: some have not; names them.
    """
    missing = [str(path.relative_to(root)) for path in missing_instances(frames)]
    if missing:
        headline = (
            f"instance_iou needs instance ids, and {root} lacks {len(missing)} of {quantity(len(frames), 'such file')}"
        )
        raise DataError(listing(headline, missing))


def class_pixels(frames: Sequence[Frame], root: Path, kind: LabelKind) -> npt.NDArray[np.int64]:
    """How many pixels of some frames have each of the 19 classes, shape (19,)."""
    return _pixels(inspect([frame.label for frame in frames], root, decode=True).values(), kind)[: len(CLASSES)]


def _faults(frame: Frame, image: Facts, label: Facts, kind: LabelKind) -> Iterator[tuple[Path, str]]:
    """What is wrong with the two files of a frame."""
    if image.fault is not None:
        yield frame.image, f"cannot be read ({image.fault})"
    elif image.mode not in IMAGE_MODES:
        yield frame.image, f"is of the kind {image.mode!r}; an image has 8 bits a channel"
    if label.fault is not None:
        yield frame.label, f"cannot be read ({label.fault})"
        return
    if label.mode != "L":
        yield frame.label, f"{_wrong_kind(label.mode)}; a label has one 8-bit channel that holds ids"
    if image.fault is None and (image.width, image.height) != (label.width, label.height):
        sizes = f"{label.width}x{label.height}, its image {image.width}x{image.height} (width x height)"
        yield frame.label, f"is {sizes}; they must be equal"
    stray = sorted(set(label.counts) - ALLOWED[kind])
    if stray:
        yield frame.label, _stray(stray, set(label.counts), kind)


def _wrong_kind(mode: str) -> str:
    if mode == "P":
        return "is a palette picture"
    if mode.startswith("I"):
        return "holds more than 8 bits a pixel (an instanceIds file?)"
    return f"is a colour picture of the kind {mode!r} (a _color.png file?)"


def _stray(stray: Sequence[int], ids: set[int], kind: LabelKind) -> str:
    """Which ids may not be there, and a guess at the reason."""
    shown = ", ".join(map(str, stray[:8])) + (", …" if len(stray) > 8 else "")
    if kind == "label_ids":
        is_train = stray == [VOID] and ids <= ALLOWED["train_ids"]
        guess = (
            "a train-id file? Such files are named *_labelTrainIds.png and want labels: train_ids"
            if is_train
            else "resized with interpolation?"
        )
        return f"holds the ids {shown}; label ids are 0 to {len(LABELS) - 1} ({guess})"
    is_label = ids <= ALLOWED["label_ids"]
    guess = (
        "a label-id file? Such files are named *_labelIds.png and want labels: label_ids"
        if is_label
        else "resized with interpolation?"
    )
    return f"holds the ids {shown}; train ids are 0 to {len(CLASSES) - 1}, and {VOID} for void ({guess})"


def _check_together(labels: Iterable[Facts], root: Path, kind: LabelKind) -> None:
    """What no single file shows: a set without scored pixels, or train ids that look like label ids.

    Raises:
        DataError: it is so.
    """
    counts = list(labels)
    pixels = _pixels(counts, kind)
    void = pixels[VOID] / pixels.sum()
    highest = max(max(facts.counts) for facts in counts)
    if kind == "label_ids" and void > 0.5 and highest < len(CLASSES):
        raise DataError(
            f"the labels of {root} hold no id above {highest}, and read as label ids {void:.0%} of their pixels are "
            "void: they look like train ids; if so, name them *_labelTrainIds.png and set labels: train_ids"
        )
    if void == 1:
        raise DataError(f"no pixel of the labels of {root} is of a scored class: they look like dummies")


def _pixels(labels: Iterable[Facts], kind: LabelKind) -> npt.NDArray[np.int64]:
    """Pixels by train id, shape (256,)."""
    pixels = np.zeros(256, dtype=np.int64)
    for facts in labels:
        for stored, count in facts.counts.items():
            pixels[TO_TRAIN_ID[kind][stored]] += count
    return pixels

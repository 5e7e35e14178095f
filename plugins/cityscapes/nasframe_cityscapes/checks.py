"""What may be wrong with a data set, found before any training and told all at once, by file name."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasframe import DataError
from nasframe.files.faults import FileFault, message
from nasframe.files.words import quantity
from nasframe_cityscapes.classes import CLASSES, LABELS, TO_TRAIN_ID, VOID
from nasframe_cityscapes.dataset import IMAGE_SUFFIX, STEM, Check, Frame, LabelKind, missing_instances
from nasframe_cityscapes.inspection import IMAGE_MODES, Facts, inspect

ALLOWED: dict[LabelKind, frozenset[int]] = {
    "label_ids": frozenset(range(len(LABELS))),
    "train_ids": frozenset([*range(len(CLASSES)), VOID]),
}


def check_frames(
    frames: Sequence[Frame], root: Path, kind: LabelKind, check: Check, instances: Sequence[Frame] = ()
) -> None:
    """See that the labels of some frames are there, and look at every file.

    Args:
        frames: of one or more splits.
        root: the data set's folder; the files are named relative to it.
        kind: what the labels hold.
        check: ``all`` decodes every file; ``headers`` compares sizes and kinds; ``none`` opens none.
        instances: those of the frames that need instance ids.

    Raises:
        DataError: all that is wrong, each kind with some files and how many there are.
    """
    labelled = {frame.label for frame in frames if frame.label.is_file()}
    absent = _absent(frames, labelled, root, instances)
    # Where no label is found at all the names are not as expected, and minutes of decoding would tell no more.
    opened = frames if labelled and check != "none" else ()
    images = inspect([frame.image for frame in opened], root, decode=check == "all")
    labels = inspect([frame.label for frame in opened if frame.label in labelled], root, decode=check == "all")
    faults = [
        FileFault(str(path.relative_to(root)), wrong, text)
        for frame in opened
        for path, wrong, text in _faults(frame, images[frame.image], labels.get(frame.label), kind)
    ]
    if faults or any(absent.values()):
        raise DataError(message(f"of {root} cannot be used", absent, faults))
    if check == "all":
        _check_together(labels.values(), root, kind)


def _absent(
    frames: Sequence[Frame], labelled: Container[Path], root: Path, instances: Sequence[Frame]
) -> dict[str, list[str]]:
    """The names of files that are not there under the names that they should have, by headline."""
    odd = [str(frame.image.relative_to(root)) for frame in frames if STEM.fullmatch(frame.stem) is None]
    labels = [str(frame.label.relative_to(root)) for frame in frames if frame.label not in labelled]
    ids = [str(path.relative_to(root)) for path in missing_instances(instances)]
    of_labels = f"{len(labels)} of {quantity(len(frames), 'image')}"
    of_ids = f"{len(ids)} of {quantity(len(instances), 'such file')}"
    return {
        f"{root} holds images whose names are not CITY_000000_000019{IMAGE_SUFFIX}": odd,
        f"{root} lacks the labels of {of_labels}": labels,
        f"instance_iou needs instance ids, and {root} lacks {of_ids}": ids,
    }


def class_pixels(frames: Sequence[Frame], root: Path, kind: LabelKind) -> npt.NDArray[np.int64]:
    """How many pixels of some frames have each of the 19 classes, shape (19,)."""
    return _pixels(inspect([frame.label for frame in frames], root, decode=True).values(), kind)[: len(CLASSES)]


def require_scored(part: str, frames: Sequence[Frame], root: Path, kind: LabelKind, check: Check) -> None:
    """See that some pixel of some frames is of a scored class: without one there is nothing to learn or to score.

    Args:
        part: what the frames are for, for the message.
        check: where it is not ``all``, labels are decoded until there is such a pixel, so mostly one.

    Raises:
        DataError: there is none.
    """
    groups = [frames] if check == "all" else [[frame] for frame in frames]
    if not any(class_pixels(group, root, kind).any() for group in groups):
        raise DataError(
            f"no pixel of the labels of {part} in {root} is of a scored class ({quantity(len(frames), 'frame')}, the "
            f"first is {frames[0].stem}), so that there is nothing to learn or to score: all of them are void. Are "
            "these dummies, or do their ids mean something else (see the option labels)?"
        )


def _faults(frame: Frame, image: Facts, label: Facts | None, kind: LabelKind) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with the two files of a frame, of which the label may be absent."""
    if image.fault is not None:
        yield frame.image, "unreadable", f"cannot be read ({image.fault})"
    elif image.mode not in IMAGE_MODES:
        yield frame.image, "wrong kind of picture", f"is of the kind {image.mode!r}; an image has 8 bits a channel"
    elif image.orientation != 1:
        text = f"is marked to be shown turned (EXIF orientation {image.orientation}), its label is not; turn its pixels"
        yield frame.image, "turned", f"{text}, or remove the mark"
    if label is None:
        return
    if label.fault is not None:
        yield frame.label, "unreadable", f"cannot be read ({label.fault})"
        return
    if label.mode != "L":
        yield frame.label, "wrong kind of picture", f"{_wrong_kind(label.mode)}; a label has one 8-bit channel of ids"
    if image.fault is None and (image.width, image.height) != (label.width, label.height):
        sizes = f"{label.width}x{label.height}, its image {image.width}x{image.height} (width x height)"
        yield frame.label, "wrong size", f"is {sizes}; they must be equal"
    stray = sorted(set(label.counts) - ALLOWED[kind])
    if stray:
        yield frame.label, "wrong ids", _stray(stray, set(label.counts), kind)


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

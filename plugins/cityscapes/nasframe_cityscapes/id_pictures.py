"""Scoring label-id pictures that anyone made, by the rules of the official script."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt
from PIL import Image

from nasframe import DataError, Evaluation, Progressing
from nasframe.files.faults import FileFault, message
from nasframe.files.words import quantity
from nasframe.training.reading import ahead
from nasframe_cityscapes.checks import ALLOWED
from nasframe_cityscapes.classes import CLASSES, LABELS, TO_LABEL_ID
from nasframe_cityscapes.dataset import Frame, LabelKind, find_labels, missing_instances
from nasframe_cityscapes.frames import Picture, read_instances
from nasframe_cityscapes.inspection import UNREADABLE, reason
from nasframe_cityscapes.instances import InstanceCounts, instance_scores
from nasframe_cityscapes.results import evaluation, sizes_text
from nasframe_cityscapes.scoring import confusion, scored

WORKERS = 2
"""Threads that read ahead."""


@dataclass(frozen=True)
class Truth:
    """The labels that pictures are scored against."""

    root: Path
    split: str
    kind: LabelKind = "label_ids"


def score_pictures(truth: Truth, folder: Path, progressing: Progressing) -> Evaluation:
    """The score of a folder of label-id pictures: one for each labelled frame of a split.

    The instance score is there if all frames have instance ids.

    Raises:
        DataError: the split has no labels; a frame has no picture or several; pictures are not what they should be:
            all that is wrong, each kind with some names and how many there are.
    """
    frames = find_labels(truth.root, truth.split, truth.kind)
    pictures, unmatched = match(frames, folder)
    lacking = len(missing_instances(frames))
    count = _Count(truth.kind, InstanceCounts() if lacking == 0 else None)

    def load(index: int) -> _Loaded:
        frame = frames[index]
        path = pictures.get(frame)
        return _Loaded(frame, _read(frame.label, truth.kind), path, None if path is None else _read(path, "label_ids"))

    for done, loaded in enumerate(ahead(load, range(len(frames)), WORKERS), 1):
        count.add(loaded)
        progressing(done, len(frames))
    if unmatched or count.faults:
        headline = (
            f"{folder} must hold exactly one file for each of the {quantity(len(frames), 'frame')}, whose name begins "
            f"with the frame's; for {len(unmatched)} there is none, or several"
        )
        raise DataError(message("cannot be scored", {headline: unmatched}, count.faults))
    conditions = {"label_size": sizes_text(count.sizes), "with_instance_ids": len(frames) - lacking}
    if count.highest < len(CLASSES):
        conditions["remark"] = f"no predicted id is above {count.highest}: are these train ids? Label ids are expected"
    instance = None if count.instances is None else instance_scores(count.instances, count.whole)
    return evaluation(scored(count.whole), len(frames), instance, conditions)


def match(frames: Sequence[Frame], folder: Path) -> tuple[dict[Frame, Path], list[str]]:
    """For each frame the PNG file anywhere below a folder whose name begins with the frame's.

    Returns:
        The files, and a line for each frame that has none or several.

    Raises:
        DataError: the folder is not there.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; expected the one that holds the predicted label-id pictures")
    files = sorted(folder.rglob("*.png"), key=lambda path: (path.name, path))
    names = [path.name for path in files]
    found, faults = {}, []
    for frame in frames:
        first = last = bisect_left(names, frame.stem)
        while last < len(names) and names[last].startswith(frame.stem):
            last += 1
        if last == first + 1:
            found[frame] = files[first]
        else:
            shown = ", ".join(str(path.relative_to(folder)) for path in files[first:last])
            faults.append(f"{frame.stem}*.png: {shown or 'no such file'}")
    return found, faults


@dataclass(frozen=True)
class _Loaded:
    """What was read of a frame; a picture that is not as it should be is a fault."""

    frame: Frame
    label: Picture | FileFault
    path: Path | None
    """Of the picture; None: the frame has none, or several."""
    picture: Picture | FileFault | None


@final
@dataclass
class _Count:
    """What was counted so far, and what is wrong with files."""

    kind: LabelKind
    instances: InstanceCounts | None
    whole: np.ndarray = field(default_factory=lambda: np.zeros((len(LABELS), len(LABELS) + 1), dtype=np.int64))
    sizes: set[tuple[int, int]] = field(default_factory=set)
    highest: int = 0
    """The highest predicted id."""
    faults: list[FileFault] = field(default_factory=list)

    def add(self, loaded: _Loaded) -> None:
        """Count one frame, or note all that is wrong with its files."""
        label, picture = loaded.label, loaded.picture
        self.faults += [found for found in (label, picture) if isinstance(found, FileFault)]
        if isinstance(label, FileFault):
            return
        size = label.shape[0], label.shape[1]
        instances = self._instances_of(loaded.frame, size)
        if picture is None or isinstance(picture, FileFault):
            return
        if picture.shape != size:
            shown = f"{picture.shape[1]}x{picture.shape[0]}, its label {size[1]}x{size[0]} (width x height)"
            text = f"is {shown}; enlarge the prediction, never reduce the label"
            self.faults.append(FileFault(str(loaded.path), "wrong size", text))
            return
        self.sizes.add(size)
        self.highest = max(self.highest, int(picture.max()))
        truth = TO_LABEL_ID[label] if self.kind == "train_ids" else label
        self.whole += confusion(truth, picture, len(LABELS))
        if self.instances is not None and instances is not None:
            self.instances.add(instances, picture)

    def _instances_of(self, frame: Frame, size: tuple[int, int]) -> npt.NDArray[np.int32] | None:
        """A frame's instance ids; None: they are not wanted or cannot be used."""
        if self.instances is None:
            return None
        try:
            return read_instances(frame.instances, size)
        except DataError as error:
            text = str(error).removeprefix(f"{frame.instances} ")
            self.faults.append(FileFault(str(frame.instances), "wrong instance ids", text))
            return None


def _read(path: Path, kind: LabelKind) -> Picture | FileFault:
    """The ids in a picture file, (H, W), or what is wrong with it."""
    try:
        with Image.open(path) as picture:
            mode, ids = picture.mode, np.asarray(picture)
    except UNREADABLE as error:
        return FileFault(str(path), "unreadable", f"cannot be read ({reason(error)})")
    if mode not in ("L", "P"):
        text = f"is a picture of the kind {mode!r}; expected one 8-bit channel that holds ids"
        return FileFault(str(path), "wrong kind of picture", text)
    stray = sorted(set(np.flatnonzero(np.bincount(ids.ravel())).tolist()) - ALLOWED[kind])
    if stray:
        shown = ", ".join(map(str, stray[:8])) + (", …" if len(stray) > 8 else "")
        words = {
            "label_ids": "label ids are 0 to 33; are these train ids, or was it resized with interpolation?",
            "train_ids": "train ids are 0 to 18, and 255 for void; are these label ids?",
        }
        return FileFault(str(path), "wrong ids", f"holds the ids {shown}; {words[kind]}")
    return ids

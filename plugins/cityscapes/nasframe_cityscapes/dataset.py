"""The Cityscapes layout on disk: finding frames and pairing images with labels.

root/leftImg8bit/{train,val}/<city>/<city>_<sequence>_<frame>_leftImg8bit.png
root/gtFine/{train,val}/<city>/<city>_<sequence>_<frame>_gtFine_labelIds.png
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nasframe import DataError

LabelKind = Literal["label_ids", "train_ids"]
Check = Literal["all", "headers", "none"]
SUFFIX: dict[LabelKind, str] = {
    "label_ids": "_gtFine_labelIds.png",
    "train_ids": "_gtFine_labelTrainIds.png",
}
USABLE = ("train", "val")
"""The splits with labels; an experiment reads both."""
IMAGE_SUFFIX = "_leftImg8bit.png"
INSTANCE_SUFFIX = "_gtFine_instanceIds.png"
DUMMIES = (
    "the labels of Cityscapes' split 'test' are dummies (no class is marked in them), so nothing can be trained or "
    "scored on it; use 'train' or 'val'"
)
STEM = re.compile(r"(?P<city>.+)_\d{6}_\d{6}")
LAYOUT = (
    "the layout is ROOT/leftImg8bit/{train,val}/CITY/CITY_000000_000019_leftImg8bit.png with "
    "ROOT/gtFine/{train,val}/CITY/CITY_000000_000019_gtFine_labelIds.png (leftImg8bit_trainvaltest.zip and "
    "gtFine_trainvaltest.zip of Cityscapes, unpacked into one folder)"
)


@dataclass(frozen=True, order=True)
class Frame:
    """One image with its label; ordered by city, sequence and frame number."""

    city: str
    stem: str
    """The file name up to the frame number, like ``aachen_000000_000019``."""
    image: Path
    label: Path

    @property
    def instances(self) -> Path:
        """Where the frame's instance ids would lie."""
        return self.label.with_name(self.stem + INSTANCE_SUFFIX)


def find_frames(
    root: Path, split: str, kind: LabelKind = "label_ids", *, labelled_test: bool = False
) -> tuple[Frame, ...]:
    """The frames of a split, sorted by name, so that they are the same on every machine; their labels may lack.

    Args:
        labelled_test: whether a split called ``test`` may have labels, as one's own has.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    if split == "test" and not labelled_test:
        raise DataError(DUMMIES)
    folder = root / "gtFine" / split
    return tuple(sorted(_imaged(image, folder, SUFFIX[kind]) for image in find_images(root, split)))


def _imaged(image: Path, labels: Path, suffix: str) -> Frame:
    stem, city = image.name.removesuffix(IMAGE_SUFFIX), image.parent.name
    return Frame(city, stem, image, labels / city / (stem + suffix))


def find_labels(root: Path, split: str, kind: LabelKind = "label_ids") -> tuple[Frame, ...]:
    """The labelled frames of a split, sorted by name; their images need not be there.

    Raises:
        DataError: there is no such folder, or no label in it.
    """
    if split == "test":
        raise DataError(DUMMIES)
    folder = root / "gtFine" / split
    labels = [path for path in folder.glob(f"*/*{SUFFIX[kind]}") if not path.name.startswith(".")]
    if not labels:
        raise DataError(f"{folder} holds no */*{SUFFIX[kind]}; {LAYOUT}")
    return tuple(sorted(_labelled(label, root / "leftImg8bit" / split, SUFFIX[kind]) for label in labels))


def _labelled(label: Path, images: Path, suffix: str) -> Frame:
    stem, city = label.name.removesuffix(suffix), label.parent.name
    return Frame(city, stem, images / city / (stem + IMAGE_SUFFIX), label)


def missing_instances(frames: Sequence[Frame]) -> list[Path]:
    """The instance files that are not there."""
    return [frame.instances for frame in frames if not frame.instances.is_file()]


def find_images(root: Path, split: str) -> list[Path]:
    """The images of a split, with labels or without, sorted by name.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    folder = root / "leftImg8bit" / split
    if not os.path.isdir(folder):
        raise DataError(f"{_found(root, split)}; {LAYOUT}")
    _require_readable(folder)
    # macOS leaves files like ._aachen_… beside real ones when it unpacks.
    images = [path for path in folder.glob(f"*/*{IMAGE_SUFFIX}") if not path.name.startswith(".")]
    if not images:
        raise DataError(f"{folder} holds no */*{IMAGE_SUFFIX}; {LAYOUT}")
    return sorted(images)


def _require_readable(folder: Path) -> None:
    """See that a split's folder and those in it can be read: a search for names passes over others without a word.

    Raises:
        DataError: one cannot.
    """
    inside = folder.iterdir() if os.access(folder, os.R_OK | os.X_OK, effective_ids=True) else ()
    for place in (folder, *inside):
        rights = os.R_OK | os.X_OK if place.is_dir() else os.R_OK
        if not os.access(place, rights, effective_ids=True):
            raise DataError(f"{place} cannot be read (Permission denied); give the right to read it and what it holds")


def _found(root: Path, split: str) -> str:
    """What is there instead of a split's folder."""
    if not os.path.exists(root):
        return f"the data folder {root} does not exist"
    if not root.is_dir():
        return f"{root} is a file, not the folder of a data set"
    inside = sorted(path.name for path in root.iterdir())
    nested = [name for name in inside if (root / name / "leftImg8bit").is_dir()]
    if nested:
        return f"{root} holds no leftImg8bit, but {root / nested[0]} does: give that folder as root"
    shown = ", ".join(inside[:8]) + (", …" if len(inside) > 8 else "") if inside else "nothing"
    wanted = USABLE if split in USABLE else (split,)
    absent = [name for name in wanted if name == split or not (root / "leftImg8bit" / name).is_dir()]
    return f"{root} holds no {' and no '.join(f'leftImg8bit/{name}' for name in absent)}; it holds {shown}"

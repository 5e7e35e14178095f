"""Images in folders: ``train/CLASS/*.png``, and the same beside ``train`` for what else is scored."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from nasframe import DataError
from nasframe.files.faults import FileFault, message
from nasframe.files.fingerprints import fingerprint_of
from nasframe.files.words import quantity
from nasframe.training.reading import ahead
from nasframe_classification.data_set import DataSet, Images, Pixels
from nasframe_classification.fitting import fitted, require_room
from nasframe_classification.options import OFFICIAL, ClassificationOptions

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"})
UNREADABLE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What pillow raises for a broken file."""


class _Read(NamedTuple):
    pixels: Pixels | None
    """None: it cannot be used."""
    text: str
    """Why, or else what identifies the file."""


def read_folders(root: Path, options: ClassificationOptions) -> DataSet:
    """Find, decode and check all images; each is brought to the options' size.

    Raises:
        DataError: all that is missing or wrong, by file.
    """
    names = _splits(root, options)
    classes = _classes(root / "train")
    faults: list[FileFault] = []
    files = {name: _files(root / name, classes, faults, needs_all=name == "train") for name in names}
    require_room(sum(map(len, files.values())), options)
    splits: dict[str, Images] = {}
    fingerprint: dict[str, str] = {}
    for name, found in files.items():
        pixels: list[Pixels] = []
        read = ahead(partial(_decoded, found, options), range(len(found)), options.workers)
        for path, one in zip(found, read, strict=True):
            shown = path.relative_to(root).as_posix()
            if one.pixels is None:
                faults.append(FileFault(shown, "unreadable", one.text))
            else:
                pixels.append(one.pixels)
                fingerprint[shown] = one.text
        if len(pixels) == len(found) and found:
            labels = np.array([classes.index(path.parent.name) for path in found], dtype=np.int64)
            shown_names = tuple(path.relative_to(root).as_posix() for path in found)
            splits[name] = Images(np.stack(pixels), labels, shown_names)
    if faults:
        raise DataError(message("cannot be used", {}, faults))
    return DataSet(splits, classes, fingerprint, {})


def _splits(root: Path, options: ClassificationOptions) -> list[str]:
    """``train`` and what the options name.

    Raises:
        DataError: a folder is not there, or two parts are to be the same one.
    """
    if not root.is_dir():
        raise DataError(f"there is no folder {root}; expected one with train/CLASS/*.png")
    asked = {"val": options.val, "holdout": options.holdout}
    if asked["holdout"] == OFFICIAL:
        asked["holdout"] = "test" if (root / "test").is_dir() else None
    named = {option: name for option, name in asked.items() if isinstance(name, str)}
    missing = [f"{root / name} ({option}: {name})" for option, name in named.items() if not (root / name).is_dir()]
    if not (root / "train").is_dir():
        missing.insert(0, str(root / "train"))
    if missing:
        raise DataError(f"{quantity(len(missing), 'folder')} of images missing: {', '.join(missing)}")
    folders = [root / "train", *(root / name for name in named.values())]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise DataError(f"train, val and holdout are not three folders: {', '.join(map(str, folders))}")
    return ["train", *named.values()]


def _classes(folder: Path) -> tuple[str, ...]:
    """Raises: DataError: there are not two."""
    found = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(found) < 2:
        raise DataError(
            f"{folder} has {quantity(len(found), 'folder')} of a class{f', {found[0]}' if found else ''}; expected "
            "two or more, each with the images of one class"
        )
    return tuple(found)


def _files(folder: Path, classes: tuple[str, ...], faults: list[FileFault], *, needs_all: bool) -> list[Path]:
    """The images of a split, by class and name; what is no image is noted, hidden files apart."""
    images = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        shown = f"{folder.name}/{place.name}"
        if place.name not in classes:
            faults.append(FileFault(shown, "wrong class", "it is not among those of train"))
            continue
        inside = sorted(path for path in place.iterdir() if not path.name.startswith("."))
        found = [path for path in inside if path.suffix.lower() in SUFFIXES and path.is_file()]
        strange = [path for path in inside if path not in set(found)]
        faults += [
            FileFault(f"{shown}/{path.name}", "no image", "by its name; expected .png, .jpg, …") for path in strange
        ]
        if needs_all and not found:
            faults.append(FileFault(shown, "empty class", "no images; expected some"))
        images += found
    if not images and not faults:
        faults.append(FileFault(folder.name, "empty split", "no images; expected folders of classes with some"))
    return images


def _decoded(paths: Sequence[Path], options: ClassificationOptions, place: int) -> _Read:
    """One of some images. Never raises: one broken file must not hide another."""
    try:
        content = paths[place].read_bytes()
        with Image.open(io.BytesIO(content)) as opened:
            upright = ImageOps.exif_transpose(opened)
            pixels = fitted(upright.convert("L" if options.channels == 1 else "RGB"), options)
    except DataError as error:
        return _Read(None, str(error))
    except UNREADABLE as error:
        return _Read(None, str(error) or type(error).__name__)
    return _Read(pixels, fingerprint_of(len(content), hashlib.sha256(content).hexdigest()))

"""CIFAR-10 and CIFAR-100 as they come: the "python version", pickled batches (Krizhevsky, 2009)."""

from __future__ import annotations

import hashlib
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from nasframe import DataError
from nasframe.errors import listed
from nasframe.files.faults import FileFault, message
from nasframe.files.fingerprints import fingerprint_of
from nasframe.files.words import quantity
from nasframe_classification.data_set import DataSet, Images, Indexes, Pixels
from nasframe_classification.fitting import all_fitted
from nasframe_classification.options import ClassificationOptions
from nasframe_classification.plain_pickles import MOST_BYTES, read_plain_pickle

VALUES = 3 * 32 * 32
"""Bytes of an image: red, green and blue, each row by row."""


@dataclass(frozen=True)
class Layout:
    """How one of the two is stored."""

    folder: str
    splits: dict[str, tuple[str, ...]]
    meta: str
    labels: bytes
    names: bytes
    classes: int
    whole: dict[str, int]


LAYOUTS = {
    "cifar10": Layout(
        "cifar-10-batches-py",
        {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)},
        "batches.meta",
        b"labels",
        b"label_names",
        10,
        {"train": 50_000, "test": 10_000},
    ),
    "cifar100": Layout(
        "cifar-100-python",
        {"train": ("train",), "test": ("test",)},
        "meta",
        b"fine_labels",
        b"fine_label_names",
        100,
        {"train": 50_000, "test": 10_000},
    ),
}


class _Batch(NamedTuple):
    pixels: Pixels
    labels: Indexes


def read_cifar(root: Path, kind: Literal["cifar10", "cifar100"], options: ClassificationOptions) -> DataSet:
    """Read and check all batches.

    Raises:
        DataError: all that is missing or wrong, by file.
    """
    layout = LAYOUTS[kind]
    folder = root / layout.folder if (root / layout.folder).is_dir() else root
    if not folder.is_dir():
        raise DataError(f"there is no folder {root}; expected the one with {layout.folder}, as {kind} is unpacked")
    wanted = [layout.meta, *(name for names in layout.splits.values() for name in names)]
    missing = [name for name in wanted if not (folder / name).is_file()]
    faults: list[FileFault] = []
    files: dict[str, str] = {}
    contents = {name: _content(folder / name, files, faults) for name in wanted if name not in missing}
    classes = _classes(contents.get(layout.meta), layout, faults)
    batches = {name: _batch(name, found, layout, faults) for name, found in contents.items() if name != layout.meta}
    if missing or faults:
        absent = {f"{quantity(len(missing), 'file')} of {kind} missing in {folder}": missing}
        raise DataError(message("cannot be used", absent, faults))
    splits = {split: _joined(names, batches, options) for split, names in layout.splits.items()}
    return DataSet(splits, classes, files, layout.whole)


def _content(path: Path, files: dict[str, str], faults: list[FileFault]) -> dict[bytes, Any]:
    """What a file holds, by texts as bytes; notes what identifies it, or why it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{quantity(path.stat().st_size, 'byte')}; expected at most {MOST_BYTES:,}")
        content = path.read_bytes()
        files[path.name] = fingerprint_of(len(content), hashlib.sha256(content).hexdigest())
        found = read_plain_pickle(content)
    except (DataError, OSError) as error:
        faults.append(FileFault(path.name, "unreadable", str(error)))
        return {}
    if not isinstance(found, dict):
        faults.append(FileFault(path.name, "wrong content", f"a {type(found).__name__}; expected a dict"))
        return {}
    return {key.encode() if isinstance(key, str) else key: value for key, value in found.items()}


def _classes(found: dict[bytes, Any] | None, layout: Layout, faults: list[FileFault]) -> tuple[str, ...]:
    """The names of the classes; none where they are noted as a fault."""
    if not found:
        return ()
    names = found.get(layout.names)
    given = names if isinstance(names, list) else []
    texts = [one.decode("utf-8", "replace") if isinstance(one, bytes) else reprlib.repr(one) for one in given]
    if len(texts) != layout.classes or len(set(texts)) != len(texts):
        text = f"{quantity(len(texts), 'name')} in {layout.names.decode()}; expected {layout.classes} different ones"
        faults.append(FileFault(layout.meta, "wrong content", text))
    return tuple(texts)


def _batch(name: str, found: dict[bytes, Any], layout: Layout, faults: list[FileFault]) -> _Batch | None:
    """A batch; None where something is wrong with it, which is noted."""
    if not found:
        return None
    pixels, labels = found.get(b"data"), found.get(layout.labels)
    key = layout.labels.decode()
    if not isinstance(pixels, np.ndarray) or not isinstance(labels, list):
        has = listed(sorted(str(one.decode("utf-8", "replace") if isinstance(one, bytes) else one) for one in found))
        text = f"has {has}; expected an array 'data' and a list {key!r}"
        faults.append(FileFault(name, "wrong content", text))
        return None
    wrong = []
    if pixels.ndim != 2 or pixels.shape[1] != VALUES or not len(pixels):
        wrong.append(f"data of the shape {pixels.shape}; expected (images, {VALUES}), 32x32 pixels of 3 colours")
    elif len(labels) != len(pixels):
        wrong.append(f"{quantity(len(labels), 'label')} for {quantity(len(pixels), 'image')}; expected as many")
    bad = [f"{place} has {reprlib.repr(one)}" for place, one in enumerate(labels) if not _is_label(one, layout.classes)]
    if bad:
        wrong.append(f"{key} out of range: image {listed(bad)}; expected 0 to {layout.classes - 1}")
    faults += [FileFault(name, "wrong content", text) for text in wrong]
    return None if wrong else _Batch(pixels, np.array(labels, dtype=np.int64))


def _is_label(value: object, classes: int) -> bool:
    return type(value) is int and 0 <= value < classes


def _joined(names: tuple[str, ...], batches: dict[str, _Batch | None], options: ClassificationOptions) -> Images:
    found = [(name, batch) for name in names if (batch := batches[name]) is not None]
    pixels = np.concatenate([batch.pixels for _, batch in found]).reshape(-1, 3, 32, 32)
    places = tuple(f"{name}-{place:05}" for name, batch in found for place in range(len(batch.labels)))
    return Images(all_fitted(pixels, options), np.concatenate([batch.labels for _, batch in found]), places)

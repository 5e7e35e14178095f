"""Decoded frames in a folder on disk, mapped into memory when they are read.

One file a frame: a header of fixed length, which is JSON, then the pixels of the image, then those of the label. Files
are written under another name and renamed, so that several processes may share a folder.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from nasframe import DataError
from nasframe.files.plain_json import parse
from nasframe_cityscapes.dataset import Frame

Picture = npt.NDArray[np.uint8]
Pair = tuple[Picture, Picture]
HEADER = 512
"""Bytes."""


@final
class DecodedFrames:
    """A folder; safe to use from several threads and processes at once.

    A file counts only if it is whole and was made from sources of the same size and times of change as those that
    are there; otherwise it is made anew.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        """Args: settings: what the pixels depend on besides the files; different ones share a folder."""
        self._folder = folder
        self._settings = settings
        self._whole: set[Path] = set()
        """Files whose pixels were compared with their checksum."""

    def load(self, frame: Frame, variant: str, decode: Callable[[], Pair]) -> Pair:
        """Image and label, which nobody can write to.

        Args:
            variant: which of several forms of the frame is wanted.
            decode: reads the sources; called if there is no such file.

        Raises:
            DataError: the folder cannot be written; and what ``decode`` raises.
        """
        path = self._path(frame, variant)
        sources = [_stamp(frame.image), _stamp(frame.label)]
        found = _mapped(path, sources, whole=path in self._whole)
        if found is None:
            pair = decode()
            _write(path, pair, sources)
            found = (
                _mapped(path, sources, whole=False) or pair
            )  # another process may see newer sources and write at the same time
        self._whole.add(path)
        return found

    def _path(self, frame: Frame, variant: str) -> Path:
        key = "\n".join([str(frame.image.absolute()), str(frame.label.absolute()), self._settings, variant])
        return self._folder / frame.city / f"{frame.stem}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.raw"


def _stamp(path: Path) -> list[int]:
    """Size and times of change.

    Raises:
        DataError: there is no such file.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _mapped(path: Path, sources: list[list[int]], *, whole: bool) -> Pair | None:
    """What a file holds; None: there is none, it is torn or damaged, or it was made from other sources.

    Args:
        whole: whether its pixels are known to be those that were written.
    """
    try:
        content = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        header = parse(bytes(content[:HEADER]).decode("utf-8"))
        shapes = [tuple(shape) for shape in header["shapes"]]
        sizes = [math.prod(shape) for shape in shapes]
        if header["sources"] != sources or content.size != HEADER + sum(sizes):
            return None
        if not whole and header.get("crc32") != zlib.crc32(content[HEADER:].data):
            return None
        image, label = np.split(content[HEADER:], sizes[:1])
        return image.reshape(shapes[0]), label.reshape(shapes[1])
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return None


def _write(path: Path, pair: Pair, sources: list[list[int]]) -> None:
    image, label = map(np.ascontiguousarray, pair)
    checksum = zlib.crc32(label.data, zlib.crc32(image.data))
    header = json.dumps({"sources": sources, "shapes": [image.shape, label.shape], "crc32": checksum})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".decoded-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(header.ljust(HEADER).encode())
                file.write(image.data)
                file.write(label.data)
                file.flush()
                os.fsync(handle)  # or a loss of power could leave a whole file of zeros
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as error:
        raise DataError(
            f"the decoded frame {path} cannot be written ({error}); give a decoded_cache with room, or none"
        ) from error

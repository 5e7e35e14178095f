"""Facts about picture files, gathered once and remembered: sizes, kinds, and which ids a label holds.

Decoding thousands of large files takes minutes, so what was learned of a file is kept in the cache folder, under
its path, and holds as long as its size and its times of change do.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from nasframe.files.plain_json import parse
from nasframe_cityscapes.cache import cache_folder

logger = logging.getLogger(__name__)

UNREADABLE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, struct.error, zlib.error, Image.DecompressionBombError),
)
"""What pillow raises for a broken file."""
IMAGE_MODES = ("RGB", "RGBA", "L", "P")
"""Pillow's names of the pixel kinds that an image may have."""

ORIENTATION = 0x0112
"""The tag of EXIF that says how the stored pixels are to be shown."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings the stored pixels of each orientation upright (EXIF 2.32, section 4.6.4); of 1 they are."""


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation of an open picture, 1 to 8; 1 where there is none, or none that can be read."""
    try:
        found = Image.Image.getexif(picture).get(ORIENTATION, 1)
    except (*UNREADABLE, struct.error, LookupError, TypeError):
        return 1
    return found if found in UPRIGHT else 1


@dataclass(frozen=True)
class Facts:
    """What is known of one picture file."""

    width: int = 0
    height: int = 0
    mode: str = ""
    """Pillow's name of the pixel kind: ``L`` is one 8-bit channel."""
    decoded: bool = False
    """Whether the pixels were read, not only the header."""
    counts: Mapping[int, int] = field(default_factory=dict)
    """How many pixels have each value, of a decoded single-channel picture."""
    fault: str | None = None
    """Why the file cannot be read."""
    size: int = 0
    """Of the file in bytes."""
    sha256: str = ""
    """Of the file's content, where it was decoded."""
    orientation: int = 1
    """By EXIF, 1 to 8; 1: shown as stored."""


def inspect(paths: Sequence[Path], root: Path, *, decode: bool) -> dict[Path, Facts]:
    """The facts of files, read in parallel where they are not remembered.

    Args:
        paths: files below ``root``.
        root: names the remembered facts.
        decode: False: headers only, unless more is remembered.
    """
    store = cache_folder() / f"files-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.json"
    remembered = _recall(store)
    facts: dict[Path, Facts] = {}
    stamps = {path: _stamp(path, root) for path in paths}
    for path, (key, stamp) in stamps.items():
        known = remembered.get(key)
        if not known or known["stamp"] != stamp or "orientation" not in known["facts"]:
            continue  # unknown, another file by now, or remembered by a version that looked at less
        if known["facts"].get("sha256") or not decode:
            facts[path] = _revive(known["facts"])
    rest = [path for path in paths if path not in facts]
    if not rest:
        return facts
    if decode and len(rest) > 1000:
        logger.warning("checking %d files of %s; this is done once", len(rest), root)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        facts.update(zip(rest, pool.map(_decoded if decode else _header, rest), strict=True))
    fresh = {stamps[path][0]: (stamps[path][1], facts[path]) for path in rest if facts[path].fault is None}
    remembered.update({key: {"stamp": stamp, "facts": asdict(known)} for key, (stamp, known) in fresh.items()})
    _remember(store, remembered)
    return facts


def _header(path: Path) -> Facts:
    try:
        with Image.open(path) as picture:
            return Facts(*picture.size, picture.mode, size=path.stat().st_size, orientation=orientation(picture))
    except UNREADABLE as error:
        return Facts(fault=reason(error))


def _decoded(path: Path) -> Facts:
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            pixels = np.asarray(picture)
            size, mode, turned = picture.size, picture.mode, orientation(picture)
    except UNREADABLE as error:
        return Facts(fault=reason(error))
    counts: dict[int, int] = {}
    if pixels.dtype == np.uint8 and pixels.ndim == 2:
        found = np.bincount(pixels.ravel())
        counts = {int(k): int(found[k]) for k in np.flatnonzero(found)}
    sha256 = hashlib.sha256(content).hexdigest()
    return Facts(*size, mode, decoded=True, counts=counts, size=len(content), sha256=sha256, orientation=turned)


def reason(error: BaseException) -> str:
    """Why a file cannot be read, in a few words."""
    return "not a picture file" if isinstance(error, UnidentifiedImageError) else str(error)


def _stamp(path: Path, root: Path) -> tuple[str, list[int]]:
    status = path.stat()
    # The time of the last change of anything, which no program can set, tells where a copy has kept the file's own.
    return str(path.relative_to(root)), [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _revive(plain: Mapping[str, Any]) -> Facts:
    """Facts from JSON, whose keys are strings."""
    return Facts(**{**plain, "counts": {int(key): count for key, count in plain["counts"].items()}})


def _recall(store: Path) -> dict[str, Any]:
    try:
        found = parse(store.read_text(encoding="utf-8"))
        remembered: dict[str, Any] = found["files"]
        if found["crc32"] != _checksum(remembered):
            raise ValueError("its checksum differs")
        for known in remembered.values():
            known["stamp"], _revive(known["facts"])
    except FileNotFoundError:
        return {}
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        logger.warning("%s cannot be read (%s); the files are checked anew", store, error)
        return {}
    return remembered


def _checksum(remembered: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(remembered).encode())


def _remember(store: Path, remembered: Mapping[str, Any]) -> None:
    """Write to a temporary name, then rename, so that two processes at once leave one whole file."""
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".files-", dir=store.parent) as place:
            draft = Path(place) / store.name
            draft.write_text(json.dumps({"crc32": _checksum(remembered), "files": remembered}))
            os.replace(draft, store)
    except OSError as error:
        logger.warning("%s cannot be written (%s); the files will be checked again next time", store, error)

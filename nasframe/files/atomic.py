"""Files that are at any instant either the old or the new one, wholly."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nasframe.errors import FileError, NasframeError, RunError
from nasframe.files.plain_json import parse
from nasframe.files.words import first_line

T = TypeVar("T")

CHECKSUM = "crc32"
"""Key of a row's checksum."""
PART = ".part"
"""Suffix of a file that is being written; one that is found later is the trace of a killed process."""


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write to a temporary name, flush to the disk, rename; makes missing folders.

    Raises:
        RunError: the disk is full or the place cannot be written; the old file is intact.
    """
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` for text, as UTF-8."""
    write_bytes(path, text.encode())


def write_json(path: Path, data: Any) -> None:
    """``write_bytes`` for plain data."""
    write_text(path, json.dumps(data, indent=1) + "\n")


def append_json(path: Path, record: Any) -> None:
    """Add plain data to a file as a line of its own; a process that is killed meanwhile may leave a torn last line.

    Raises:
        RunError: the disk is full or the place cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def append_row(path: Path, record: Mapping[str, Any]) -> None:
    """``append_json`` of a mapping, with a checksum under the key ``crc32``, for ``read_json_lines``."""
    append_json(path, {**record, CHECKSUM: checksum(record)})


def checksum(record: Mapping[str, Any]) -> int:
    """The CRC-32 of plain data."""
    return zlib.crc32(json.dumps(record).encode())


def read_json_lines(path: Path, made: Callable[[Any], T]) -> list[T]:
    """What ``append_json`` or ``append_row`` has added to a file; a torn last line is cut off it. No file: nothing.

    Args:
        made: makes a thing of the plain data of a line.

    Raises:
        FileError: the file cannot be read, or a whole line is not what was written. Rows of older versions have no
            checksum, and are taken as they are.
    """
    if not path.is_file():
        return []
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    return [_line(f"{path}:{number}", line, made) for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1)]


def _line(place: str, line: bytes, made: Callable[[Any], T]) -> T:
    try:
        return made(_checked(parse(line.decode("utf-8"))))
    except (NasframeError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FileError(
            f"{place}: cannot be read ({type(error).__name__}: {first_line(error)}); expected a record as it was "
            "written. Put the original file back, or delete this line, and what it tells of is done again"
        ) from error


def _checked(record: Any) -> Any:
    if isinstance(record, dict) and record.pop(CHECKSUM, None) not in (None, checksum(record)):
        raise ValueError("it is damaged: its checksum differs")
    return record


def sync_folder(path: Path) -> None:
    """Make renames in a folder survive a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_write(path: Path, error: OSError) -> RunError:
    """The error for a file that could not be written."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return RunError(f"cannot write {path}: its folder is not there any more; was it deleted or moved meanwhile?")
    return RunError(
        f"cannot write {path}: {error.strerror or error}. What was there before is intact; "
        "make room or give the right to write, then go on with --resume"
    )

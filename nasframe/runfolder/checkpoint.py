"""Checkpoints: a stepper's state in one file that is known to be whole and to belong to its experiment."""

from __future__ import annotations

import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nasframe.errors import RunError, RunFolderError
from nasframe.files import atomic
from nasframe.files.plain_json import parse
from nasframe.files.words import quantity
from nasframe.runfolder import torch_file

MAGIC = b"nasframe checkpoint 2\n"
OLD_MAGIC = b"nasframe checkpoint 1\n"
"""Of older versions, whose checksum, in the header, is of the state alone."""
PLAIN = (bool, int, float, str, bytes, type(None))
REFUSED = ".refused"
NO_CHECKPOINT = "is no nasframe checkpoint, or torn in its first lines"
_LONGEST_LINE = 4096
HEADER = {"bytes": int, "fingerprint": str, "step": int, "steps": int, "events": int}
"""What a header has at least."""


@dataclass(frozen=True)
class Position:
    """Where in which run a checkpoint was taken."""

    fingerprint: str
    """Of the experiment, see ``RunFolder``."""
    step: int
    """How many steps were done."""
    steps: int
    """How many steps the job had in all."""
    events: int
    """Length of ``events.jsonl`` in bytes."""
    processor_seconds: float = 0.0
    """Spent on the phase so far."""
    events_sha256: str = ""
    """Of those bytes of ``events.jsonl``; empty: not known, as in older versions."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    path: Path
    position: Position
    state: dict[str, Any]
    old: bool = False
    """Whether an older version wrote it, so that no checksum covers its position."""


class _Unusable(Exception):
    """Why a checkpoint cannot be used."""


def save(path: Path, position: Position, state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically: a line that says what it is, one with the checksum of all that follows, one with
    its position, the state.

    Raises:
        RunError: the state holds more than tensors and plain data, or the disk is full.
    """
    _require_plain(state, "state_dict()")
    payload = io.BytesIO()
    torch.save(state, payload)
    body = payload.getbuffer()
    header = json.dumps({**vars(position), "bytes": len(body)}).encode() + b"\n"
    checksum = hashlib.sha256(header)
    checksum.update(body)
    atomic.write_bytes(path, b"".join((MAGIC, checksum.hexdigest().encode(), b"\n", header, body)))


def written(folder: Path, prefix: str) -> list[Path]:
    """The files of a phase's checkpoints, usable or not, the oldest first."""
    return sorted(folder.glob(f"{prefix}-[0-9]*.pt"), key=_step)


def prune(folder: Path, prefix: str, keep: int, step: int) -> None:
    """Delete all but the last ``keep`` checkpoints up to ``step``."""
    known = [path for path in written(folder, prefix) if _step(path) <= step]
    for path in known[:-keep]:
        path.unlink()


def load_latest(folder: Path, prefix: str, fingerprint: str, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest usable checkpoint; a torn or foreign one is reported, set aside and the one before it taken.

    Returns:
        None if no checkpoint was ever written.

    Raises:
        RunError: there are checkpoints, but none is usable.
    """
    refused = []
    for path in reversed(written(folder, prefix)):
        try:
            checkpoint = _read(path, fingerprint)
            _require_name(checkpoint)
        except _Unusable as error:
            refused.append(f"{path.name} {error}")
            continue
        for line in refused:
            warn(f"{line}; it is set aside and {path.name} used")
            name = line.split()[0]
            (folder / name).replace(folder / (name + REFUSED))
        if checkpoint.old:
            warn(f"{path.name} is of an older version, where no checksum covers the step and the events; it is used")
        return checkpoint
    if refused:
        raise RunError(
            f"no checkpoint in {folder} can be used: {'; '.join(refused)}. Put a whole one back, or delete them to "
            "begin this phase anew"
        )
    return None


def read_state(path: Path) -> dict[str, Any] | None:
    """The state in a checkpoint of whatever experiment; None if the file is there but is no checkpoint.

    Raises:
        RunFolderError: it is torn, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(len(MAGIC))
        return _read(path, None).state if begins in (MAGIC, OLD_MAGIC) else None
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read ({error.strerror})") from error
    except _Unusable as error:
        raise RunFolderError(f"{path} {error}") from error


def _step(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


def _require_name(checkpoint: Checkpoint) -> None:
    step = checkpoint.position.step
    if _step(checkpoint.path) != step:
        raise _Unusable(f"says that it is of step {step}, which is not what its name says")


def _read(path: Path, fingerprint: str | None) -> Checkpoint:
    """Args: fingerprint: of the experiment that it must belong to; None: any."""
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror})") from error
    old = bytes(data[: len(OLD_MAGIC)]) == OLD_MAGIC
    header, body = _split_old(data) if old else _split(data)
    position = Position(**{name: header[name] for name in Position.__dataclass_fields__ if name in header})
    if fingerprint is not None and position.fingerprint != fingerprint:
        raise _Unusable(
            f"belongs to another experiment ({position.fingerprint}, not {fingerprint}; was experiment.yaml changed?)"
        )
    try:
        state = torch_file.load(io.BytesIO(body))
    except ValueError as error:
        raise _Unusable(f"cannot be loaded ({error})") from error
    if not isinstance(state, dict):
        raise _Unusable(f"holds a {type(state).__name__}, expected a mapping")
    return Checkpoint(path, position, state, old)


def _split(data: memoryview) -> tuple[dict[str, Any], memoryview]:
    """The header and the body of a checkpoint's bytes, which are as they were written."""
    magic, checksum, rest = _lines(data, 2)
    if magic + b"\n" != MAGIC:
        raise _Unusable(NO_CHECKPOINT)
    header, body = _header(rest)
    if header and len(body) < header["bytes"]:
        raise _Unusable(_torn(body, header["bytes"]))
    if checksum.decode(errors="replace") != hashlib.sha256(rest).hexdigest():
        raise _Unusable("is damaged (its checksum differs)")
    if header is None:
        raise _Unusable("has a header that cannot be read")
    return header, body


def _split_old(data: memoryview) -> tuple[dict[str, Any], memoryview]:
    """``_split`` for a checkpoint of an older version."""
    header, body = _header(_lines(data, 1)[-1])
    if header is None:
        raise _Unusable("has a header that cannot be read")
    if len(body) != header["bytes"]:
        raise _Unusable(_torn(body, header["bytes"]))
    if hashlib.sha256(body).hexdigest() != header.get("sha256"):
        raise _Unusable("is damaged (its checksum differs)")
    return header, body


def _lines(data: memoryview, count: int) -> tuple[Any, ...]:
    """The first lines, without their ends, and what follows them."""
    found: list[bytes] = []
    for _ in range(count):
        head = bytes(data[:_LONGEST_LINE])
        end = head.find(b"\n")
        if end < 0:
            raise _Unusable(NO_CHECKPOINT)
        found.append(head[:end])
        data = data[end + 1 :]
    return *found, data


def _header(data: memoryview) -> tuple[dict[str, Any] | None, memoryview]:
    """The header's fields, None if it cannot be read, and what follows it."""
    try:
        line, body = _lines(data, 1)
        header = parse(line.decode("utf-8"))
    except (ValueError, _Unusable):
        return None, data
    known = isinstance(header, dict) and all(type(header.get(name)) is kind for name, kind in HEADER.items())
    return (header if known else None), body


def _torn(body: memoryview, expected: int) -> str:
    return f"is torn ({len(body)} of {quantity(expected, 'byte')})"


def _require_plain(value: object, where: str) -> None:
    """Check before writing what ``weights_only=True`` would refuse after the crash."""
    if isinstance(value, torch.Tensor) or type(value) in PLAIN:
        return
    if type(value) in (dict, OrderedDict):
        for key, inner in value.items():  # type: ignore[attr-defined]
            _require_plain(key, f"a key of {where}")
            _require_plain(inner, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for index, inner in enumerate(value):  # type: ignore[arg-type]
            _require_plain(inner, f"{where}[{index}]")
    else:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise RunError(
            f"{where} is a {kind}, which a checkpoint cannot hold: use tensors, numbers, strings, lists, tuples and "
            "dicts (float(x) for a number of numpy)"
        )

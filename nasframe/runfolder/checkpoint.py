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

MAGIC = b"nasframe checkpoint 1\n"
PLAIN = (bool, int, float, str, bytes, type(None))
REFUSED = ".refused"
HEADER = {"bytes": int, "sha256": str, "fingerprint": str, "step": int, "steps": int, "events": int}
"""What the second line of a checkpoint has to say, and of which type."""


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


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    path: Path
    position: Position
    state: dict[str, Any]


class _Unusable(Exception):
    """Why a checkpoint cannot be used."""


def save(path: Path, position: Position, state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically: a line that says what it is, one with its position and checksum, the state.

    Raises:
        RunError: the state holds more than tensors and plain data, or the disk is full.
    """
    _require_plain(state, "state_dict()")
    payload = io.BytesIO()
    torch.save(state, payload)
    body = payload.getbuffer()
    header = {**vars(position), "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    atomic.write_bytes(path, b"".join((MAGIC, json.dumps(header).encode(), b"\n", body)))


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
        except _Unusable as error:
            refused.append(f"{path.name} {error}")
            continue
        for line in refused:
            warn(f"{line}; it is set aside and {path.name} used")
            name = line.split()[0]
            (folder / name).replace(folder / (name + REFUSED))
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
        return _read(path, None).state if begins == MAGIC else None
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read ({error.strerror})") from error
    except _Unusable as error:
        raise RunFolderError(f"{path} {error}") from error


def _step(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


def _read(path: Path, fingerprint: str | None) -> Checkpoint:
    """Args: fingerprint: of the experiment that it must belong to; None: any."""
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror})") from error
    header, body = _split(data)
    if len(body) != header["bytes"]:
        raise _Unusable(f"is torn ({len(body)} of {quantity(header['bytes'], 'byte')})")
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise _Unusable("is damaged (its checksum differs)")
    spent = header.get("processor_seconds", 0.0)  # older versions did not measure it
    position = Position(header["fingerprint"], header["step"], header["steps"], header["events"], spent)
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
    return Checkpoint(path, position, state)


def _split(data: memoryview) -> tuple[dict[str, Any], memoryview]:
    """The header and the body of a checkpoint's bytes."""
    head = bytes(data[:4096])
    end = head.find(b"\n", len(MAGIC))
    if not head.startswith(MAGIC) or end < 0:
        raise _Unusable("is no nasframe checkpoint, or torn in its first lines")
    try:
        header: dict[str, Any] = parse(head[len(MAGIC) : end].decode("utf-8"))
        if all(isinstance(header[key], kind) for key, kind in HEADER.items()):
            return header, data[end + 1 :]
    except (LookupError, TypeError, ValueError):
        pass
    raise _Unusable("has a header that cannot be read")


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

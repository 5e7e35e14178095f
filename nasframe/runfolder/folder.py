"""The run folder: everything that a run leaves behind, and the lock that keeps a second process out."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal, final

from nasframe.errors import RunError, RunFolderError
from nasframe.files import atomic, yaml_text
from nasframe.files.words import quantity
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, require_experiment

_BLOCK = 2**20
"""Bytes that are read at a time."""

State = Literal["searching", "retraining", "done", "stopped", "failed"]


@final
class RunFolder:
    """A run's folder, locked by this process; use it as a context manager.

    Every file is written atomically except ``events.jsonl``, which is appended to and cut back when a run is resumed.
    """

    def __init__(self, path: Path, lock: IO[str], *, accepts_changes: bool = False) -> None:
        """For ``create`` and ``open``. Args: lock: the open lock file, already locked."""
        self.path = path
        self.accepts_changes = accepts_changes
        """Whether the run goes on although its data or its events were changed."""
        self.accepted: list[str] = []
        """What is wrong with the events, where the run goes on all the same."""
        self.layout = RunLayout(path)
        self._lock = lock
        self._identity = _identity(path)
        self._events = hashlib.sha256()
        self._events_read = 0
        self._status: dict[str, Any] = {}

    @classmethod
    def create(cls, path: Path, experiment: Mapping[str, Any]) -> RunFolder:
        """A new run folder at a place where there is nothing or an empty folder.

        It appears with ``experiment.yaml`` in it, wholly or not at all.

        Raises:
            RunFolderError: something is there.
        """
        _refuse_taken(path)
        young = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            shutil.rmtree(young, ignore_errors=True)
            young.mkdir(parents=True)
            lock = _locked(young)
            atomic.write_text(RunLayout(young).experiment, yaml_text.dump(experiment))
            young.replace(path)
            atomic.sync_folder(path.parent)
        except OSError as error:
            shutil.rmtree(young, ignore_errors=True)
            _refuse_taken(path)
            raise atomic.cannot_write(path, error) from error
        return cls(path, lock)

    @classmethod
    def create_free(cls, parent: Path, name: str, experiment: Mapping[str, Any]) -> RunFolder:
        """A new run folder ``parent/name`` or, where that is taken, ``name-2``, ``name-3``, …"""
        number = 1
        while True:
            path = parent / (name if number == 1 else f"{name}-{number}")
            if not path.exists():
                return cls.create(path, experiment)
            number += 1

    @classmethod
    def open(cls, path: Path, *, accept_changes: bool = False) -> RunFolder:
        """An existing run folder, to go on with.

        Args:
            accept_changes: whether to go on although data or events were changed.

        Raises:
            RunFolderError: it is no run folder, it cannot be written, or another process is running in it.
        """
        require_experiment(path)
        try:
            folder = cls(path, _locked(path), accepts_changes=accept_changes)
            for part in path.rglob(f"*{atomic.PART}"):
                part.unlink()
        except OSError as error:
            raise RunFolderError(
                f"{error.filename or path} cannot be written ({error.strerror or error}), as a run does that goes on: "
                "give the right to write to the folder and all that it holds, or copy it to where there is"
            ) from error
        return folder

    @cached_property
    def fingerprint(self) -> str:
        """What identifies the experiment: all of its file but its name and how it is run."""
        data = yaml_text.read_mapping(self.layout.experiment)
        data = {key: part for key, part in data.items() if key not in ("name", "run")}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.close()

    def require_there(self) -> None:
        """See that the folder is still the one that was opened.

        Raises:
            RunError: it was deleted, emptied, moved or replaced.
        """
        if _identity(self.path) == self._identity and self.layout.experiment.is_file():
            return
        raise RunError(
            f"the run's folder {self.path} was deleted, emptied or moved while the run was going on. What it held can "
            "only be had from where it was moved to, by --resume with that folder; else start the run again"
        )

    def append_event(self, record: Mapping[str, Any]) -> None:
        """Add one line to ``events.jsonl``.

        Raises:
            RunError: the folder is not there any more, or it cannot be written.
        """
        self.require_there()
        atomic.append_json(self.layout.events, record)

    def sync_events(self) -> tuple[int, str]:
        """Flush the events to the disk; returns their length in bytes and their SHA-256.

        Raises:
            RunError: they, or the folder, are not there any more, or cannot be written.
        """
        self.require_there()
        path = self.layout.events
        if self._events_read and not path.is_file():
            raise RunError(f"{path} was deleted while the run was going on; start the run again")
        try:
            with path.open("a+b") as file:
                os.fsync(file.fileno())
                self._hash_events(file)
                return self._events_read, self._events.hexdigest()
        except OSError as error:
            raise atomic.cannot_write(path, error) from error

    def cut_events(self, length: int, sha256: str = "") -> None:
        """Drop what lies behind the first ``length`` bytes of the events.

        Args:
            sha256: of what is left; empty: it is not known.

        Raises:
            RunFolderError: there are fewer, or they are others.
        """
        path = self.layout.events
        found = path.stat().st_size if path.exists() else 0
        if found < length:
            self._changed(f"{path} has {quantity(found, 'byte')}, but the checkpoint was written when it had {length}")
        if found > length:
            os.truncate(path, length)
        self._events, self._events_read = hashlib.sha256(), 0
        if found and length:
            with path.open("rb") as file:
                self._hash_events(file)
        if found >= length and sha256 and sha256 != self._events.hexdigest():
            self._changed(f"{path} is not what it was when the checkpoint was written (its checksum differs)")

    def _changed(self, what: str) -> None:
        if self.accepts_changes:
            self.accepted.append(what)
            return
        raise RunFolderError(
            f"{what}: it was changed or damaged after the run. Put the original back, start a new run, or go on all "
            f"the same by 'nasframe run --resume {self.path} --accept-changes'"
        )

    def _hash_events(self, file: IO[bytes]) -> None:
        """Bring the checksum of the events up to the file's end."""
        file.seek(self._events_read)
        while block := file.read(_BLOCK):
            self._events.update(block)
            self._events_read += len(block)

    def read(self, path: Path) -> dict[str, Any]:
        """What a file for people says; empty if there is none or it cannot be read: no run depends on it."""
        return RunReader(self.path).mapping(path)

    def write_status(self, **changes: Any) -> None:
        """Change fields of ``status.json``: state, reason, phase, step, steps.

        Raises:
            RunError: the folder is not there any more, or it cannot be written.
        """
        self.require_there()
        self._status = {"state": "searching", "reason": None, "phase": "search", "step": 0, "steps": 0, **self._status}
        self._status |= {**changes, "updated": time.time(), "pid": os.getpid()}
        atomic.write_json(self.layout.status, self._status)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a folder from another one at its place; None: there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _refuse_taken(path: Path) -> None:
    if (path.is_dir() and not any(path.iterdir())) or not path.exists():
        return
    if RunLayout(path).experiment.is_file():
        raise RunFolderError(
            f"{path} already holds a run; go on with it by 'nasframe run --resume {path}', or name another folder"
        )
    raise RunFolderError(f"{path} is there and not an empty folder; name one that is empty or does not exist")


def _locked(path: Path) -> IO[str]:
    """The folder's lock file, locked for as long as it stays open: the system frees it even after SIGKILL."""
    lock = RunLayout(path).lock.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise RunFolderError(
            f"{path} is in use by process {holder or '(unknown)'}; wait until it ends, or stop it by 'kill {holder}'"
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock

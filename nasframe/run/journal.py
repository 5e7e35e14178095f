"""What happens in one phase of a run: into the run folder, to the plug-ins that listen, onto the screen."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from nasframe.files import atomic
from nasframe.run.progress import Progress
from nasframe.runfolder import checkpoint
from nasframe.runfolder.checkpoint import Checkpoint, Position
from nasframe.runfolder.folder import RunFolder

Phase = Literal["search", "retrain"]
Listeners = Callable[[Mapping[str, Any]], object]
"""Hears every record of ``events.jsonl``."""
STATUS_SECONDS = 5.0


@final
class Journal:
    """One phase's records. Steps are counted from 1: step 120 is the one after which 120 are done."""

    def __init__(self, folder: RunFolder, phase: Phase, listeners: Listeners, progress: Progress) -> None:
        self.folder = folder
        self.phase = phase
        self.progress = progress
        self._listeners = listeners
        self.steps = 0
        self.done = 0
        self._status_written = 0.0

    @property
    def place(self) -> Path:
        """Where the phase has its files: the run folder, or ``retrain`` in it."""
        return self.folder.path if self.phase == "search" else self.folder.path / self.phase

    def begin(self, steps: int, checkpoint: Checkpoint | None) -> None:
        """A phase of so many steps begins, or goes on after a checkpoint."""
        done = checkpoint.position.step if checkpoint else 0
        self.steps, self.done = steps, done
        self._status_written = time.monotonic()
        state = "searching" if self.phase == "search" else "retraining"
        self.folder.write_status(state=state, reason=None, phase=self.phase, step=done, steps=steps)
        if checkpoint:
            self.record("resumed", done, checkpoint=checkpoint.path.name)
        else:
            self.record("started", 0, steps=steps)
        self.progress.begin(self.phase, steps, done)

    def record(self, event: str, step: int, **facts: Any) -> None:
        """Append an event to the log and pass it to the listeners."""
        line = {"event": event, "phase": self.phase, "step": step, **facts, "time": time.time()}
        self.folder.append_event(line)
        self._listeners(line)

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """A step was done."""
        self.done = step
        self.record("step", step, metrics=dict(metrics))
        self.progress.advance(step, metrics)
        if time.monotonic() - self._status_written >= STATUS_SECONDS:
            self._status_written = time.monotonic()
            self.folder.write_status(step=step)

    def snapshot(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays to draw, if there are any."""
        if arrays:
            buffer = io.BytesIO()
            np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
            atomic.write_bytes(self.place / "snapshots" / f"{step:08}.npz", buffer.getbuffer())

    def checkpoint(self, step: int, state: Mapping[str, Any], keep: int) -> None:
        """Write a checkpoint and delete all but the last ``keep``."""
        position = Position(self.folder.fingerprint, step, self.steps, self.folder.sync_events())
        path = self._checkpoints / f"{self.phase}-{step:08}.pt"
        checkpoint.save(path, position, state)
        checkpoint.prune(self._checkpoints, self.phase, keep, step)
        self.folder.write_status(step=step)
        self.record("checkpoint", step, path=path.name)

    def restore(self) -> Checkpoint | None:
        """The newest usable checkpoint, everything later being cut off; None if the phase never wrote one.

        Raises:
            RunError: there are checkpoints, but none is usable.
        """
        found = checkpoint.load_latest(self._checkpoints, self.phase, self.folder.fingerprint, self.progress.say)
        if found is not None or self.phase == "search":
            self.folder.cut_events(found.position.events if found else 0)
        for path in (self.place / "snapshots").glob("[0-9]*.npz"):
            if int(path.stem) > (found.position.step if found else 0):
                path.unlink()
        return found

    @property
    def has_begun(self) -> bool:
        """Whether the phase has written a checkpoint, usable or not."""
        return any(self._checkpoints.glob(f"{self.phase}-[0-9]*.pt"))

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint file."""
        return max(self._checkpoints.glob(f"{self.phase}-[0-9]*.pt"), default=None)

    @property
    def _checkpoints(self) -> Path:
        return self.place / "checkpoints"

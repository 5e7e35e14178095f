"""What happens in one phase of a run: into the run folder, to the plug-ins that listen, onto the screen."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from nasframe.files import atomic
from nasframe.run.progress import Progress
from nasframe.runfolder import checkpoint
from nasframe.runfolder.checkpoint import Checkpoint, Position
from nasframe.runfolder.folder import RunFolder
from nasframe.runfolder.layout import Phase

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
        self._spent = 0.0
        self._clock = time.process_time()

    def open(self) -> None:
        """The phase's work begins now: from here on its processor seconds count."""
        self._clock = time.process_time()

    @property
    def processor_seconds(self) -> float:
        """What the phase has cost so far: of all threads of this process, of its workers, before it was resumed."""
        return self._spent + time.process_time() - self._clock

    def spend(self, seconds: float) -> None:
        """Count processor seconds of others than this process."""
        self._spent += seconds

    def begin(self, steps: int, checkpoint: Checkpoint | None) -> None:
        """A phase of so many steps begins, or goes on after a checkpoint."""
        done = checkpoint.position.step if checkpoint else 0
        self.steps, self.done = steps, done
        self.spend(checkpoint.position.processor_seconds if checkpoint else 0.0)
        self._status_written = time.monotonic()
        state = "retraining" if self.phase in ("ledger", "retrain") else "searching"
        self.folder.write_status(state=state, reason=None, phase=self.phase, step=done, steps=steps)
        if checkpoint:
            accepted = {"accepted": self.folder.accepted} if self.folder.accepted else {}
            self.record("resumed", done, checkpoint=checkpoint.path.name, **accepted)
        else:
            self.record("started", 0, steps=steps)
        self.progress.begin(self.phase, steps, done)
        self._note_loss()

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
        self._note_loss()
        if time.monotonic() - self._status_written >= STATUS_SECONDS:
            self._status_written = time.monotonic()
            self.folder.write_status(step=step)

    def snapshot(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays to draw, if there are any."""
        if arrays:
            buffer = io.BytesIO()
            np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
            atomic.write_bytes(self.folder.layout.snapshot(self.phase, step), buffer.getbuffer())

    def checkpoint(self, step: int, state: Mapping[str, Any], keep: int) -> None:
        """Write a checkpoint and delete all but the last ``keep``."""
        spent = round(self.processor_seconds, 3)
        events, sha256 = self.folder.sync_events()
        position = Position(self.folder.fingerprint, step, self.steps, events, spent, sha256)
        path = self.folder.layout.checkpoint(self.phase, step)
        checkpoint.save(path, position, state)
        checkpoint.prune(path.parent, self.phase, keep, step)
        self.folder.write_status(step=step)
        self.record("checkpoint", step, path=path.name, processor_seconds=spent)

    def restore(self) -> Checkpoint | None:
        """The newest usable checkpoint, everything later being cut off; None if the phase never wrote one.

        Raises:
            RunError: there are checkpoints, but none is usable.
        """
        folder = self.folder.layout.checkpoints_of(self.phase)
        found = checkpoint.load_latest(folder, self.phase, self.folder.fingerprint, self.progress.say)
        if found is not None or self.phase == "search":
            self.folder.cut_events(*((found.position.events, found.position.events_sha256) if found else (0,)))
        for path in self.folder.layout.snapshots_of(self.phase).glob("[0-9]*.npz"):
            if int(path.stem) > (found.position.step if found else 0):
                path.unlink()
        return found

    def _note_loss(self) -> None:
        """Say in the events that nothing can be shown any more; the run goes on."""
        if lost := self.progress.take_loss():
            self.record("output_lost", self.done, reason=lost)

    @property
    def has_begun(self) -> bool:
        """Whether the phase has written a checkpoint, usable or not."""
        return bool(self._checkpoints())

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint file."""
        written = self._checkpoints()
        return written[-1] if written else None

    def _checkpoints(self) -> list[Path]:
        return checkpoint.written(self.folder.layout.checkpoints_of(self.phase), self.phase)

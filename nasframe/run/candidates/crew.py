"""Jobs and the workers that do them, whatever workers are: who does what, for how long, and who died of it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import final

from nasframe.errors import NasframeError, RunError
from nasframe.evaluations import failed
from nasframe.files.words import clock
from nasframe.plugin.engine import Job, Outcome, Reply

ATTEMPTS = 3
"""How often a candidate is evaluated at most whose workers die."""
REFRESH = 1.0
"""Seconds after which an engine shows again what its workers do."""


@final
class Crew:
    """Which worker has which job; workers are numbered from 1."""

    def __init__(self, workers: int) -> None:
        self._waiting: deque[Job] = deque()
        self._busy: dict[int, tuple[Job, float]] = {}
        self._deaths: Counter[int] = Counter()
        self._idle_deaths = 0
        self._workers = workers

    def add(self, job: Job) -> None:
        """A job to do, after all others."""
        self._waiting.append(job)

    def assign(self) -> list[tuple[int, Job]]:
        """Jobs for the workers that have none, which now have them; the lowest numbers first."""
        given = []
        for worker in range(1, self._workers + 1):
            if worker not in self._busy and self._waiting:
                job = self._waiting.popleft()
                self._busy[worker] = (job, time.monotonic())
                given.append((worker, job))
        return given

    def replied(self, worker: int, reply: Reply) -> Outcome:
        """A worker has done its job.

        Raises:
            NasframeError: the reply, if it is what ends the run.
        """
        if isinstance(reply, NasframeError):
            raise reply
        job, _ = self._busy.pop(worker)
        return Outcome(job, *reply, worker)

    def died(self, worker: int, how: str) -> Outcome | None:
        """A worker is no more: its job is done by another one, or has failed if too many died of it.

        Raises:
            RunError: workers die that have nothing to do.
        """
        if worker not in self._busy:
            self._idle_deaths += 1
            if self._idle_deaths > ATTEMPTS:
                raise RunError(f"workers end without having anything to do ({how}); see their messages above")
            return None
        job, since = self._busy.pop(worker)
        self._deaths[job.number] += 1
        if self._deaths[job.number] < ATTEMPTS:
            self._waiting.appendleft(job)
            return None
        reason = f"the worker's process ended while it was evaluated ({how}), in {ATTEMPTS} attempts"
        return Outcome(job, failed(reason, job.budget), time.monotonic() - since, 0.0, worker)

    def told(self) -> Sequence[str]:
        """What each worker does, in a few words."""
        now = time.monotonic()
        return [
            f"#{self._busy[worker][0].number + 1} {clock(now - self._busy[worker][1])}"
            if worker in self._busy
            else "idle"
            for worker in range(1, self._workers + 1)
        ]

"""Several jobs at a time, each in a process of its own, which ends with the process that began it."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, Protocol, TypeVar, final

from nasframe.errors import NasframeError, RunError
from nasframe.run.interrupt import Interrupted


class Errand(Protocol):
    """Something to do that leaves its result on the disk; it can be pickled."""

    def do(self) -> None:
        """Do what is not done yet.

        Raises:
            NasframeError: it has failed.
        """


J = TypeVar("J", bound=Errand)


@final
class Lanes(Generic[J]):
    """Jobs in the order of adding, so many at a time; one alone is done in this process."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._waiting: deque[J] = deque()
        self._busy: dict[Connection, tuple[J, BaseProcess]] = {}

    def work(self, jobs: Iterable[J], follow: Callable[[J], Iterable[J]]) -> None:
        """Do all jobs and those that follow from each once it is done.

        Raises:
            NasframeError: a job has failed; those that go on are stopped as Ctrl-C stops a run, saving their state.
            Interrupted: the user asked to stop.
        """
        self._waiting.extend(jobs)
        try:
            while self._waiting or self._busy:
                self._waiting.extend(follow(self._next()))
        except KeyboardInterrupt:
            raise Interrupted("stopped; the same command goes on where it was") from None
        finally:
            self._stop()

    def _next(self) -> J:
        if self._at_a_time == 1:
            job = self._waiting.popleft()
            job.do()
            return job
        while self._waiting and len(self._busy) < self._at_a_time:
            self._begin(self._waiting.popleft())
        ready = wait(list(self._busy))[0]
        assert isinstance(ready, Connection), "only connections were waited for"
        job, process = self._busy.pop(ready)
        with ready:
            try:
                error = ready.recv()
            except (EOFError, OSError):
                process.join()
                error = RunError(_lost(process.exitcode))
        process.join()
        if error is not None:
            raise error
        return job

    def _begin(self, job: J) -> None:
        context = multiprocessing.get_context("spawn")
        own, other = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(job, other))
        process.start()
        other.close()
        self._busy[own] = (job, process)

    def _stop(self) -> None:
        for _, process in self._busy.values():
            process.terminate()  # a run saves its state after the step that it is in
        for connection, (_, process) in self._busy.items():
            process.join()
            connection.close()
        self._busy = {}


def _serve(job: Errand, connection: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    error: NasframeError | None = None
    try:
        job.do()
    except NasframeError as failure:
        error = failure
    except KeyboardInterrupt:
        error = Interrupted("stopped")
    except Exception as failure:
        error = RunError(f"{type(failure).__name__}: {failure}")
    with suppress(BrokenPipeError):
        connection.send(error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "it serves another process"
    wait([parent.sentinel])
    os._exit(1)


def _lost(code: int | None) -> str:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return f"a process ended before its job was done ({how}); the same command goes on where it was"

"""The engine of processes on this machine: each worker finds its own data, and may die without harm to the rest."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import final

from typing_extensions import override

from nasframe.errors import NasframeError, RunError
from nasframe.files.words import quantity
from nasframe.plugin.engine import Engine, Job, Outcome, Setup, Show
from nasframe.run.candidates.crew import ATTEMPTS, REFRESH, Crew

DYING = 0.5
"""Seconds in which a killed process is gone, so that it can be started anew."""
PATIENCE = 5.0
"""Seconds that a worker has to end."""


@final
class Processes(Engine):
    """Workers are started when there is work for them, by a server that has imported torch once for all of them.

    A worker ends with the connection to it, so none outlives the run, whatever kills that.
    """

    name = "process"

    def __init__(self, setup: Setup, workers: int, address: str | None, show: Show) -> None:
        self._setup = setup
        self._crew = Crew(workers)
        self._show = show
        self._processes: dict[int, tuple[ForkServerProcess, Connection]] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([type(setup).__module__])

    @override
    def submit(self, job: Job) -> None:
        """Give it to a worker, or let it wait for one."""
        self._crew.add(job)
        self._assign()

    @override
    def next(self) -> Outcome:
        """Wait for a worker to reply, or to die once too often."""
        while True:
            self._assign()
            self._show(self._crew.told())
            connections = {connection: worker for worker, (_, connection) in self._processes.items()}
            for ready in wait(list(connections), timeout=REFRESH):
                assert isinstance(ready, Connection), "only connections were waited for"
                found = self._heard(connections[ready], ready)
                if found is not None:
                    return found

    @override
    def close(self) -> None:
        for _, connection in self._processes.values():
            connection.close()
        for process, _ in self._processes.values():
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes = {}

    def _heard(self, worker: int, connection: Connection) -> Outcome | None:
        try:
            reply = connection.recv()
        except (EOFError, OSError):
            return self._lost(worker)
        return self._crew.replied(worker, reply)

    def _lost(self, worker: int) -> Outcome | None:
        process, connection = self._processes.pop(worker)
        connection.close()
        process.join()
        code = process.exitcode or 0
        return self._crew.died(worker, f"signal {-code}" if code < 0 else f"exit code {code}")

    def _assign(self) -> None:
        for worker, job in self._crew.assign():
            if worker not in self._processes:
                self._start(worker)
            try:
                self._processes[worker][1].send(job)
            except OSError:  # it has died, which is heard when it is waited for
                pass

    def _start(self, worker: int) -> None:
        own, other = self._context.Pipe()
        name = f"nasframe-worker-{worker}"
        try:
            for attempt in range(1, ATTEMPTS + 1):
                process = self._context.Process(target=serve, args=(other, self._setup, worker), name=name)
                try:
                    process.start()
                    break
                except (EOFError, OSError) as error:  # the server was killed, and is started anew by the next attempt
                    if attempt == ATTEMPTS:
                        raise _cannot_start(worker, error) from error
                    time.sleep(DYING)
        finally:
            other.close()
        self._processes[worker] = (process, own)


def _cannot_start(worker: int, error: Exception) -> RunError:
    reason = str(error) or type(error).__name__
    return RunError(
        f"worker {worker} cannot be started in {quantity(ATTEMPTS, 'attempt')}: the process that starts workers has "
        f"ended or does not answer ({reason}); it may have been killed, by the system for want of memory among others. "
        "What was finished is kept, and --resume goes on; with run.workers=1 no such process is needed"
    )


def serve(connection: Connection, setup: Setup, worker: int) -> None:
    """Evaluate the jobs that come over a connection, until it is closed: then the process ends at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which closes the connection
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs), daemon=True).start()
    try:
        with setup.on(worker).prepare() as evaluate:
            while True:
                connection.send(evaluate(jobs.get()))
    except NasframeError as error:
        connection.send(error)
    except BrokenPipeError:
        pass
    except Exception as error:  # told to the run, which ends and says it
        connection.send(RunError(f"worker {worker} cannot be started ({type(error).__name__}: {error})"))


def _listen(connection: Connection, jobs: queue.SimpleQueue[Job]) -> None:
    """Take jobs; when the run's process is gone, however it ended, so is this one."""
    try:
        while True:
            jobs.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)

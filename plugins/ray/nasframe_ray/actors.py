"""The engine of Ray: each worker is an actor, on this machine or wherever a cluster has room for it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, final

import ray
from typing_extensions import override

from nasframe import NasframeError, RunError
from nasframe.plugin.engine import Engine, Evaluate, Job, Outcome, Reply, Setup, Show
from nasframe.run.candidates.crew import REFRESH, Crew


class Actor:
    """A worker in a process of Ray's."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._stack = ExitStack()
        self._answer: Evaluate | None = None

    def evaluate(self, job: Job) -> Reply:
        """The answer to a job; the first one waits until the data are found."""
        try:
            if self._answer is None:
                self._answer = self._stack.enter_context(self._setup.prepare())
        except NasframeError as error:
            return error
        except Exception as error:  # told to the run, which ends and says it
            return RunError(f"a worker of Ray's cannot be started ({type(error).__name__}: {error})")
        return self._answer(job)


@final
class RayActors(Engine):
    """Actors are spread over the nodes; one needs as many CPUs as it has threads, and a GPU if it computes on one."""

    name = "ray"

    def __init__(self, setup: Setup, workers: int, address: str | None, show: Show) -> None:
        """Args: address: of a cluster, as Ray takes it; None: Ray is started here, and ends with the run."""
        self._setup = setup
        self._workers = workers
        self._address = address
        self._crew = Crew(workers)
        self._show = show
        self._actors: dict[int, Any] = {}
        self._replies: dict[Any, int] = {}
        self._started = False

    @override
    def submit(self, job: Job) -> None:
        """Give it to an actor, or let it wait for one."""
        self._crew.add(job)
        self._assign()

    @override
    def next(self) -> Outcome:
        """Wait for an actor to reply, or to die once too often."""
        while True:
            self._assign()
            self._show(self._crew.told())
            ready, _ = ray.wait(list(self._replies), num_returns=1, timeout=REFRESH)
            found = self._heard(ready[0]) if ready else None
            if found is not None:
                return found

    @override
    def close(self) -> None:
        """End all actors, and Ray where it was started here."""
        for actor in self._actors.values():
            ray.kill(actor)
        self._actors, self._replies = {}, {}
        if self._started:
            ray.shutdown()

    def _heard(self, reference: Any) -> Outcome | None:
        worker = self._replies.pop(reference)
        try:
            answer: Reply = ray.get(reference)
        except ray.exceptions.RayError as error:
            del self._actors[worker]
            return self._crew.died(worker, str(error).strip().splitlines()[0])
        return self._crew.replied(worker, answer)

    def _assign(self) -> None:
        for worker, job in self._crew.assign():
            if worker not in self._actors:
                self._actors[worker] = self._actor()
            self._replies[self._actors[worker].evaluate.remote(job)] = worker

    def _actor(self) -> Any:
        self._connect()
        cpus, gpus = self._setup.threads, int(self._setup.device.startswith("cuda"))
        remote = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0, scheduling_strategy="SPREAD")
        return remote(Actor).remote(self._setup)

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a search tells nobody that it runs
        room = {"num_cpus": self._workers * self._setup.threads} if self._address is None else {}
        try:
            _require_listener(self._address)
            with _own_signals():
                ray.init(address=self._address or "local", logging_level="error", **room)
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(
                f"Ray cannot be reached at run.address {self._address!r} ({str(error).splitlines()[0]}); start it "
                "there by 'ray start --head', or leave the address out"
            ) from error
        self._started = True


def _require_listener(address: str | None) -> None:
    """Check that somebody listens at HOST:PORT, for Ray would try for many minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the run's way of stopping at SIGTERM, which Ray would replace by its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

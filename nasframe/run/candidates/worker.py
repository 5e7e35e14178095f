"""What a worker does, in whatever process: it finds its data once, then evaluates one candidate after the other."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

import torch

from nasframe.errors import NasframeError, RunError
from nasframe.evaluator import Evaluation, Evaluator, Runtime
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import Part
from nasframe.run.candidates.engine import Job, perform
from nasframe.run.device import numerics
from nasframe.run.problems import make_problem
from nasframe.space import SearchSpace
from nasframe.strategy import Problem

Reply = tuple[Evaluation, float] | NasframeError
"""A result and its seconds, or what ends the run."""


@dataclass(frozen=True)
class Setup:
    """All that a worker needs to know, so that it evaluates as the run's own process would."""

    space: Part[SearchSpace]
    evaluator: Part[Evaluator]
    runtime: Runtime
    run: RunOptions
    """Its ``threads`` are those of one worker."""

    def on(self, worker: int) -> Setup:
        """The setup of one worker, from 1: where there are several GPUs and none was named, they take turns."""
        several = torch.cuda.device_count() if self.runtime.device == "cuda" else 0
        if several < 2:
            return self
        return replace(self, runtime=replace(self.runtime, device=f"cuda:{(worker - 1) % several}"))

    @contextmanager
    def ready(self) -> Iterator[Problem]:
        """The problem, with torch set up as the run asks."""
        with numerics(self.run, self.runtime.device):
            yield make_problem(self.space, self.evaluator, self.runtime)


def reply(problem: Problem, job: Job) -> Reply:
    """What a worker answers."""
    try:
        return perform(problem, job)
    except NasframeError as error:
        return error


def serve(connection: Connection, setup: Setup, worker: int) -> None:
    """Evaluate the jobs that come over a connection, until it is closed: then the process ends at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which closes the connection
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs), daemon=True).start()
    try:
        with setup.on(worker).ready() as problem:
            while True:
                connection.send(reply(problem, jobs.get()))
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

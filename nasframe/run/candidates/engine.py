"""What evaluates candidates, and the engine that does it in this process."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch

from nasframe.evaluations import attempt
from nasframe.evaluator import Evaluation
from nasframe.genotype import Genotype
from nasframe.strategy import Problem
from nasframe.training.seeding import seed_all

Show = Callable[[Sequence[str]], None]
"""Is told now and then what each worker does."""
ATTEMPTS = 3
"""How often a candidate is evaluated at most whose workers die."""


@dataclass(frozen=True)
class Job:
    """A candidate to evaluate."""

    number: int
    """From 0, in the order of asking."""
    genotype: Genotype
    budget: float


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    job: Job
    result: Evaluation
    seconds: float
    worker: int
    """From 1; 0: none, for the result was in the folder that runs share."""


class Engine(ABC):
    """Evaluates candidates; the result does not depend on which engine does, nor on when."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Evaluate it as soon as a worker is free; first come, first served."""

    @abstractmethod
    def next(self) -> Outcome:
        """Wait for the next job that is finished, whichever it is.

        Raises:
            NasframeError: no worker can be started, or something is wrong that is not the candidate's fault.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop; what is not finished is given up."""


def perform(problem: Problem, job: Job) -> tuple[Evaluation, float]:
    """The result of a job and its seconds; torch's generators are seeded for it, and left as they were."""
    device = torch.device(problem.runtime.device)
    begun = time.monotonic()
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        seed_all(problem.runtime.seed, "search", "evaluate", job.number)
        result = attempt(problem.space, problem.evaluator, job.genotype, job.budget)
    return replace(result, tables={}, conditions={}), time.monotonic() - begun


@final
class Here(Engine):
    """Evaluates in this process, one candidate at a time, when a result is wanted."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._waiting: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        """Let it wait."""
        self._waiting.append(job)

    def next(self) -> Outcome:
        """Evaluate the one that has waited longest."""
        job = self._waiting.popleft()
        return Outcome(job, *perform(self._problem, job), worker=1)

    def close(self) -> None:
        """Nothing to stop."""

"""What evaluates the candidates of a search: the class that a component of kind ``engine`` names, and what it is given.

It stands beside the other things that plug-ins declare, below the run that uses it: an engine knows jobs and their
results, and neither experiments nor the core's own way to evaluate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar

from nasframe.errors import NasframeError
from nasframe.evaluations import Leg
from nasframe.evaluator import Curve, Evaluation
from nasframe.genotype import Genotype


@dataclass(frozen=True)
class Job:
    """A candidate to evaluate."""

    number: int
    """From 0, in the order of asking."""
    genotype: Genotype
    budget: float
    leg: Leg | None = None
    """Which part of a training it is; None: an evaluation by itself."""
    bars: Curve | None = field(default=None, compare=False)
    """Where its training is stopped, if its best score so far is below; None: the training is not watched."""

    @property
    def budgets(self) -> tuple[float, ...]:
        """All budgets to which its network is trained one after the other, the last one its own."""
        return (*(self.leg.budgets if self.leg else ()), self.budget)


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    job: Job
    result: Evaluation
    seconds: float
    processor_seconds: float
    """Of all threads of the process that evaluated it, meanwhile."""
    worker: int
    """From 1; 0: none, for the result was in the folder that runs share."""


Reply = tuple[Evaluation, float, float] | NasframeError
"""A worker's answer to a job: a result, its seconds and its processor seconds, or what ends the run."""
Evaluate = Callable[[Job], Reply]
"""What a worker does with a job."""
Show = Callable[[Sequence[str]], None]
"""Called now and then with what each worker does, in a few words."""


class Setup(ABC):
    """All that a worker needs to evaluate as the run's own process would; it can be pickled and sent to another one."""

    @property
    @abstractmethod
    def threads(self) -> int:
        """CPU threads of one worker."""

    @property
    @abstractmethod
    def device(self) -> str:
        """Torch device of a worker."""

    @abstractmethod
    def on(self, worker: int) -> Setup:
        """The setup of one worker, from 1, of several on this machine: they share out its GPUs, if none was named."""

    @abstractmethod
    def prepare(self) -> AbstractContextManager[Evaluate]:
        """Find the data, once, and set torch up; what is entered evaluates one job after the other.

        Raises:
            NasframeError: something is wrong with the data; the engine's ``next`` raises it.
        """


class Engine(ABC):
    """Evaluates candidates by workers; what comes out does not depend on which engine does it, nor on when.

    It is made when a search begins, and closed when that ends, however it ends. A worker enters ``setup.prepare()`` and
    answers jobs with it. Seeds, failures and records are the core's. A worker that dies should harm no other:
    ``nasframe.run.candidates.crew.Crew`` keeps who does what and what to do again.
    """

    name: ClassVar[str]
    """What ``run.engine`` calls it."""
    in_run: ClassVar[bool] = False
    """Whether the run's own process evaluates, so that its processor seconds count once."""

    @abstractmethod
    def __init__(self, setup: Setup, workers: int, address: str | None, show: Show) -> None:
        """Start nothing that costs: a search that goes on may find that no job is left.

        Args:
            workers: how many there are, at least 1.
            address: where they are, in the engine's own words; None: the user named no place.
        """

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
        """Stop all workers; what is not finished is given up."""

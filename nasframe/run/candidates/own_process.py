"""The engine that evaluates in the run's own process, where one worker is enough."""

from __future__ import annotations

from collections import deque
from typing import final

from typing_extensions import override

from nasframe.plugin.engine import Engine, Job, Outcome
from nasframe.run.candidates.trainings import Trainings
from nasframe.run.candidates.worker import perform
from nasframe.strategy import Problem


@final
class OwnProcess(Engine):
    """Evaluates one candidate at a time, when a result is wanted, by the problem that is there."""

    in_run = True

    def __init__(self, problem: Problem, trainings: Trainings | None = None) -> None:
        """Args: trainings: where those that may go on are kept; None: nowhere."""
        self._problem = problem
        self._trainings = trainings
        self._waiting: deque[Job] = deque()

    @override
    def submit(self, job: Job) -> None:
        self._waiting.append(job)

    @override
    def next(self) -> Outcome:
        """Evaluate the one that has waited longest."""
        job = self._waiting.popleft()
        return Outcome(job, *perform(self._problem, job, self._trainings), worker=1)

    @override
    def close(self) -> None:
        pass

"""What trainings left behind that may go on, a file for each candidate in the run folder's ``trainings/``."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from typing import final

from nasframe.errors import RunFolderError
from nasframe.plugin.engine import Job
from nasframe.runfolder.checkpoint import Position, read_state, save
from nasframe.runfolder.layout import RunLayout
from nasframe.training.legs import Reached


@final
@dataclass(frozen=True)
class Trainings:
    """The files of a run; workers write and read them where they see the run's folder.

    A file that is lost costs time alone: what it held is trained again, with the same result.
    """

    layout: RunLayout

    def prepare(self) -> None:
        """Make the folder; a worker that does not see it keeps nothing."""
        self.layout.trainings.mkdir(exist_ok=True)

    def find(self, job: Job) -> Reached | None:
        """What the leg before a job left; None: there is none, or it is lost, torn, or of another network."""
        if job.leg is None or job.leg.after is None:
            return None
        path = self.layout.training(job.leg.after + 1)
        try:
            state = read_state(path) if path.exists() else None
        except RunFolderError:
            return None
        expected = {"genotype": job.genotype.to_dict(), "budgets": [*job.leg.budgets]}
        if state is None or {key: state.get(key) for key in expected} != expected:
            return None
        return Reached(state["done"], state["state"])

    def keep(self, job: Job, reached: Reached) -> None:
        """Write what a job left, if another may go on from it.

        Raises:
            RunError: the disk is full, or the state holds more than tensors and plain data.
        """
        if job.leg is None or job.leg.last or not self.layout.trainings.is_dir():
            return
        state = {"genotype": job.genotype.to_dict(), "budgets": [*job.budgets], **vars(reached)}
        position = Position("", step=reached.done, steps=reached.done, events=0)
        save(self.layout.training(job.number + 1), position, state)

    def retain(self, numbers: Collection[int], told: int) -> None:
        """Delete the files of candidates before number ``told`` (from 0) that are not among these."""
        for path in self.layout.trainings.glob("[0-9]*.pt"):
            number = int(path.stem) - 1
            if number < told and number not in numbers:
                path.unlink()

    def clear(self) -> None:
        """Delete all: the search is over."""
        shutil.rmtree(self.layout.trainings, ignore_errors=True)

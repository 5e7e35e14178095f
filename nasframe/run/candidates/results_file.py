"""Evaluations that are finished, one a line in ``evaluations.jsonl``, so that none is lost or repeated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, final

from nasframe.evaluations import Leg
from nasframe.evaluator import Evaluation
from nasframe.files import atomic
from nasframe.genotype import Genotype
from nasframe.plugin.engine import Job, Outcome


@final
class Kept:
    """The evaluations of one run as they were finished, in whatever order.

    A run that was killed reads here what was finished and not told yet. A torn last line, of an evaluation that was
    being written when the process was killed, is dropped.
    """

    def __init__(self, path: Path) -> None:
        """Raises: RunError: a line is not what was written."""
        self._path = path
        self._found: dict[int, Outcome] = {}
        for outcome in atomic.read_json_lines(path, _read):
            self._found[outcome.job.number] = outcome

    def __iter__(self) -> Iterator[Job]:
        return (outcome.job for outcome in self._found.values())

    def outcomes(self) -> Collection[Outcome]:
        """All that were finished."""
        return self._found.values()

    def find(self, job: Job) -> Outcome | None:
        """What became of a job; None: it was never finished, or another job had its number."""
        found = self._found.get(job.number)
        return found if found is not None and found.job == job else None

    def add(self, outcome: Outcome) -> None:
        """Append an evaluation.

        Raises:
            RunError: the disk is full.
        """
        self._found[outcome.job.number] = outcome
        atomic.append_row(self._path, _written(outcome))


def _written(outcome: Outcome) -> dict[str, Any]:
    job = outcome.job
    return {
        "candidate": job.number + 1,
        "budget": job.budget,
        **({"legs": [*job.leg.budgets]} if job.leg else {}),
        **({"reached": outcome.result.budget} if outcome.result.budget != job.budget else {}),
        **outcome.result.to_dict("score", "metrics", "failure"),
        **({"curve": [*outcome.result.curve]} if outcome.result.curve else {}),
        "seconds": round(outcome.seconds, 3),
        "processor_seconds": round(outcome.processor_seconds, 3),
        "worker": outcome.worker,
        "genotype": job.genotype.to_dict(),
    }


def _read(line: Mapping[str, Any]) -> Outcome:
    leg = Leg(tuple(line["legs"])) if "legs" in line else None
    job = Job(line["candidate"] - 1, Genotype.from_dict(line["genotype"]), line["budget"], leg)
    spent = line["seconds"], line.get("processor_seconds", 0.0)  # older versions did not measure the latter
    result = Evaluation.from_dict({**line, "budget": line.get("reached", job.budget)})
    return Outcome(job, result, *spent, line["worker"])

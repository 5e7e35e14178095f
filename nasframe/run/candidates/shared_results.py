"""Results in a folder, for runs of one space, evaluator and seed to share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from nasframe.evaluator import Evaluation, Runtime
from nasframe.experiment.experiment import Experiment, Retrain
from nasframe.experiment.sections import Part
from nasframe.files import atomic
from nasframe.files.plain_json import parse
from nasframe.genotype import Genotype


@final
class Shared:
    """A file for each genotype and its budgets; failures are not shared, for another machine may have more memory."""

    def __init__(self, folder: Path, context: dict[str, Any]) -> None:
        """Args: context: all that a result depends on besides the genotype and the budget."""
        self._folder = folder
        self._context = context

    def find(self, genotype: Genotype, *budgets: float) -> Evaluation | None:
        """The result of a genotype in its canonical form; None: there is none, or it cannot be read.

        Args:
            budgets: one, or those to which it is trained one after the other.
        """
        try:
            data = parse(self._path(genotype, budgets).read_text(encoding="utf-8"))
            if data.pop(atomic.CHECKSUM, None) not in (None, atomic.checksum(data)):
                return None
            return Evaluation.from_dict(data)
        except (AttributeError, LookupError, OSError, TypeError, ValueError):
            return None

    def add(self, genotype: Genotype, result: Evaluation, before: tuple[float, ...] = ()) -> None:
        """Keep a result.

        Args:
            before: budgets from which the training went on to that of the result.

        Raises:
            RunError: it cannot be written.
        """
        if not result.failure:
            found = result.to_dict("budget", "score", "metrics", "failure")
            found |= {"curve": [*result.curve]} if result.curve else {}
            told = {**self._context, "genotype": genotype.to_dict(), **({"legs": [*before]} if before else {}), **found}
            told[atomic.CHECKSUM] = atomic.checksum(told)
            atomic.write_json(self._path(genotype, (*before, result.budget)), told)

    def _path(self, genotype: Genotype, budgets: tuple[float, ...]) -> Path:
        trained = budgets if len(budgets) > 1 else budgets[0]
        key = json.dumps([self._context, genotype.to_dict(), trained], sort_keys=True)
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def context(parts: Experiment | Retrain, runtime: Runtime, data: Mapping[str, str]) -> dict[str, Any]:
    """What the results of an experiment's search, or of its retraining, depend on, as plain data.

    Args:
        data: what identifies the evaluator's data; empty: it does not say.
    """
    known = {"data": hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()} if data else {}
    return {
        "space": _described(parts.space),
        "evaluator": _described(parts.evaluator),
        "seed": runtime.seed,
        "phase": runtime.phase,
        "precision": runtime.precision,
        **known,
    }


def _described(part: Part[Any]) -> dict[str, Any]:
    return {"type": part.component.name, "plugin": [part.distribution, part.version], **part.written()}

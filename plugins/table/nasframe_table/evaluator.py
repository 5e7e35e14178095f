"""The evaluator ``table``: the score of a genotype is what a table of finished trainings says."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from pydantic import Field
from typing_extensions import override

from nasframe import AbsolutePath, Candidate, DataError, Evaluation, Evaluator, Genotype, Labels, RunError, Task
from nasframe import Options as BaseOptions
from nasframe.files.fingerprints import fingerprint_of, sha256_of
from nasframe.files.words import quantity
from nasframe_table.rows import Row, read_rows


@final
class Table(Evaluator):
    """Reads accuracies; builds no network and trains nothing.

    Metrics: ``accuracy`` (the score), ``mean_accuracy`` (over all trainings of the genotype: what the score would be
    without noise), ``cost`` (simulated, see the option) and the fields that the option ``metrics`` names.
    """

    name: ClassVar[str] = "table"
    labels: ClassVar[Labels | None] = "images"

    class Options(BaseOptions):
        """Where the table is and how it is read; the defaults are those of NAS-Bench-Macro."""

        path: AbsolutePath
        """A JSON file that maps keys to rows, or a folder with one such file; ``~`` is your home, and a relative path
        starts where the command is started."""
        answers: dict[str, str] = Field(default={"identity": "0", "mb3_k3": "1", "mb6_k5": "2"})
        """What stands in a key for an answer; other answers stand for themselves."""
        separator: str = ""
        """What stands between the answers of a key, which are in the order asked."""
        accuracies: str = "test_acc"
        """Field of a row that lists the accuracies of one network trained with several seeds."""
        scale: float = Field(default=100.0, gt=0)
        """What a perfect accuracy is in the table: 100 or 1."""
        seed: Literal["drawn", "mean"] | int = "drawn"
        """Which training counts. ``drawn``: for each genotype one that follows from the experiment's seed, so that
        scores are as noisy as real ones; ``mean``: the mean of all; a number: always that one, from 0."""
        cost: str | None = "flops"
        """Field of a row that a training's cost is proportional to; the metric ``cost`` is that times the budget, as a
        share of the dearest row. None: every full training costs 1."""
        metrics: dict[str, str] = Field(default={"params": "params", "macs": "flops"})
        """Further metrics, and the fields of a row that they are read from."""
        channels: int = Field(default=3, ge=1)
        """Channels of the images that the table's networks were trained on."""
        size: int = Field(default=32, ge=1)
        """Height and width of those images in pixels."""
        classes: int = Field(default=10, ge=2)
        """Classes of those images."""

    options: Options

    @override
    def prepare(self) -> None:
        """Read the table.

        Raises:
            DataError: there is no table, or a row lacks a field or holds something else than numbers.
        """
        size = (self.options.size, self.options.size)
        self.task = Task(self.options.channels, self.options.classes, size, dense=False)
        self._path = _find(Path(self.options.path))
        self._rows = read_rows(self._path, self.options.accuracies, self._fields())
        trainings = min(len(row.accuracies) for row in self._rows.values())
        if isinstance(self.options.seed, int) and not 0 <= self.options.seed < trainings:
            raise DataError(
                f"evaluator.seed is {self.options.seed}, but {self._path} has rows of "
                f"{quantity(trainings, 'training')}: choose 0 to {trainings - 1}, 'drawn' or 'mean'"
            )
        self._dearest = max(self._cost(row) for row in self._rows.values())

    @override
    def evaluate(self, candidate: Candidate, budget: float = 1.0) -> Evaluation:
        """What the table says; the budget changes the cost, not the score.

        Raises:
            RunError: the table has no row for the genotype.
        """
        key = self._key(candidate.genotype)
        row = self._row(key, candidate.genotype)
        accuracies = [accuracy / self.options.scale for accuracy in row.accuracies]
        mean = sum(accuracies) / len(accuracies)
        score = mean if self.options.seed == "mean" else accuracies[self._training(key, len(accuracies))]
        metrics = {name: row.fields[field] for name, field in self.options.metrics.items()}
        cost = budget * self._cost(row) / self._dearest
        return Evaluation(score, {"accuracy": score, "mean_accuracy": mean, "cost": cost, **metrics})

    @override
    def record(self) -> Mapping[str, Any]:
        """Which table it was."""
        return {"table": str(self._path), "rows": len(self._rows), "crc32": zlib.crc32(self._path.read_bytes())}

    @override
    def fingerprint(self) -> Mapping[str, str]:
        """Of the table's file."""
        return {self._path.name: fingerprint_of(self._path.stat().st_size, sha256_of(self._path))}

    def _training(self, key: str, trainings: int) -> int:
        if isinstance(self.options.seed, int):
            return self.options.seed
        return zlib.crc32(f"{self.runtime.seed} {key}".encode()) % trainings

    def _fields(self) -> set[str]:
        return {*self.options.metrics.values(), *([self.options.cost] if self.options.cost else [])}

    def _cost(self, row: Row) -> float:
        return row.fields[self.options.cost] if self.options.cost else 1.0

    def _key(self, genotype: Genotype) -> str:
        texts = (answer if isinstance(answer, str) else json.dumps(answer) for _, answer in genotype.decisions)
        return self.options.separator.join(self.options.answers.get(text, text) for text in texts)

    def _row(self, key: str, genotype: Genotype) -> Row:
        if key not in self._rows:
            raise RunError(
                f"the table {self._path} has no row {key!r}, which is the key of the genotype "
                f"{dict(genotype.decisions)} of space {genotype.space!r}; its keys are "
                f"like {next(iter(self._rows))!r}. Use the table's own space, or set evaluator.answers and "
                "evaluator.separator"
            )
        return self._rows[key]


def _find(given: Path) -> Path:
    """The file that is meant.

    Raises:
        DataError: there is none, or a folder holds several.
    """
    if os.path.isfile(given):
        return given
    if not os.path.isdir(given):
        raise DataError(f"{given} does not exist; evaluator.path names a JSON table, or a folder that holds one")
    found = sorted(given.glob("*.json"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    raise DataError(f"expected one .json file in {given}, found {names}; name the file itself in evaluator.path")

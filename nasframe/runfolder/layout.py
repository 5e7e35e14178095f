"""Where each file of a run folder is, said once; ``docs/run-folder.md`` says the same to people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

__all__ = ["Phase", "RunLayout"]

Phase = Literal["search", "finalists", "ledger", "retrain"]
"""What a run is doing: searching, comparing the best that it has found, training what is left for a while from the
supernet's weights, or training it anew."""


@final
class _At:
    """A place in a run folder by its name there, which ends in ``/`` if it is a folder; read it as a ``Path``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: RunLayout, owner: type[RunLayout]) -> Path:
        return run.folder / self.name


@final
@dataclass(frozen=True)
class RunLayout:
    """The path of each file of a run folder, whether it is there or not."""

    folder: Path

    experiment = _At("experiment.yaml")
    """The experiment with every default written out."""
    origins = _At("origins.json")
    environment = _At("environment.json")
    status = _At("status.json")
    lock = _At("lock")
    checksums = _At("SHA256SUMS")
    """Of the files that are written once."""
    events = _At("events.jsonl")
    evaluations = _At("evaluations.jsonl")
    """Of the search's candidates."""
    trainings = _At("trainings/")
    """What candidates' trainings left that may go on, while the search lasts."""
    front = _At("front/")
    evaluator = _At("evaluator.json")
    """What the search's evaluator recorded."""
    data = _At("data.json")
    """What identifies the data, by file; and which changes were accepted when the run was gone on with."""
    task = _At("task.json")
    graph = _At("graph.json")
    """Of the whole space."""
    genotype = _At("genotype.yaml")
    """What was found, with the options of the search's space."""
    genotype_graph = _At("genotype.json")
    bounds = _At("bounds.json")
    """Where a search keeps to constraints by itself: what was found within them, and what would have been without."""
    snapshots = _At("snapshots/")
    checkpoints = _At("checkpoints/")
    finalists = _At("finalists/genotypes.json")
    """What the search named, best first; from here on it is over."""
    finalists_evaluations = _At("finalists/evaluations.jsonl")
    finalists_snapshots = _At("finalists/snapshots/")
    finalists_checkpoints = _At("finalists/checkpoints/")
    supernet_scores = _At("ledger/supernet.json")
    """What the search's supernet scores, mixed and as each genotype that the search named."""
    ledger = _At("ledger/scores.json")
    """The gap ledger, but for its last entry, which is in ``metrics``."""
    ledger_snapshots = _At("ledger/snapshots/")
    ledger_checkpoints = _At("ledger/checkpoints/")
    final_genotype = _At("retrain/genotype.yaml")
    """What was found, with the options of the final network."""
    retrain_evaluator = _At("retrain/evaluator.json")
    retrain_snapshots = _At("retrain/snapshots/")
    retrain_checkpoints = _At("retrain/checkpoints/")
    inherited = _At("retrain/inherited.pt")
    """What the supernet has learned of the genotype that was found, under the names of its network's tensors."""
    start = _At("retrain/start.json")
    """What of a given file's weights, or of these, the network took over."""
    weights = _At("retrain/weights.pt")
    metrics = _At("retrain/metrics.json")
    """Score, metrics and tables of the final network."""
    cost = _At("retrain/cost.json")
    pictures = _At("retrain/pictures/")
    report = _At("report.md")
    figures = _At("figures/")
    page = _At("report.html")

    @property
    def found(self) -> tuple[Path, ...]:
        """What is written for good when a search is over, or its genotype was given."""
        return (
            *(self.experiment, self.origins, self.environment, self.evaluator, self.task, self.graph),
            *(self.evaluations, self.front, self.genotype, self.genotype_graph, self.bounds, self.snapshots),
            *(self.finalists, self.supernet_scores, self.inherited),
        )

    @property
    def retrained(self) -> tuple[Path, ...]:
        """What is written for good when a run is done, besides what was ``found``."""
        return (
            *(self.events, self.data, self.finalists_evaluations, self.finalists_snapshots, self.final_genotype),
            *(
                self.ledger,
                self.ledger_snapshots,
                self.retrain_evaluator,
                self.retrain_snapshots,
                self.start,
                self.weights,
                self.metrics,
                self.cost,
            ),
        )

    def checkpoints_of(self, phase: Phase) -> Path:
        """The folder of a phase's checkpoints."""
        found = {
            "search": self.checkpoints,
            "finalists": self.finalists_checkpoints,
            "ledger": self.ledger_checkpoints,
            "retrain": self.retrain_checkpoints,
        }
        return found[phase]

    def evaluations_of(self, phase: Phase) -> Path:
        """The file of the evaluations of a phase that has candidates."""
        return self.finalists_evaluations if phase == "finalists" else self.evaluations

    def checkpoint(self, phase: Phase, step: int) -> Path:
        """A phase's state after so many steps."""
        return self.checkpoints_of(phase) / f"{phase}-{step:08}.pt"

    def snapshots_of(self, phase: Phase) -> Path:
        """The folder of a phase's snapshots."""
        found = {
            "search": self.snapshots,
            "finalists": self.finalists_snapshots,
            "ledger": self.ledger_snapshots,
            "retrain": self.retrain_snapshots,
        }
        return found[phase]

    def snapshot(self, phase: Phase, step: int) -> Path:
        """A phase's arrays to draw after so many steps."""
        return self.snapshots_of(phase) / f"{step:08}.npz"

    def training(self, candidate: int) -> Path:
        """What the training of a candidate left; the first candidate is 1."""
        return self.trainings / f"{candidate:05}.pt"

    def inherited_by(self, rank: int) -> Path:
        """The same of a genotype that the search named; the best is 1."""
        return self.finalists.parent / f"inherited-{rank:02}.pt"

    def on_front(self, candidate: int) -> Path:
        """The genotype of a candidate on the Pareto front; the first candidate is 1."""
        return self.front / f"{candidate:05}.yaml"

    def name(self, path: Path) -> str:
        """How messages and reports call a file: by its path from the folder on."""
        return path.relative_to(self.folder).as_posix()

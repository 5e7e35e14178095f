"""What a run folder holds, read as far as it is there: a run may be going on, or may have died while writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from nasframe.files.plain_json import parse
from nasframe.files.words import first_line
from nasframe.files.yaml_text import shown
from nasframe.genotype import Option
from nasframe.graph import with_weights
from nasframe.report.certainty import Certainty, compute
from nasframe.report.within_bounds import sentences
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, require_run

Plain = dict[str, Any]
Snapshots = tuple[tuple[int, Mapping[str, np.ndarray]], ...]
Weighted = tuple[tuple[int, nx.DiGraph], ...]

_MOST_SNAPSHOTS = 200


@dataclass(frozen=True)
class RunRecord:
    """A run folder's content; what is missing is empty or None."""

    folder: Path
    experiment: Plain
    origins: Plain
    """By the path of each of its values where it was written."""
    environment: Plain
    status: Plain
    evaluator: Plain
    data: Plain
    """What identifies the data of each phase, by file; and the changes that were accepted."""
    events: tuple[Plain, ...]
    graph: nx.DiGraph | None
    """Of the whole space."""
    genotype: nx.DiGraph | None
    """Of what was found."""
    decisions: Mapping[str, Option]
    """Of the same; empty where nothing is found yet."""
    snapshots: Snapshots
    """Step and arrays, in order."""
    weighted: Weighted
    """For each snapshot its step and the space's graph with its weights; those that do not fit it are left out."""
    bounds: Plain
    """What the constraints have cost, where the search kept to them by itself."""
    cost: Plain
    ledger: Plain
    """Scores of the supernet and of what started from it."""
    start: Plain
    """What the retraining started from, where that were not random weights."""
    metrics: Plain
    """Of the retrained network: score, metrics, tables."""
    pictures: tuple[Path, ...]
    faults: tuple[str, ...]
    """Files that are there but cannot be read, and why."""

    @property
    def layout(self) -> RunLayout:
        """Where each of its files is."""
        return RunLayout(self.folder)

    @property
    def last_weights(self) -> nx.DiGraph | None:
        """The space's graph with the weights of the last snapshot."""
        return self.weighted[-1][1] if self.weighted else None

    @cached_property
    def certainty(self) -> Certainty | None:
        """How sure the search is; None where no snapshot has weights."""
        return compute(self.weighted)


def read(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        RunFolderError: it is none.
    """
    files, reader = require_run(folder), RunReader(folder)
    graph, snapshots = reader.graph(files.graph), _snapshots(reader)
    weighted, misfits = _weighted(graph, snapshots)
    return RunRecord(
        folder,
        experiment=reader.mapping(files.experiment),
        origins=reader.mapping(files.origins),
        environment=reader.mapping(files.environment),
        status=reader.mapping(files.status, _status),
        evaluator=reader.mapping(files.evaluator),
        data=reader.mapping(files.data),
        events=reader.events(),
        graph=graph,
        genotype=reader.graph(files.genotype_graph),
        decisions=reader.decisions(),
        snapshots=snapshots,
        weighted=weighted,
        bounds=reader.mapping(files.bounds, _bounds),
        cost=reader.mapping(files.cost),
        ledger=reader.mapping(files.ledger, _ledger),
        start=reader.mapping(files.start),
        metrics=reader.mapping(files.metrics, _metrics),
        pictures=tuple(sorted(files.pictures.glob("*.png"))),
        faults=(*(f"`{files.name(path)}` {fault}" for path, fault in reader.faults), *misfits),
    )


def _snapshots(reader: RunReader) -> Snapshots:
    """Step and arrays of each snapshot; of very many, some that are evenly spread, the last one among them."""
    paths = list(reader.snapshots().items())
    stride = -(-len(paths) // _MOST_SNAPSHOTS) or 1
    found = [(step, reader.arrays(path)) for step, path in paths[::-1][::stride][::-1]]
    return tuple((step, arrays) for step, arrays in found if arrays is not None)


def _weighted(graph: nx.DiGraph | None, snapshots: Snapshots) -> tuple[Weighted, list[str]]:
    """The graph with the weights of each snapshot that fits it, and what is wrong with the others."""
    found, faults = [], []
    for step, arrays in snapshots if graph is not None else ():
        try:
            found.append((step, with_weights(graph, arrays)))
        except (IndexError, TypeError, ValueError) as error:
            faults.append(f"the snapshot of step {step} does not fit `graph.json` ({first_line(error)})")
    return tuple(found), faults


def _status(text: str) -> Any:
    """What the report says of the run's state."""
    found = parse(text)
    for key, kind in {"state": str, "phase": str, "step": int, "steps": int}.items():
        if not isinstance(found.get(key), kind | None):
            raise ValueError(f"{key} is {shown(found[key])}, expected {kind.__name__}")
    return found


def _bounds(text: str) -> Any:
    """What ``within_bounds.sentences`` can say something of."""
    found = parse(text)
    tuple(sentences(found))
    return found


def _ledger(text: str) -> Any:
    """Three scores, of which the first may be None, and a budget."""
    found = parse(text)
    for name in ("one_hot", "short", "budget", "mixed"):
        if not isinstance(found[name], int | float) and (name, found[name]) != ("mixed", None):
            raise ValueError(f"{name} is {found[name]!r}, which is no number")
    return found


def _metrics(text: str) -> Any:
    """Score, metrics and tables, where each table has columns and rows of as many cells."""
    found = parse(text)
    for name, table in found.get("tables", {}).items():
        if any(len(row) != len(table["columns"]) for row in table["rows"]):
            raise ValueError(f"table {name!r} has a row that is not as long as its columns")
    return found

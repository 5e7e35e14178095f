"""What a run folder holds, read as far as it is there: a run may be going on, or may have died while writing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import networkx as nx
import numpy as np
import yaml

from nasframe.errors import RunFolderError
from nasframe.graph import from_json, with_weights

T = TypeVar("T")
Plain = dict[str, Any]
Snapshots = tuple[tuple[int, Mapping[str, np.ndarray]], ...]

_SIGNS = ("experiment.yaml", "status.json", "events.jsonl")
_MOST_SNAPSHOTS = 200
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, yaml.YAMLError, nx.NetworkXError)
"""What reading a torn or foreign file may raise."""


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
    events: tuple[Plain, ...]
    graph: nx.DiGraph | None
    """Of the whole space."""
    genotype: nx.DiGraph | None
    """Of what was found."""
    snapshots: Snapshots
    """Step and arrays, in order."""
    weighted: tuple[tuple[int, nx.DiGraph], ...]
    """For each snapshot its step and the space's graph with its weights; those that do not fit it are left out."""
    cost: Plain
    metrics: Plain
    """Of the retrained network: score, metrics, tables."""
    pictures: tuple[Path, ...]
    faults: tuple[str, ...]
    """Files that are there but cannot be read, and why."""

    @property
    def last_weights(self) -> nx.DiGraph | None:
        """The space's graph with the weights of the last snapshot."""
        return self.weighted[-1][1] if self.weighted else None


def read(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        RunFolderError: it is none.
    """
    _refuse_other(folder)
    reader = _Reader(folder)
    graph, snapshots = reader.file("graph.json", _graph), reader.snapshots()
    return RunRecord(
        folder,
        experiment=reader.mapping("experiment.yaml", yaml.safe_load),
        origins=reader.mapping("origins.json", json.loads),
        environment=reader.mapping("environment.json", json.loads),
        status=reader.mapping("status.json", json.loads),
        evaluator=reader.mapping("evaluator.json", json.loads),
        events=reader.file("events.jsonl", _events) or (),
        graph=graph,
        genotype=reader.file("genotype.json", _graph),
        snapshots=snapshots,
        weighted=reader.weighted(graph, snapshots),
        cost=reader.mapping("retrain/cost.json", json.loads),
        metrics=reader.mapping("retrain/metrics.json", _metrics),
        pictures=tuple(sorted((folder / "retrain" / "pictures").glob("*.png"))),
        faults=tuple(reader.faults),
    )


def _refuse_other(folder: Path) -> None:
    if any((folder / name).is_file() for name in _SIGNS):
        return
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir())
        found = f"it holds {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else "it is empty"
    else:
        found = "it is a file" if folder.exists() else "it does not exist"
    raise RunFolderError(
        f"{folder} is no run folder: {found}. A run folder has {' or '.join(_SIGNS)}; "
        "name the folder that 'nasframe run' printed"
    )


@dataclass
class _Reader:
    folder: Path
    faults: list[str] = field(default_factory=list)

    def file(self, name: str, parse: Callable[[str], T]) -> T | None:
        """A file's content; None where it is missing or cannot be read."""
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            return parse(path.read_text(encoding="utf-8", errors="replace"))
        except _UNREADABLE as error:
            self.faults.append(f"`{name}` cannot be read ({type(error).__name__}: {_first_line(error)})")
            return None

    def mapping(self, name: str, parse: Callable[[str], Any]) -> Plain:
        """A file that holds a mapping; empty where it is missing or holds something else."""
        found = self.file(name, parse)
        if found is not None and not isinstance(found, dict):
            self.faults.append(f"`{name}` should hold a mapping, but holds a {type(found).__name__}")
        return found if isinstance(found, dict) else {}

    def snapshots(self) -> Snapshots:
        """Step and arrays of each snapshot; of very many, some that are evenly spread, the last one among them."""
        paths = sorted(path for path in (self.folder / "snapshots").glob("*.npz") if path.stem.isdigit())
        stride = -(-len(paths) // _MOST_SNAPSHOTS) or 1
        found: list[tuple[int, Mapping[str, np.ndarray]]] = []
        for path in paths[::-1][::stride][::-1]:
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    found.append((int(path.stem), dict(arrays)))
            except (*_UNREADABLE, zipfile.BadZipFile) as error:
                self.faults.append(f"`snapshots/{path.name}` cannot be read ({_first_line(error)})")
        return tuple(found)

    def weighted(self, graph: nx.DiGraph | None, snapshots: Snapshots) -> tuple[tuple[int, nx.DiGraph], ...]:
        """The graph with the weights of each snapshot that fits it."""
        found: list[tuple[int, nx.DiGraph]] = []
        for step, arrays in snapshots if graph is not None else ():
            try:
                found.append((step, with_weights(graph, arrays)))
            except (IndexError, TypeError, ValueError) as error:
                self.faults.append(f"the snapshot of step {step} does not fit `graph.json` ({_first_line(error)})")
        return tuple(found)


def _events(text: str) -> tuple[Plain, ...]:
    """One record a line; lines that are none, as the last one of a killed run may be, are left out."""
    records = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return tuple(records)


def _metrics(text: str) -> Any:
    """Score, metrics and tables, where each table has columns and rows of as many cells."""
    found = json.loads(text)
    for name, table in found.get("tables", {}).items():
        if any(len(row) != len(table["columns"]) for row in table["rows"]):
            raise ValueError(f"table {name!r} has a row that is not as long as its columns")
    return found


def _graph(text: str) -> nx.DiGraph:
    """A graph whose nodes and edges have the attributes that every drawing needs."""
    graph = from_json(text)
    for node, data in graph.nodes(data=True):
        if missing := {"part", "kind", "layer", "level"} - data.keys():
            raise ValueError(f"node {node!r} lacks {', '.join(sorted(missing))}")
    for a, b, data in graph.edges(data=True):
        if "kind" not in data:
            raise ValueError(f"edge {a!r} to {b!r} lacks kind")
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError("the graph has a cycle")
    return graph


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

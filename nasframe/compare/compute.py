"""What several runs have in common and in what they differ, computed from their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import networkx as nx

from nasframe import decode
from nasframe.derive import favoured, path_of
from nasframe.errors import GenotypeError
from nasframe.files import genotypes
from nasframe.genotype import Option
from nasframe.graph import NETWORK, part
from nasframe.report.ledger import entries
from nasframe.report.record import RunRecord
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.listing import state_of, worked_seconds

PARTS = ("space", "strategy", "evaluator")
Origin = Literal["found", "favoured so far", "nothing yet"]
Operations = tuple[tuple[str, str, str], ...]
"""Of each edge of the cells the node it leaves, the one it enters, and its operation. Keys are left out: which of a
block's inputs is the left one makes no other network."""


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs; what it does not know is None or empty."""

    name: str
    folder: Path
    state: str
    parts: Mapping[str, str]
    """Space, strategy and evaluator."""
    score: float | None
    metrics: Mapping[str, float]
    ledger: Mapping[str, float]
    """Entries of the gap ledger by name, in order."""
    params: int | None
    macs: int | None
    minutes: Mapping[str, float]
    """By phase."""
    origin: Origin
    """Where path and cells come from."""
    path: tuple[str, ...]
    """The nodes of the space's graph."""
    labels: tuple[str, ...]
    """Of the path's nodes but the first."""
    levels: tuple[int, ...]
    operations: Operations
    """Of the cells' edges."""
    decisions: Mapping[str, Option]
    """Of the genotype; empty where none is derived yet."""


@dataclass(frozen=True)
class Pair:
    """Two runs whose architectures can be compared."""

    first: str
    second: str
    path: decode.Distance | None
    """None: the paths are not of one trellis."""
    edges: int
    """Cell edges that both have, whatever their operation."""
    same: int
    """Of these, those with the same operation."""
    all_edges: int
    """Cell edges that one or the other has; 0: they have no cell in common."""
    decisions: int | None
    """How many decisions differ; None: one has no genotype, or they are of different spaces."""


@dataclass(frozen=True)
class Comparison:
    """All that is said of the runs together."""

    runs: tuple[ComparedRun, ...]
    pairs: tuple[Pair, ...]
    differing: Mapping[str, tuple[Option | None, ...]]
    """The decisions in which genotypes of one space differ, with each run's answer; None: it has none."""
    on_trellis: tuple[str, ...]
    """The runs whose paths are of one trellis: the first run's that has one."""
    remarks: tuple[str, ...]
    """What cannot be compared, and why."""


def compare(records: Sequence[RunRecord]) -> Comparison:
    """Compare runs, finished or not, of one space or of several."""
    runs = [_run(name, record) for name, record in zip(names(records), records, strict=True)]
    trellises = {run.name: _moves(record.graph) for run, record in zip(runs, records, strict=True)}
    reference = next((run.name for run in runs if run.path and trellises[run.name]), None)
    alike = [
        run.name for run in runs if reference is not None and run.path and trellises[run.name] == trellises[reference]
    ]
    pairs = [_pair(one, other, trellises) for one, other in combinations(runs, 2)]
    return Comparison(
        runs=tuple(runs),
        pairs=tuple(pair for pair in pairs if pair.path or pair.all_edges or pair.decisions is not None),
        differing=_differing(runs),
        on_trellis=tuple(alike),
        remarks=tuple(_remarks(runs, records, alike)),
    )


def names(records: Sequence[RunRecord]) -> list[str]:
    """The runs' names: those of their folders, or the whole paths where two are called the same."""
    short = [record.folder.resolve().name for record in records]
    return [name if short.count(name) == 1 else str(record.folder) for name, record in zip(short, records, strict=True)]


def _metrics(record: RunRecord) -> Iterator[tuple[str, float | None]]:
    """Of the network on ``val``, and on what was set aside."""
    yield from record.metrics.get("metrics", {}).items()
    for key, value in record.metrics.get("holdout", {}).get("metrics", {}).items():
        yield f"holdout_{key}", value


def _run(name: str, record: RunRecord) -> ComparedRun:
    chosen, origin = _chosen(record)
    path = path_of(chosen) if chosen is not None else ()
    at = chosen.nodes if chosen is not None else {}
    return ComparedRun(
        name=name,
        folder=record.folder,
        state=state_of(record.folder, record.status),
        parts={key: str(section["type"]) for key in PARTS if "type" in (section := record.experiment.get(key) or {})},
        score=record.metrics.get("score"),
        metrics={key: value for key, value in _metrics(record) if value is not None},
        ledger={entry.key: entry.score for entry in entries(record)},
        params=record.cost.get("params"),
        macs=record.cost.get("macs"),
        minutes={
            phase: worked_seconds(record.events, phase) / 60
            for phase in ("search", "retrain")
            if any(event.get("phase") == phase for event in record.events)
        },
        origin=origin,
        path=path,
        labels=tuple(str(at[node].get("label", node)) for node in path[1:]),
        levels=tuple(int(at[node]["level"]) for node in path[1:]),
        operations=_operations(chosen),
        decisions=_decisions(record.layout),
    )


def _chosen(record: RunRecord) -> tuple[nx.DiGraph | None, Origin]:
    if record.genotype is not None:
        return record.genotype, "found"
    if record.last_weights is not None and (so_far := favoured(record.last_weights)) is not None:
        return so_far, "favoured so far"
    return None, "nothing yet"


def _decisions(files: RunLayout) -> Mapping[str, Option]:
    try:
        return genotypes.read(files.genotype).genotype.answers
    except GenotypeError:
        return {}


def _operations(chosen: nx.DiGraph | None) -> Operations:
    carried = chosen.edges(data="operation") if chosen is not None else ()
    return tuple((before, node, operation) for before, node, operation in carried if operation is not None)


def _ends(operations: Operations) -> Counter[tuple[str, str]]:
    """How many edges go from one node to another, whatever they carry."""
    return Counter((before, node) for before, node, _ in operations)


def _moves(graph: nx.DiGraph | None) -> frozenset[tuple[str, str]]:
    """The moves of a trellis: two with the same ones are the same trellis."""
    network = part(graph, NETWORK).edges(data="kind") if graph is not None else ()
    return frozenset((before, node) for before, node, kind in network if kind == "move")


def _pair(one: ComparedRun, other: ComparedRun, trellises: Mapping[str, frozenset[tuple[str, str]]]) -> Pair:
    same_trellis = one.path and other.path and trellises[one.name] == trellises[other.name]
    same_space = one.parts.get("space") == other.parts.get("space") is not None
    both = same_space and one.operations and other.operations
    cells, others = (one.operations, other.operations) if both else ((), ())
    first, second = _ends(cells), _ends(others)
    keys = {*one.decisions, *other.decisions}
    comparable = same_space and one.decisions and other.decisions
    return Pair(
        first=one.name,
        second=other.name,
        path=decode.distance(one.levels, other.levels) if same_trellis else None,
        edges=(first & second).total(),
        same=(Counter(cells) & Counter(others)).total(),
        all_edges=(first | second).total(),
        decisions=sum(one.decisions.get(key) != other.decisions.get(key) for key in keys) if comparable else None,
    )


def _differing(runs: Sequence[ComparedRun]) -> dict[str, tuple[Option | None, ...]]:
    spaces = {run.parts.get("space") for run in runs if run.decisions}
    if len(spaces) != 1 or sum(bool(run.decisions) for run in runs) < 2:
        return {}
    keys = dict.fromkeys(key for run in runs for key in run.decisions)
    answers = {key: tuple(run.decisions.get(key) for run in runs) for key in keys}
    told = [index for index, run in enumerate(runs) if run.decisions]
    return {key: given for key, given in answers.items() if len({given[index] for index in told}) > 1}


def _remarks(runs: Sequence[ComparedRun], records: Sequence[RunRecord], alike: Sequence[str]) -> Iterable[str]:
    for key, what in (("space", "decisions and cells"), ("evaluator", "scores and curves")):
        kinds = {run.name: run.parts.get(key, "unknown") for run in runs}
        if len(set(kinds.values())) > 1:
            listed = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
            yield f"The runs have different {key}s ({listed}): their {what} cannot be compared with each other."
    options = [_task_options(record.experiment) for record in records]
    if any(other != options[0] for other in options[1:]) and len({run.parts.get("evaluator") for run in runs}) == 1:
        yield "The evaluators have different options; scores are comparable only if these leave the test as it is."
    for run in runs:
        if run.origin != "found":
            yield f"{run.name} is {run.state} and has derived no genotype: its path and cells are {run.origin}."
        elif not run.path:
            yield f"{run.name} has no path: its space has no trellis of moves."
        elif run.name not in alike:
            yield f"{run.name} is of another trellis than {alike[0]}: their paths cannot be drawn together."
        if run.score is None:
            yield f"{run.name} has no score: it is not retrained."
    for run, record in zip(runs, records, strict=True):
        yield from (f"{run.name}: {fault}" for fault in record.faults)


def _task_options(experiment: Mapping[str, Any]) -> object:
    """What the evaluator of retraining is given, but for how fast it works."""
    retrain = experiment.get("retrain") or {}
    return {**(experiment.get("evaluator") or {}), **(retrain.get("evaluator") or {})}

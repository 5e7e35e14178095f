"""What a derivation starts from: a run's space as a graph with mixing weights, and as the component that it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from nasframe.errors import RunFolderError
from nasframe.experiment.checking import load
from nasframe.experiment.run_options import RunOptions
from nasframe.graph import edges, with_weights
from nasframe.plugin.registry import Registry
from nasframe.runfolder.reading import read_genotype_graph, read_graph, read_snapshot, require_experiment
from nasframe.space import SearchSpace


@dataclass(frozen=True)
class Weighted:
    """A run's space after some step of its search."""

    folder: Path
    step: int
    graph: nx.DiGraph
    """With the mixing weights of the snapshot."""
    genotype: nx.DiGraph | None
    """What the run itself derived, if it has come so far."""


@dataclass(frozen=True)
class FinalSpace:
    """The space that the networks of a run are built from: with the options of retraining, if there is one."""

    space: SearchSpace
    options: Mapping[str, Any]
    """As plain data."""
    distribution: str
    version: str
    runtime: tuple[RunOptions, int]
    """How the run is run, and its seed: on which device."""


def read_weighted(folder: Path, step: int | None = None) -> Weighted:
    """A run's space with the weights of a snapshot.

    Args:
        step: of the search; None: the last snapshot.

    Raises:
        RunFolderError: something that is needed is missing, or the snapshot does not fit the graph.
    """
    graph = read_graph(folder)
    step, arrays = read_snapshot(folder, step)
    try:
        weighted = with_weights(graph, arrays)
    except (IndexError, TypeError, ValueError) as error:
        raise RunFolderError(f"the snapshot of step {step} in {folder} does not fit graph.json ({error})") from error
    if not any("value" in data for _, data in edges(weighted)):
        raise RunFolderError(
            f"the snapshots in {folder} hold {', '.join(arrays) or 'nothing'}, to which no edge of graph.json refers: "
            "there are no mixing weights to decode"
        )
    return Weighted(folder, step, weighted, read_genotype_graph(folder))


def read_final_space(folder: Path, registry: Registry) -> FinalSpace:
    """The space component of a run.

    Raises:
        NasframeError: the experiment cannot be read, or its plug-ins are not installed.
    """
    experiment = load(require_experiment(folder), registry=registry)
    part = (experiment.retrain or experiment).space
    space = part.cls(part.options)
    return FinalSpace(space, part.written(), part.distribution, part.version, (experiment.run, experiment.seed))

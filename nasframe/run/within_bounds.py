"""What the constraints have cost a search that keeps to them by itself, written into the run folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx

from nasframe.cost.counting import count
from nasframe.files import atomic
from nasframe.genotype import Genotype
from nasframe.graph import log_weight, with_weights
from nasframe.runfolder.layout import RunLayout
from nasframe.strategy import Bounded, Problem, Strategy


def write_bounds(files: RunLayout, problem: Problem, strategy: Strategy, found: Genotype) -> None:
    """Write the bounds, what was found within them and what would have been found without; nothing without bounds."""
    free = strategy.without_bounds() if isinstance(strategy, Bounded) and problem.bounds else None
    if free is None:
        return
    weighted = with_weights(problem.space.graph(), strategy.snapshot())
    written = {"bounds": dict(problem.bounds), "found": _facts(problem, weighted, found)}
    atomic.write_json(files.bounds, {**written, "without_bounds": _facts(problem, weighted, free)})


def _facts(problem: Problem, weighted: nx.DiGraph, genotype: Genotype) -> Mapping[str, Any]:
    cost = count(problem.space, genotype, problem.evaluator.task)
    return {
        **genotype.to_dict(),
        "params": cost.params,
        "macs": cost.macs,
        "log_probability": log_weight(weighted, problem.space.graph(genotype)),
    }

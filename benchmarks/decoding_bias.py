"""Where do flat or noisy betas lead? The paths that each rule of decoding makes of noise, against random paths.

    python benchmarks/decoding_bias.py

Betas are drawn with logits from N(0, s²), as a search leaves them that has learned nothing of the path, and decoded by
every rule of the space `autodeeplab`: literal Eq. 7 of Auto-DeepLab (Liu et al., CVPR 2019), and the rule that makes up
for borders having fewer moves. What is told is the mean level in each layer (log2 of the stride over 4) and the path's
multiply-adds as a multiple of what random paths have in the mean, all with the same cells. A rule without a preference
of its own would tell as much as random paths do: all paths alike likely, or all moves out of each node.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import numpy as np
from timing import machine

from nasframe import Task
from nasframe.cost.counting import counted
from nasframe.decode import RULES, k_best, places, priced_path, terminals
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.graph import with_weights
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, last_states, moves

EXAMPLES = Path(__file__).parent.parent / "examples"
SETTINGS = (("autodeeplab_cityscapes.yaml", (1025, 2049)), ("camvid.yaml", (120, 160)))
"""Experiments, whose retrained networks are counted, and the size of their images."""
CELLS = 4
"""Random ones, over which multiply-adds are averaged."""

Nodes = Sequence[str]


class Told(NamedTuple):
    """What became of a number of betas, or of random paths."""

    levels: np.ndarray
    """The mean level in each layer, shape (L,)."""
    macs: float
    """Mean multiply-adds as a multiple of those of paths drawn evenly."""
    error: float = 0.0
    """Standard error of that mean; 0: it is exact."""


class Setting:
    """A space at the size of some images."""

    def __init__(self, file: str, size: tuple[int, int]) -> None:
        experiment = load(EXAMPLES / file, ("evaluator.root=.",))
        assert experiment.retrain is not None, "the examples retrain"
        self.space = AutoDeepLab(experiment.retrain.space.options)
        self.title = f"L={self.space.options.layers}, {file} at {size[0]}x{size[1]}"
        self.trellis = moves(self.space.trellis)
        self.ends = last_states(self.space.trellis)
        cells = [sample(self.space, np.random.default_rng(number)) for number in range(CELLS)]
        task = Task(in_channels=3, num_classes=19, size=size)
        self.priced = [self.space.priced_trellis(cell, task, counted) for cell in cells]
        self.mean_macs = [_mean(graph, _even_paths(graph)) for graph in self.priced]

    def random(self, *, moves: bool) -> Told:
        """What random paths have in the mean, exactly.

        Args:
            moves: all moves out of a place are alike likely; else all paths are.
        """
        drawn = [_even_moves(graph, self.trellis) if moves else _even_paths(graph) for graph in self.priced]
        macs = [_mean(graph, chances) for graph, chances in zip(self.priced, drawn, strict=True)]
        levels = np.zeros(self.space.options.layers)
        for (_, node), chance in drawn[0].items():
            (place,) = places(self.priced[0], [node])
            levels[self.trellis.nodes[place]["layer"] - 1] += chance * self.trellis.nodes[place]["level"]
        return Told(levels, float(np.mean(np.array(macs) / self.mean_macs)))

    def decoded(self, rule: str, spread: float, draws: int) -> Told:
        """What a rule makes of betas whose logits have a standard deviation; the same betas for every rule."""
        if spread == 0:
            draws = 1  # all are alike
        rng = np.random.default_rng(0)
        paths = [self._path(rule, spread * rng.standard_normal(self._table)) for _ in range(draws)]
        levels = np.array([[self.trellis.nodes[node]["level"] for node in path[1:]] for path in paths])
        cost = {path: self._cost(path) for path in set(paths)}
        ratios = np.array([cost[path] for path in paths])
        error = float(ratios.std(ddof=1) / np.sqrt(draws)) if draws > 1 else 0.0
        return Told(levels.mean(0), float(ratios.mean()), error)

    @property
    def _table(self) -> tuple[int, int]:
        return 1 + max(row for _, _, (_, row, _) in self.trellis.edges(data="weight")), 3

    def _path(self, rule: str, logits: np.ndarray) -> tuple[str, ...]:
        """The most probable path, with a softmax over the moves that a node has (Eq. 7)."""
        there = np.zeros(self._table, dtype=bool)
        for _, _, (_, row, column) in self.trellis.edges(data="weight"):
            there[row, column] = True
        shares = np.where(there, np.exp(logits), 0.0)
        valued = with_weights(self.trellis, {"move": shares / shares.sum(1, keepdims=True)})
        return k_best(RULES[rule](valued), ENTRY, self.ends)[0].nodes

    def _cost(self, path: Nodes) -> float:
        found = []
        for graph, mean in zip(self.priced, self.mean_macs, strict=True):
            nodes = priced_path(graph, path)
            found.append(sum(graph.edges[move]["macs"] for move in pairwise(nodes)) / mean)
        return float(np.mean(found))


Chances = Mapping[tuple[str, str], float]
"""By move, the probability that a path takes it."""


def _even_paths(graph: nx.DiGraph) -> Chances:
    """All paths alike likely."""
    return _drawn(graph, lambda place: 1.0)


def _even_moves(graph: nx.DiGraph, trellis: nx.DiGraph) -> Chances:
    """All moves out of a place alike likely, as random search draws them and as flat betas weigh them."""
    return _drawn(graph, lambda place: 1 / trellis.out_degree(place))


def _drawn(graph: nx.DiGraph, weight: Callable[[str], float]) -> Chances:
    """Paths as likely as the product of their moves' weights, which follow from where a move begins.

    Several nodes of a priced graph stand for one place, by what comes after, so chances are of whole paths.
    """
    start, ends = terminals(graph)
    order = list(nx.topological_sort(graph))
    before, after = ({node: 0.0 for node in order} for _ in range(2))
    weights = {node: weight(places(graph, [node])[0]) if graph.out_degree(node) else 0.0 for node in order}
    before[start] = 1.0
    for node in order:
        for target in graph.successors(node):
            before[target] += before[node] * weights[node]
    for node in reversed(order):
        after[node] = 1.0 if node in ends else weights[node] * sum(after[target] for target in graph.successors(node))
    return {(a, b): before[a] * weights[a] * after[b] / after[start] for a, b in graph.edges}


def _mean(graph: nx.DiGraph, chances: Chances) -> float:
    """The mean multiply-adds of paths that take moves with these probabilities."""
    return sum(chance * graph.edges[move]["macs"] for move, chance in chances.items())


def table(setting: Setting, spreads: Sequence[float], draws: int) -> str:
    """A row for each rule and standard deviation, below those of random paths."""
    layers = setting.space.options.layers

    def row(name: str, spread: str, told: Told) -> str:
        error = f" ± {2 * told.error:.3f}" if told.error else ""
        shown = (f"{level:.2f}" for level in (*told.levels, told.levels.mean()))
        return f"| {name} | {spread} | {' | '.join(shown)} | {told.macs:.3f}{error} |"

    def lines() -> Iterator[str]:
        yield f"| path by | s | {' | '.join(str(layer + 1) for layer in range(layers))} | mean | multiply-adds |"
        yield f"| --- | ---: |{' ---: |' * (layers + 2)}"
        yield row("even paths", "", setting.random(moves=False))
        yield row("even moves", "", setting.random(moves=True))
        for rule in RULES:
            for spread in spreads:
                yield row(f"`{rule}`", f"{spread:g}", setting.decoded(rule, spread, draws))

    return "\n".join(lines())


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--draws", type=int, default=1000, help="of betas, for each s (default: %(default)s)")
    asked.add_argument("--spreads", default="0,0.01,0.1,0.3,1", help="the s, of logits (default: %(default)s)")
    given = asked.parse_args()
    print(machine())
    for file, size in SETTINGS:
        setting = Setting(file, size)
        spreads = [float(spread) for spread in given.spreads.split(",")]
        print(f"\n{setting.title}:\n\n{table(setting, spreads, given.draws)}")


if __name__ == "__main__":
    main()

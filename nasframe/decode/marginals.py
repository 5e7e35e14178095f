"""How probable each node and each move is when a path is drawn, not maximised: forward-backward, in logs.

A path is drawn with a probability proportional to the product of its moves' values; the sum of all products, the
partition sum, makes them probabilities. Where the values that leave each node sum to 1 and every path goes on to
an end, as in a trellis under Auto-DeepLab's Eq. 7, the partition sum is 1.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import networkx as nx
import numpy as np

from nasframe.decode.moves import Moves, moves_between


@dataclass(frozen=True)
class Marginals:
    """The distribution of paths through a trellis."""

    start: str
    nodes: Mapping[str, float]
    """The probability that a path visits a node, for every node that one can; by layer."""
    moves: Mapping[tuple[str, str], float]
    """The probability that a path takes a move."""
    ends: Mapping[str, float]
    """The probability that a path ends at a node."""
    layer_entropy: Mapping[int, float]
    """Of each layer, in nats: how uncertain it is where a path crosses it. (To jump over it is one more outcome.)"""
    entropy: float
    """Of the whole path, in nats; its exponential is the number of equally probable paths as uncertain as these."""
    log_partition: float
    """The natural logarithm of the sum of all paths' products: ``log_probability`` of a path minus this is the
    logarithm of its probability to be drawn."""

    def sample(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Draw one path; one number of the generator for each of its nodes."""
        path = [self.start]
        while True:
            targets, shares = self._onward[path[-1]]
            drawn = bisect_right(shares, float(rng.random()) * shares[-1])
            if drawn == len(targets):
                return tuple(path)
            path.append(targets[drawn])

    @cached_property
    def _onward(self) -> Mapping[str, tuple[list[str], list[float]]]:
        """Of each node where its moves go, and the probabilities, cumulated; the last one is to end there."""
        targets: dict[str, list[str]] = {node: [] for node in self.nodes}
        for before, after in self.moves:
            targets[before].append(after)
        return {
            node: (onward, list(accumulate([*(self.moves[node, after] for after in onward), self.ends.get(node, 0.0)])))
            for node, onward in targets.items()
        }


def visits(trellis: nx.DiGraph, found: Marginals) -> dict[str, float]:
    """The probability of each node to be visited, also of those that links join to the start or the ends of paths.

    Args:
        trellis: that the marginals are of, with its links.
        found: the marginals.
    """
    links = trellis.edge_subgraph([(a, b) for a, b, kind in trellis.edges(data="kind") if kind == "link"])
    shares = dict(found.nodes)
    for end, share in found.ends.items():
        for node in nx.descendants(links, end) - found.nodes.keys() if end in links else ():
            shares[node] = shares.get(node, 0.0) + share
    before = nx.ancestors(links, found.start) - found.nodes.keys() if found.start in links else set()
    return {node: min(share, 1.0) for node, share in (shares | dict.fromkeys(before, 1.0)).items()}


def marginals(trellis: nx.DiGraph, start: str, ends: Iterable[str]) -> Marginals:
    """The probability of every node and move, and the entropies.

    Args:
        trellis: as ``moves_between`` describes it; values need not sum to 1.
        start: where paths begin.
        ends: where they may end.

    Raises:
        GraphError: the trellis is wrong, or no end can be reached.
    """
    usable = moves_between(trellis, start, ends)
    logs = {(node, after): math.log(value) for node, out in usable.after.items() for after, value in out.items()}
    ahead = _log_sums_upto(usable, logs)
    behind = _log_sums_onward(usable, logs)
    partition = behind[start]
    nodes = {node: math.exp(ahead[node] + behind[node] - partition) for node in usable.after}
    moves = {
        (node, after): math.exp(ahead[node] + log + behind[after] - partition) for (node, after), log in logs.items()
    }
    entropy = partition - math.fsum(probability * logs[move] for move, probability in moves.items())
    layers: dict[int, list[float]] = {}
    for node, probability in nodes.items():
        layers.setdefault(trellis.nodes[node]["layer"], []).append(probability)
    return Marginals(
        start=start,
        nodes=nodes,
        moves=moves,
        ends={end: math.exp(ahead[end] - partition) for end in usable.ends},
        layer_entropy={layer: _entropy(probabilities) for layer, probabilities in layers.items()},
        entropy=max(0.0, entropy),
        log_partition=partition,
    )


def _log_sums_upto(usable: Moves, logs: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Of each node the logarithm of the sum over all ways from the start to it."""
    sums: dict[str, float] = {}
    for node, sources in usable.before.items():
        ways = [sums[before] + logs[before, node] for before in sources]
        sums[node] = 0.0 if node == usable.start else _log_sum_exp(ways)
    return sums


def _log_sums_onward(usable: Moves, logs: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Of each node the logarithm of the sum over all ways from it to an end."""
    sums: dict[str, float] = {}
    for node in reversed(list(usable.after)):
        ways = [logs[node, after] + sums[after] for after in usable.after[node]]
        sums[node] = _log_sum_exp([*ways, 0.0] if node in usable.ends else ways)
    return sums


def _log_sum_exp(logs: list[float]) -> float:
    largest = max(logs)
    return largest + math.log(math.fsum(math.exp(log - largest) for log in logs))


def _entropy(probabilities: list[float]) -> float:
    """In nats; what the probabilities lack to 1 is one more outcome."""
    outcomes = [*probabilities, 1.0 - math.fsum(probabilities)]
    return max(0.0, -math.fsum(p * math.log(p) for p in outcomes if p > 0))

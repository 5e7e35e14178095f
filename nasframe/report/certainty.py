"""Whether a search has decided anything: how far its mixing weights are from even ones, and whether they hold still.

A genotype is always found, for something is always strongest. Where all weights are nearly even, it is what noise left
on top, and another seed finds another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import networkx as nx
import numpy as np

from nasframe.decode import k_best, marginals, terminals
from nasframe.errors import GraphError
from nasframe.graph import edges, part, parts
from nasframe.plot import operations
from nasframe.plot.canvas import readable

Verdict = Literal["undecided", "hardly decided", "decided"]
UNDECIDED, HARDLY = 0.95, 0.75
"""Shares of the entropy of even weights, above which a search is called so."""
SETTLED = 0.9
"""Of the choices that the last quarter of the snapshots shares with the last one; below it the search is called hardly
decided at best."""


@final
@dataclass(frozen=True)
class Certainty:
    """How sure a search's mixing weights are at its last snapshot; entropies as shares of those of even weights."""

    cells: Mapping[str, float]
    """By part, the mean entropy of the operations over its edges."""
    path: float | None
    """The entropy of the path drawn by the moves' weights; None: no move has a weight."""
    gap: float | None
    """How far the best path is ahead of the next in log-probability; None: there is no path, or no next."""
    even_gap: float | None
    """The same where each place has even moves: what the shape of the trellis alone gives."""
    agreement: float | None
    """The share of its choices that the last quarter of the snapshots has in common with the last one, in the mean;
    None: there is one snapshot."""

    @property
    def verdict(self) -> Verdict:
        """What the least decided part is: a genotype is no surer than that."""
        if self._most > UNDECIDED:
            return "undecided"
        settled = self.agreement is None or self.agreement >= SETTLED
        return "decided" if self._most <= HARDLY and settled else "hardly decided"

    @property
    def _most(self) -> float:
        """The entropy of the least decided part."""
        return max([*self.cells.values(), *([] if self.path is None else [self.path])])

    def sentences(self) -> Iterator[str]:
        """The verdict, the figures that it rests on, and what to change."""
        shares = [f"{readable(name)} {_percent(share)}" for name, share in self.cells.items()]
        shares += [f"path {_percent(self.path)}"] if self.path is not None else []
        yield f"The search is {self.verdict}: entropy against that of even weights: {', '.join(shares)}."
        if self.gap is not None and self.even_gap is not None:
            yield (
                f"The best path is {self.gap:.3f} ahead of the next in log-probability; even weights of the moves give "
                f"{self.even_gap:.3f}."
            )
        if self.agreement is not None:
            share = f"{100 * self.agreement:.0f} %"
            yield f"The last quarter of the snapshots shares {share} of its choices with the last one."
        if self.verdict != "decided" and self._most > HARDLY:
            yield (
                "What was found is little more than what noise left on top, so another seed may find another. Let the "
                "architecture parameters move further: more steps of them, larger ones, or larger batches for them."
            )
        elif self.verdict != "decided":
            yield (
                "The weights are far from even, but their choices still change, so a few steps more would find another "
                "genotype. Let them settle: more steps, or smaller ones of the architecture parameters."
            )


def compute(weighted: Sequence[tuple[int, nx.DiGraph]]) -> Certainty | None:
    """How sure a search is; None where no snapshot has weights.

    Args:
        weighted: for each snapshot its step and the space's graph with its weights, in order.
    """
    if not weighted:
        return None
    last = weighted[-1][1]
    found = {name: operations.compute([last], name) for name in parts(last)}
    cells = {name: float(one.entropy()[-1]) for name, one in found.items() if one is not None}
    cells = {name: share for name, share in cells.items() if math.isfinite(share)}
    network = part(last, "network")
    weighed = any(value is not None for *_, value in network.edges(data="value"))
    path = _entropy_share(network) if weighed else None
    if not cells and path is None:
        return None
    gaps = (_gap(network), _gap(_even(network))) if path is not None else (None, None)
    return Certainty(cells, path, *gaps, _agreement([graph for _, graph in weighted]))


def _entropy_share(network: nx.DiGraph) -> float | None:
    try:
        start, ends = terminals(network)
        even = marginals(_even(network), start, ends).entropy
        return marginals(network, start, ends).entropy / even if even else None
    except GraphError:
        return None


def _gap(network: nx.DiGraph) -> float | None:
    try:
        (best,) = k_best(network, *terminals(network))
    except GraphError:
        return None
    return best.gap if math.isfinite(best.gap) else None


def _even(network: nx.DiGraph) -> nx.DiGraph:
    """The trellis with even moves from each place."""
    even = network.copy()
    for node in even:
        moves = [after for after, data in even[node].items() if data.get("value") is not None]
        for after in moves:
            even.edges[node, after]["value"] = 1 / len(moves)
    return even


def _agreement(graphs: Sequence[nx.DiGraph]) -> float | None:
    """In the mean over the last quarter of the snapshots, the share of the choices that are those of the last one."""
    if len(graphs) < 2:
        return None
    *before, last = map(_choices, graphs[-max(2, len(graphs) // 4) :])
    return float(np.mean([[chosen.get(key) == answer for key, answer in last.items()] for chosen in before]))


def _choices(graph: nx.DiGraph) -> dict[object, object]:
    """The strongest operation of each edge, and for each layer where the best path crosses it."""
    chosen: dict[object, object] = {
        edge: int(np.argmax(data["value"]))
        for edge, data in edges(graph)
        if isinstance(data.get("value"), tuple) and len(data["value"]) > 1
    }
    network = part(graph, "network")
    try:
        (best,) = k_best(network, *terminals(network))
    except GraphError:
        return chosen
    return chosen | {network.nodes[node]["layer"]: node for node in best.nodes}


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"

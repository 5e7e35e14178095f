"""Which edges and operations of a cell to keep, and how clear the choice was (DARTS, section 2.4)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from nasframe.errors import GraphError
from nasframe.graph import Edge, edges_into


@dataclass(frozen=True)
class Margin:
    """How far a choice is ahead of the runner-up."""

    difference: float
    """Of the two strengths."""
    log_ratio: float
    """The natural logarithm of their quotient; infinite where the runner-up has no strength at all."""


@dataclass(frozen=True)
class KeptEdge:
    """An edge that is kept, with its operation."""

    before: str
    operation: str
    strength: float
    """The operation's mixing weight."""
    margin: Margin | None
    """To the second operation on this edge; None: there is no second."""
    key: str | None = None
    """Of a MultiDiGraph, its key."""


@dataclass(frozen=True)
class KeptBlock:
    """What is kept of the edges into one block."""

    block: str
    edges: tuple[KeptEdge, ...]
    """In the order of the graph, not of their strength; of a block with an edge a key, in the order of the keys."""
    margin: Margin | None
    """From the weakest edge that is kept to the strongest that is not; None: all are kept. Of a block with an edge a
    key: the smallest of its keys' margins."""

    def operations(self) -> dict[Edge, str]:
        """Of each edge that is kept, by its name in the graph, the operation."""
        return {_name(self.block, edge): edge.operation for edge in self.edges}


def strongest(cell: nx.DiGraph, keep: int = 2, exclude: Collection[str] | None = None) -> list[KeptBlock]:
    """Of each block the strongest edges, each with its strongest operation.

    An edge is as strong as its strongest operation that is not excluded. Equally strong edges: the one from the
    earlier node is kept, by layer, then as the graph lists them; equally strong operations: the one listed first.
    A block whose edges have several keys keeps the strongest edge of each key (``nasframe.graph``).

    Args:
        cell: a graph after ``nasframe.graph.with_weights``; edges that carry no ``operations`` are passed over.
        keep: how many edges a block keeps whose edges have no keys, or all the same; all where it has no more.
        exclude: operations that no genotype may hold; None: those that the graph says give nothing (``zeros``), or
            ``zero`` where it does not say.

    Raises:
        GraphError: an edge's ``value`` does not fit its operations, or all of these are excluded.
    """
    exclude = cell.graph.get("zeros", ("zero",)) if exclude is None else exclude
    position = {node: (data["layer"], place) for place, (node, data) in enumerate(cell.nodes(data=True))}
    found = []
    for block in sorted(cell, key=position.__getitem__):
        named = [(name, data) for name, data in edges_into(cell, block) if "operations" in data]
        ranked = sorted(named, key=lambda item: position[item[0][0]])
        if ranked:
            found.append(_strongest_edges(block, [_edge(name, data, exclude) for name, data in ranked], keep))
    return found


def _strongest_edges(block: str, edges: list[KeptEdge], keep: int) -> KeptBlock:
    by_key: dict[str | None, list[KeptEdge]] = {}
    for edge in edges:
        by_key.setdefault(edge.key, []).append(edge)
    if len(by_key) == 1:
        return _first(block, edges, keep)
    each = [_first(block, of_key, 1) for of_key in by_key.values()]
    margins = [kept.margin for kept in each if kept.margin is not None]
    least = min(margins, key=lambda margin: margin.difference) if margins else None
    return KeptBlock(block, tuple(edge for one in each for edge in one.edges), least)


def _first(block: str, edges: list[KeptEdge], keep: int) -> KeptBlock:
    ranked = sorted(range(len(edges)), key=lambda index: (-edges[index].strength, index))
    margin = None
    if len(ranked) > keep:
        margin = _margin(edges[ranked[keep - 1]].strength, edges[ranked[keep]].strength)
    return KeptBlock(block, tuple(edges[index] for index in sorted(ranked[:keep])), margin)


def _edge(name: Edge, data: Mapping[str, Any], exclude: Collection[str]) -> KeptEdge:
    operations, row = data["operations"], data.get("value")
    before, block, *key = name
    if not isinstance(row, tuple | list) or len(row) != len(operations):
        raise GraphError(
            f"the edge from {before!r} to {block!r} has the value {row!r}; a number for each of the operations "
            f"{', '.join(operations)} was expected (nasframe.graph.with_weights() sets it from a snapshot)"
        )
    if not all(0 <= value < math.inf for value in row):
        raise GraphError(f"the edge from {before!r} to {block!r} has the value {row!r}; expected numbers from 0 on")
    allowed = [index for index, name in enumerate(operations) if name not in exclude]
    if not allowed:
        raise GraphError(f"the edge from {before!r} to {block!r} has only excluded operations: {operations!r}")
    first, *others = sorted(allowed, key=lambda index: (-row[index], index))
    margin = _margin(row[first], row[others[0]]) if others else None
    return KeptEdge(before, operations[first], float(row[first]), margin, *key)


def _name(block: str, edge: KeptEdge) -> Edge:
    return (edge.before, block) if edge.key is None else (edge.before, block, edge.key)


def _margin(ahead: float, behind: float) -> Margin:
    if behind == 0:
        return Margin(ahead, math.inf if ahead > 0 else 0.0)
    return Margin(ahead - behind, math.log(ahead / behind))

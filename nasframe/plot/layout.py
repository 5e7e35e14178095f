"""Layered layout of a small acyclic graph: columns from left to right, and a free lane wherever a wire passes one.

After Sugiyama, Tagawa and Toda (1981): columns by longest path, order by barycentres, then heights. A node whose
wires reach beyond the next column gets one lane in each column on the way, so no wire runs under a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from nasframe.graph import Edge, edges_into

Point = tuple[float, float]
Slot = tuple[str, int]
"""A place in a column: a node in its own column, or the lane of its wires in a later one."""
Ports = dict[Edge, float]

_LANE = 0.04
_ROUNDS = 12


@dataclass(frozen=True)
class Layout:
    """Where everything is, in the units of the given sizes; y grows downwards."""

    centres: Mapping[str, Point]
    """Of each node."""
    ports: Mapping[Edge, float]
    """y at which the wire of an edge arrives, a different one for each edge into a node."""
    lanes: Mapping[Slot, float]
    """y of a node's wires where they pass a later column."""
    columns: Mapping[str, int]
    bounds: tuple[tuple[float, float], ...]
    """Left and right end of each column."""
    height: float

    def wire(self, edge: Edge) -> list[Point]:
        """The corners of an edge's wire from its source's middle to its target's.

        Its pieces are by turns a level one inside a column and one from a column to the next.
        """
        source, target = edge[:2]
        first, last = self.columns[source], self.columns[target]
        points = [self.centres[source], (self.bounds[first][1], self.centres[source][1])]
        for column in range(first + 1, last):
            lane = self.lanes[source, column]
            points += [(self.bounds[column][0], lane), (self.bounds[column][1], lane)]
        port = self.ports[edge]
        return [*points, (self.bounds[last][0], port), (self.centres[target][0], port)]


@dataclass
class _Work:
    """The slots of each column in their present order, and the wires between neighbouring columns."""

    graph: nx.DiGraph
    columns: dict[str, int]
    order: list[list[Slot]]
    wires: list[list[tuple[Slot, Slot]]]

    def is_lane(self, slot: Slot) -> bool:
        """Whether wires pass here; else it is a node."""
        return self.columns[slot[0]] != slot[1]

    def crossings(self) -> int:
        """How many pairs of wires cross."""
        total = 0
        for left, right, wires in zip(self.order, self.order[1:], self.wires, strict=False):
            ends = sorted((left.index(a), right.index(b)) for a, b in wires)
            total += sum(a[0] < b[0] and a[1] > b[1] for i, a in enumerate(ends) for b in ends[i + 1 :])
        return total

    def before(self, slot: Slot) -> list[Slot]:
        """The slots in the column before that are wired to a slot."""
        return [a for a, b in self.wires[slot[1] - 1] if b == slot] if slot[1] else []

    def after(self, slot: Slot) -> list[Slot]:
        """The slots in the next column that a slot is wired to."""
        return [b for a, b in self.wires[slot[1]] if a == slot] if slot[1] < len(self.wires) else []


def layered(graph: nx.DiGraph, sizes: Mapping[str, Point], pitch: Mapping[str, float], gap: float) -> Layout:
    """Spot the nodes of an acyclic graph.

    Args:
        graph: not empty; nodes with the attribute ``kind``: an ``"output"`` comes in the last column.
        sizes: width and height of each node.
        pitch: distance between the places at which wires arrive at each node, one below the other.
        gap: free height between neighbours in a column.
    """
    work = _slots(graph, _columns(graph))
    _uncross(work)
    heights = {slot: _LANE if work.is_lane(slot) else sizes[slot[0]][1] for slots in work.order for slot in slots}
    level = _levels(work, heights, gap, {})
    ports = _ports(work, level, pitch)
    level = _levels(work, heights, gap, ports)
    top = min(y - heights[slot] / 2 for slot, y in level.items())
    level = {slot: y - top for slot, y in level.items()}
    bounds = _bounds(work, sizes)
    return Layout(
        {node: (sum(bounds[c]) / 2, level[node, c]) for node, c in work.columns.items()},
        {edge: level[edge[1], work.columns[edge[1]]] + offset for edge, offset in ports.items()},
        {slot: y for slot, y in level.items() if work.is_lane(slot)},
        work.columns,
        tuple(bounds),
        max(y + heights[slot] / 2 for slot, y in level.items()),
    )


def _columns(graph: nx.DiGraph) -> dict[str, int]:
    column: dict[str, int] = {}
    for node in nx.topological_sort(graph):
        column[node] = max((column[before] + 1 for before in graph.predecessors(node)), default=0)
    outputs = [node for node, kind in graph.nodes(data="kind") if kind == "output"]
    last = max((c for node, c in column.items() if node not in outputs), default=-1) + 1
    return {node: last if node in outputs else column[node] for node in graph}


def _slots(graph: nx.DiGraph, columns: dict[str, int]) -> _Work:
    count = max(columns.values()) + 1
    work = _Work(graph, columns, [[] for _ in range(count)], [[] for _ in range(count - 1)])
    for source, first in columns.items():
        work.order[first].append((source, first))
        last = max((columns[target] for target in graph.successors(source)), default=first)
        for column in range(first, last):
            targets = [(t, column + 1) for t in _entered(graph, source) if columns[t] == column + 1]
            if column + 1 < last:
                work.order[column + 1].append((source, column + 1))
                targets.append((source, column + 1))
            work.wires[column] += [((source, column), target) for target in targets]
    return work


def _entered(graph: nx.DiGraph, source: str) -> list[str]:
    """Of each edge that leaves a node the node that it enters."""
    return [target for _, target in graph.out_edges(source)]


def _uncross(work: _Work) -> None:
    """Sort each column by the middle of its neighbours, back and forth, and keep the order of the fewest crossings."""
    best, fewest = [list(slots) for slots in work.order], work.crossings()
    for turn in range(_ROUNDS):
        forward = turn % 2 == 0
        for column in range(len(work.order)) if forward else reversed(range(len(work.order))):
            slots = work.order[column]
            rank = {slot: i for order in work.order for i, slot in enumerate(order)}
            near = {slot: work.before(slot) if forward else work.after(slot) for slot in slots}
            middle = {slot: _mean([rank[n] for n in near[slot]]) if near[slot] else rank[slot] for slot in slots}
            slots.sort(key=middle.__getitem__)
        if (now := work.crossings()) < fewest:
            best, fewest = [list(slots) for slots in work.order], now
    work.order = best


def _levels(work: _Work, heights: Mapping[Slot, float], gap: float, ports: Ports) -> dict[Slot, float]:
    """The y of each slot: as near to its neighbours as the order and the sizes allow."""
    between: dict[tuple[str, str], list[float]] = {}
    for (source, target, *_), offset in ports.items():
        between.setdefault((source, target), []).append(offset)
    middles = {ends: _mean(offsets) for ends, offsets in between.items()}
    level: dict[Slot, float] = {}
    for slots in work.order:
        level |= _apart(slots, dict.fromkeys(slots, 0.0), heights, gap)
    for turn in range(4 * _ROUNDS):
        for slots in work.order[:: 1 if turn % 2 == 0 else -1]:
            wanted = {slot: _wanted(work, slot, level, middles) for slot in slots}
            level |= _apart(slots, wanted, heights, gap)
    return level


def _wanted(work: _Work, slot: Slot, level: Mapping[Slot, float], middles: Mapping[tuple[str, str], float]) -> float:
    """Where a slot's wires would be level; long wires pull harder, because they show a bend most."""
    pulls = []
    for neighbour, own in [(n, False) for n in work.before(slot)] + [(n, True) for n in work.after(slot)]:
        source, target = (slot, neighbour) if own else (neighbour, slot)
        port = 0.0 if work.is_lane(target) else middles.get((source[0], target[0]), 0.0)
        weight = (1, 2, 8)[work.is_lane(slot) + work.is_lane(neighbour)]
        pulls += [level[neighbour] + (port if own else -port)] * weight
    return _mean(pulls) if pulls else level[slot]


def _ports(work: _Work, level: Mapping[Slot, float], pitch: Mapping[str, float]) -> Ports:
    """How far from its target's middle each wire arrives, the highest wire first."""
    ports: Ports = {}
    for node, column in work.columns.items():
        at = {source: level[source, before] for source, before in work.before((node, column))}
        into = sorted((edge for edge, _ in edges_into(work.graph, node)), key=lambda edge: at[edge[0]])
        ports |= {edge: (i - (len(into) - 1) / 2) * pitch[node] for i, edge in enumerate(into)}
    return ports


def _bounds(work: _Work, sizes: Mapping[str, Point]) -> list[tuple[float, float]]:
    bounds: list[tuple[float, float]] = []
    left = 0.0
    for column, slots in enumerate(work.order):
        right = left + max((sizes[slot[0]][0] for slot in slots if not work.is_lane(slot)), default=0.0)
        bounds.append((left, right))
        wires = len(work.wires[column]) if column < len(work.wires) else 0
        left = right + min(0.45 + 0.06 * wires, 1.1)
    return bounds


def _apart(
    slots: Sequence[Slot], wanted: Mapping[Slot, float], heights: Mapping[Slot, float], gap: float
) -> dict[Slot, float]:
    """The places nearest to the wanted ones (least squares) that keep the order and the distances.

    Isotonic regression, by pooling adjacent violators.
    """
    offsets = [0.0]
    for above, below in pairwise(slots):
        offsets.append(offsets[-1] + (heights[above] + heights[below]) / 2 + gap)
    pools: list[list[float]] = []
    for slot, offset in zip(slots, offsets, strict=False):
        pools.append([wanted[slot] - offset])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    flat = [_mean(pool) for pool in pools for _ in pool]
    return {slot: place + offset for slot, place, offset in zip(slots, flat, offsets, strict=False)}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

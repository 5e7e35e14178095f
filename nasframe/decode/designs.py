"""Designs as paths through a trellis, and how far paths are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import networkx as nx

from nasframe.decode.moves import is_move, require_plain
from nasframe.errors import GraphError


@dataclass(frozen=True)
class Design:
    """A network that somebody designed or found, as a path through a space's trellis."""

    name: str
    title: str
    levels: tuple[int, ...]
    """The level after each layer."""
    published: bool
    """Whether the levels are published. Otherwise they illustrate: one path that has the design's shape."""
    source: str


@dataclass(frozen=True)
class Distance:
    """How far two paths of one length are apart."""

    layers: int
    """At how many layers they are at different levels."""
    levels: int
    """The sum over the layers of how many levels lie between them."""


def path_of_levels(trellis: nx.DiGraph, start: str, levels: Sequence[int]) -> tuple[str, ...]:
    """The nodes of the path that goes from a start through the given levels, one a move.

    Raises:
        GraphError: the trellis has no such move somewhere, or the path stops before the trellis does.
    """
    require_plain(trellis)
    if start not in trellis:
        raise GraphError(f"the trellis has no node {start!r} to start at")
    path = [start]
    for number, level in enumerate(levels, 1):
        onward = _onward(trellis, path[-1])
        if not onward:
            raise GraphError(
                f"the path goes on to layer {len(levels)}; the trellis ends at {path[-1]!r} after {number - 1}"
            )
        if level not in onward:
            raise GraphError(
                f"layer {number} of the path is at level {level}; from {path[-1]!r} the trellis goes to the levels "
                f"{', '.join(map(str, sorted(onward)))}"
            )
        path.append(onward[level])
    if _onward(trellis, path[-1]):
        raise GraphError(f"the path ends after layer {len(levels)}; the trellis goes on from {path[-1]!r}")
    return tuple(path)


def levels_of(trellis: nx.DiGraph, nodes: Iterable[str]) -> tuple[int, ...]:
    """The level after each move of a path: the levels of its nodes but the first."""
    return tuple(trellis.nodes[node]["level"] for node in nodes)[1:]


def distance(levels: Sequence[int], others: Sequence[int]) -> Distance:
    """How far two paths are apart, by their levels.

    Raises:
        GraphError: they have not the same number of layers.
    """
    if len(levels) != len(others):
        raise GraphError(
            f"paths that end after layer {len(levels)} and after {len(others)} cannot be compared; both must be of one "
            "trellis"
        )
    between = [abs(level - other) for level, other in zip(levels, others, strict=True)]
    return Distance(layers=sum(map(bool, between)), levels=sum(between))


def _onward(trellis: nx.DiGraph, node: str) -> dict[int, str]:
    """Where the moves go, by level; of two at one level, the nearer layer."""
    targets = [after for after, data in trellis.adj[node].items() if is_move(data)]
    farthest_first = sorted(targets, key=lambda after: trellis.nodes[after]["layer"], reverse=True)
    return {trellis.nodes[after]["level"]: after for after in farthest_first}

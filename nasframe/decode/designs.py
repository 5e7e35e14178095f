"""Known designs as paths through a trellis (Auto-DeepLab, Fig. 2), and how far paths are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from nasframe.decode.moves import is_move
from nasframe.errors import GraphError


@dataclass(frozen=True)
class Design:
    """A network that somebody designed or found, as the level after each layer."""

    title: str
    levels: tuple[int, ...]
    """0, 1, 2, 3: stride 4, 8, 16, 32."""
    published: bool
    """Whether the levels are published. Otherwise they illustrate: one path of 12 layers that has the design's
    shape, since the paper shows these designs in a figure without numbers."""
    source: str


DESIGNS: Mapping[str, Design] = {
    "deeplabv3": Design(
        "DeepLabv3",
        (0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2),
        False,
        "Chen et al., 2017: descends to stride 16, stays there",
    ),
    "conv-deconv": Design(
        "Conv-Deconv",
        (0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0),
        False,
        "Noh et al., 2015: descends to stride 32, climbs back",
    ),
    "stacked-hourglass": Design(
        "Stacked Hourglass",
        (1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0),
        False,
        "Newell et al., 2016: descends and climbs, again and again",
    ),
    "auto-deeplab": Design(
        "Auto-DeepLab", (0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1), True, "Liu et al., 2019: the published backbone"
    ),
}
"""By name; all have 12 layers and 4 levels."""


@dataclass(frozen=True)
class Distance:
    """How far two paths of one length are apart."""

    layers: int
    """At how many layers they are at different levels."""
    levels: int
    """The sum over the layers of how many levels lie between them."""


def design(name: str) -> Design:
    """A known design.

    Raises:
        GraphError: there is none of this name.
    """
    if name not in DESIGNS:
        raise GraphError(f"there is no design {name!r}; the known ones are {', '.join(DESIGNS)}")
    return DESIGNS[name]


def path_of_levels(trellis: nx.DiGraph, start: str, levels: Sequence[int]) -> tuple[str, ...]:
    """The nodes of the path that goes from a start through the given levels, one a move.

    Raises:
        GraphError: the trellis has no such move somewhere, or the path stops before the trellis does.
    """
    if start not in trellis:
        raise GraphError(f"the trellis has no node {start!r} to start at")
    path = [start]
    for number, level in enumerate(levels, 1):
        onward = _onward(trellis, path[-1])
        if not onward:
            raise GraphError(f"the path has {len(levels)} layers; the trellis ends at {path[-1]!r} after {number - 1}")
        if level not in onward:
            raise GraphError(
                f"layer {number} of the path is at level {level}; from {path[-1]!r} the trellis goes to the levels "
                f"{', '.join(map(str, sorted(onward)))}"
            )
        path.append(onward[level])
    if _onward(trellis, path[-1]):
        raise GraphError(f"the path has {len(levels)} layers; the trellis goes on from {path[-1]!r}")
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
            f"paths of {len(levels)} and {len(others)} layers cannot be compared; both must be of one trellis"
        )
    between = [abs(level - other) for level, other in zip(levels, others, strict=True)]
    return Distance(layers=sum(map(bool, between)), levels=sum(between))


def _onward(trellis: nx.DiGraph, node: str) -> dict[int, str]:
    """Where the moves go, by level; of two at one level, the nearer layer."""
    targets = [after for after, data in trellis.adj[node].items() if is_move(data)]
    farthest_first = sorted(targets, key=lambda after: trellis.nodes[after]["layer"], reverse=True)
    return {trellis.nodes[after]["level"]: after for after in farthest_first}

"""The trellis of networks: its paths, with all that the costs of their parts depend on.

A cell's cost depends on the two places before it. The decoder's depends on whether one of the first layers was at
stride 4, and all of them on the size to which images are padded, which is up to the coarsest stride of the whole path:
a path is committed to a size at its first move, and may only end if it turned out right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import networkx as nx

from nasframe import Task
from nasframe_autodeeplab.assembly import channels
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.resolution import padded_side
from nasframe_autodeeplab.trellis import ENTRY, FINEST, STEM, moves, state

Size = tuple[int, int]
"""Height and width in pixels of the padded image."""
Shape = tuple[int, int, int, int]


class StemPart(NamedTuple):
    """Both layers of the stem."""

    images: Shape


class CellPart(NamedTuple):
    """One layer's cell; cells that are equal here cost the same."""

    inputs: tuple[Shape, Shape]
    """Of H^{l-2} and H^{l-1}."""
    before: int
    """Stride of H^{l-1}."""
    stride: int
    """Of its output."""


class HeadPart(NamedTuple):
    """ASPP and decoder."""

    features: Shape
    low_level: Shape
    stride: int
    """Of the features."""


Part = StemPart | CellPart | HeadPart


class Visit(NamedTuple):
    """A place on a path, with what must be remembered of the way to it."""

    place: str
    before: str
    size: Size | None
    """What the path is committed to; None at the entry, before its first move."""
    coarse: bool
    """Whether it has been at a stride that needs this size."""
    low_level: bool
    """Whether a cell has given the decoder's features at stride 4; else it reads the stem's."""

    @property
    def name(self) -> str:
        """For the graph's node."""
        if self.size is None:
            return self.place
        size = "x".join(map(str, self.size)) + ("" if self.coarse else "?")
        return f"{self.place} after {self.before} at {size}" + (" with stride 4" if self.low_level else "")


def visits(questions: Questions, task: Task) -> nx.DiGraph:
    """A trellis in which several nodes may stand for one place, and each path of the space's trellis is there once.

    Nodes carry ``layer``, ``level`` and ``place``; moves carry ``parts``, a tuple of the ``Part`` that they add to a
    network: a cell, with the first move also the stem, with the last also the head.
    """
    trellis = moves(questions.trellis)
    needs = _needs(task.size, trellis)
    graph = nx.DiGraph()
    reached = [Visit(ENTRY, STEM, None, coarse=False, low_level=False)]
    _add(graph, reached[0], trellis)
    for layer in range(1, questions.options.layers + 1):
        early = layer <= questions.options.network.low_level_layer
        last = layer == questions.options.layers
        following: dict[Visit, None] = {}
        for visit in reached:
            for after in _next(visit, trellis, needs, early):
                _add(graph, after, trellis)
                graph.add_edge(visit.name, after.name, kind="move", parts=_parts(questions, task, visit, after, last))
                following[after] = None
        reached = list(following)
    return _without_dead_ends(graph, [visit.name for visit in reached if visit.coarse])


def _parts(questions: Questions, task: Task, visit: Visit, after: Visit, last: bool) -> tuple[Part, ...]:
    size = after.size
    assert size is not None, "only the entry has no size"
    strides: Mapping[str, int] = dict(questions.trellis.nodes(data="stride"))

    def shape(node: str) -> Shape:
        height, width = ((side - 1) // strides[node] + 1 for side in size)
        return 1, channels(questions.options, node, strides[node]), height, width

    place, target = visit.place, after.place
    found: list[Part] = [CellPart((shape(visit.before), shape(place)), strides[place], strides[target])]
    if visit.size is None:
        found.append(StemPart((1, task.in_channels, *size)))
    if last:
        low_level = state(1, FINEST) if after.low_level else ENTRY
        found.append(HeadPart(shape(target), shape(low_level), strides[target]))
    return tuple(found)


def _needs(size: Size, trellis: nx.DiGraph) -> dict[Size, list[int]]:
    """By padded size, the coarsest strides of paths that need it."""
    found: dict[Size, list[int]] = {}
    for stride in sorted({stride for _, stride in trellis.nodes(data="stride")}):
        height, width = (padded_side(side, stride) for side in size)
        found.setdefault((height, width), []).append(stride)
    return found


def _next(visit: Visit, trellis: nx.DiGraph, needs: Mapping[Size, Sequence[int]], early: bool) -> Iterator[Visit]:
    """Where a path may go; early: to one of the layers whose output the decoder may read."""
    for place in trellis.successors(visit.place):
        stride = trellis.nodes[place]["stride"]
        for size in needs if visit.size is None else [visit.size]:
            if stride <= max(needs[size]):
                coarse = visit.coarse or stride >= min(needs[size])
                yield Visit(place, visit.place, size, coarse, visit.low_level or (early and stride == FINEST))


def _add(graph: nx.DiGraph, visit: Visit, trellis: nx.DiGraph) -> None:
    at = trellis.nodes[visit.place]
    graph.add_node(visit.name, place=visit.place, layer=at["layer"], level=at["level"])


def _without_dead_ends(graph: nx.DiGraph, ends: Sequence[str]) -> nx.DiGraph:
    kept = set(ends).union(*(nx.ancestors(graph, end) for end in ends))
    whole = graph.copy()
    whole.remove_nodes_from([node for node in graph if node not in kept])
    return whole

"""What every path of a genotype's cell costs, exactly: a trellis that remembers what later costs depend on.

A cell's cost depends on the two places before it. The decoder's depends on whether one of the first layers was at
stride 4, and all of them on the size to which images are padded, which is up to the coarsest stride of the whole path:
a path is committed to a size at its first move, and may only end if it turned out right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple, final

import networkx as nx
from torch import nn

from nasframe import Genotype, Measure, Task
from nasframe_autodeeplab.assembly import Assembly
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.resolution import padded_side
from nasframe_autodeeplab.trellis import ENTRY, FINEST, STEM, moves, state

Size = tuple[int, int]
"""Height and width in pixels of the padded image."""
Shape = tuple[int, int, int, int]
Costs = Mapping[str, float]


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


def priced_trellis(questions: Questions, genotype: Genotype, task: Task, measure: Measure) -> nx.DiGraph:
    """See ``nasframe.Priced``; moves carry the cells' costs, the first also the stem's, the last also the head's."""
    prices = _Prices(questions, genotype, task, measure)
    trellis = moves(questions.trellis)
    needs = _needs(task.size, trellis)
    priced = nx.DiGraph()
    visits = [Visit(ENTRY, STEM, None, coarse=False, low_level=False)]
    _add(priced, visits[0], trellis)
    for layer in range(1, questions.options.layers + 1):
        early = layer <= questions.options.network.low_level_layer
        reached: dict[Visit, None] = {}
        for visit in visits:
            for after in _next(visit, trellis, needs, early):
                _add(priced, after, trellis)
                last = layer == questions.options.layers
                priced.add_edge(visit.name, after.name, kind="move", **prices.move(visit, after, last))
                reached[after] = None
        visits = list(reached)
    return _without_dead_ends(priced, [visit.name for visit in visits if visit.coarse])


@final
class _Prices:
    """The costs of parts, each measured once."""

    def __init__(self, questions: Questions, genotype: Genotype, task: Task, measure: Measure) -> None:
        self.assembly = Assembly(genotype, questions, task)
        self.strides: Mapping[str, int] = dict(questions.trellis.nodes(data="stride"))
        self.in_channels = task.in_channels
        self._cell = cache(partial(_cell, self.assembly, measure))
        self._stem = cache(partial(_stem, self.assembly, measure))
        self._head = cache(partial(_head, self.assembly, measure))

    def move(self, visit: Visit, after: Visit, last: bool) -> Costs:
        """Of a layer's cell; of the first move also the stem's, of the last also ASPP's and decoder's."""
        assert after.size is not None, "only the entry has no size"
        before, place, target = visit.before, visit.place, after.place
        inputs = (self._shape(before, after.size), self._shape(place, after.size))
        costs = [self._cell(inputs, self.strides[place], self.strides[target])]
        if visit.size is None:
            costs.append(self._stem((1, self.in_channels, *after.size)))
        if last:
            low_level = self._shape(state(1, FINEST) if after.low_level else ENTRY, after.size)
            costs.append(self._head(self._shape(target, after.size), low_level, self.strides[target]))
        return {name: sum(cost[name] for cost in costs) for name in costs[0]}

    def _shape(self, node: str, size: Size) -> Shape:
        """Of a node's output."""
        stride = self.strides[node]
        height, width = ((side - 1) // stride + 1 for side in size)
        return 1, self.assembly.channels(node, stride), height, width


def _stem(assembly: Assembly, measure: Measure, images: Shape) -> Costs:
    return measure(lambda: nn.Sequential(*assembly.stem()), images)


def _cell(assembly: Assembly, measure: Measure, inputs: tuple[Shape, Shape], before: int, stride: int) -> Costs:
    channels = (inputs[0][1], inputs[1][1])
    return measure(lambda: assembly.cell(1, channels, before, stride), *inputs)


def _head(assembly: Assembly, measure: Measure, features: Shape, low_level: Shape, stride: int) -> Costs:
    aspp = measure(lambda: assembly.aspp(features[1], stride), features)
    pyramid = (1, assembly.options.network.aspp_filters, *features[2:])
    decoder = measure(lambda: assembly.decoder(low_level[1]), pyramid, low_level)
    return {name: aspp[name] + decoder[name] for name in aspp}


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


def _add(priced: nx.DiGraph, visit: Visit, trellis: nx.DiGraph) -> None:
    at = trellis.nodes[visit.place]
    priced.add_node(visit.name, place=visit.place, layer=at["layer"], level=at["level"])


def _without_dead_ends(priced: nx.DiGraph, ends: Sequence[str]) -> nx.DiGraph:
    kept = set(ends).union(*(nx.ancestors(priced, end) for end in ends))
    whole = priced.copy()
    whole.remove_nodes_from([node for node in priced if node not in kept])
    return whole

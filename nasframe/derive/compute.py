"""Everything that can be decoded from one snapshot of a run, computed; nothing is printed or drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import networkx as nx

from nasframe import decode
from nasframe.decode import RULES, Design, KeptBlock, Marginals
from nasframe.derive.bounds import bounds
from nasframe.derive.inverse import Wanted, genotype_of, ordered
from nasframe.derive.paths import FoundPath, KnownPath, Route, beside, known_designs, on_the_way, path_of, taken
from nasframe.derive.pricing import COUNTS, carried_costs, path_costs, priced_trellis
from nasframe.derive.source import FinalSpace, Weighted
from nasframe.errors import CapabilityError, NasframeError
from nasframe.genotype import Genotype
from nasframe.graph import NETWORK, Edge, edges, part, parts, unused
from nasframe.space import Landmarked, SearchSpace, Task

OWN = "run"
"""What the run itself derived, among the known paths."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    k: int = 5
    rule: str = "literal"
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    latency: bool = False
    """Whether the parts of networks are timed."""


@dataclass(frozen=True)
class Derivation:
    """What a snapshot says."""

    step: int | None
    """Of the run's search; None: the weights are of no run."""
    rule: str
    path_count: int
    """Of all paths of the trellis; 0: the space has none."""
    paths: tuple[FoundPath, ...]
    """The best ones within the bounds, best first."""
    layer_entropy: Mapping[int, float]
    """Of each layer, in nats."""
    entropy: float
    """Of the whole path, in nats."""
    known: tuple[KnownPath, ...]
    cells: Mapping[str, tuple[KeptBlock, ...]]
    """By part: of each block the strongest edges, as ``decode.strongest`` keeps them."""
    remarks: tuple[str, ...]
    """What could not be computed, and why."""


def derive(weighted: Weighted, request: Request, final: FinalSpace | NasframeError, task: Task | None) -> Derivation:
    """Decode a snapshot.

    Args:
        final: the run's space, to tell costs and known designs; or why it cannot be had.
        task: at whose size networks work; None: it is not known.

    Raises:
        NasframeError: a limit is for a cost that cannot be told; no path is within the bounds.
    """
    cells = strongest_cells(weighted.graph)
    network = part(weighted.graph, NETWORK)
    moves = [data for _, _, data in network.edges(data=True) if data["kind"] == "move"]
    if not any("value" in data for data in moves):
        remark = f"No paths: {'there are no weights for moves' if moves else 'the space has no trellis of moves'}."
        return Derivation(weighted.step, request.rule, 0, (), {}, 0.0, (), cells, (remark,))
    trellis = RULES[request.rule](network)
    start, ends = decode.terminals(trellis)
    found = decode.marginals(trellis, start, ends)
    route, remarks = _route(trellis, weighted, request, final, task, found)
    paths = route.best(request.k)
    return Derivation(
        step=weighted.step,
        rule=request.rule,
        path_count=decode.count_paths(trellis, start, ends),
        paths=tuple(paths),
        layer_entropy={
            layer: entropy for layer, entropy in found.layer_entropy.items() if layer != trellis.nodes[start]["layer"]
        },
        entropy=found.entropy,
        known=(*_own(weighted, route, paths[0]), *known_designs(_designs(final), route, trellis, paths[0])),
        cells=cells,
        remarks=remarks,
    )


def strongest_cells(graph: nx.DiGraph) -> dict[str, tuple[KeptBlock, ...]]:
    """By part that has mixing weights on its edges, of each block the strongest edges (``decode.strongest``)."""
    found = {}
    for name in parts(graph):
        cell = part(graph, name)
        if any("operations" in data and "value" in data for _, data in edges(cell)):
            found[name] = tuple(decode.strongest(cell))
    return found


def genotype_with(
    space: SearchSpace, graph: nx.DiGraph, path: FoundPath | None, cells: Mapping[str, tuple[KeptBlock, ...]]
) -> Genotype:
    """The genotype that has a path and the strongest edges of each cell.

    Raises:
        GenotypeError: the space has none.
    """
    nodes = path.nodes if path else ()
    chosen: dict[Edge, str | None] = dict.fromkeys(taken(graph, nodes))
    for block in chain.from_iterable(cells.values()):
        chosen |= block.operations()
    idle = unused(graph, on_the_way(graph, nodes))
    used = ((name, operation) for name, operation in chosen.items() if idle.isdisjoint(name[:2]))
    wanted: Wanted = ordered(graph, used)
    return genotype_of(space, wanted)


def _route(
    trellis: nx.DiGraph,
    weighted: Weighted,
    request: Request,
    final: FinalSpace | NasframeError,
    task: Task | None,
    found: Marginals,
) -> tuple[Route, tuple[str, ...]]:
    """The trellis with costs if they can be had; if they cannot and are not asked for, without, and why."""
    start, ends = decode.terminals(trellis)
    shown: list[str] = []
    remarks: tuple[str, ...] = ()
    asked = {*request.most, *request.least} - {*COUNTS, *carried_costs(trellis)}
    try:
        plain = Route(trellis, start, ends, (), found.log_partition)
        priced = _priced(weighted, plain.best(1)[0], final, task, request.latency)
        shown = carried_costs(priced)
        trellis = decode.with_values_of(priced, trellis)
        start, ends = decode.terminals(trellis)
    except NasframeError as error:
        if asked or request.latency:
            raise
        remarks = (f"No costs: {error}",)
    limits = bounds(path_costs(trellis), shown, request.most, request.least)
    return Route(trellis, start, ends, limits, found.log_partition), remarks


def _priced(
    weighted: Weighted, path: FoundPath, final: FinalSpace | NasframeError, task: Task | None, latency: bool
) -> nx.DiGraph:
    if isinstance(final, NasframeError):
        raise final
    if task is None:
        raise CapabilityError("nothing says for which images the network is; give --size HxW and --classes N")
    genotype = genotype_with(final.space, weighted.graph, path, strongest_cells(weighted.graph))
    return priced_trellis(final, genotype, task, latency)


def _designs(final: FinalSpace | NasframeError) -> Sequence[Design]:
    """Those that the run's space knows; none where it cannot be had."""
    return final.space.designs() if isinstance(final, FinalSpace) and isinstance(final.space, Landmarked) else ()


def _own(weighted: Weighted, route: Route, best: FoundPath) -> list[KnownPath]:
    """The path that the run itself derived, if it has one."""
    path = path_of(weighted.genotype) if weighted.genotype is not None else ()
    if not path:
        return []
    found = route.through(path)
    return [beside(weighted.graph, Design(OWN, "the run's own", found.levels, False, "the run"), found, best)]

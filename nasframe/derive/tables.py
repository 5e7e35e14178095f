"""Given tables of logits or weights, brought to the edges of a space's graph as mixing weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import networkx as nx
import numpy as np

from nasframe.derive.entry import ArrayEntry
from nasframe.errors import did_you_mean, listed
from nasframe.files.words import quantity
from nasframe.files.yaml_text import Value
from nasframe.graph import Edge

Shape = tuple[int, ...]
Move = Literal["up", "stay", "down"]
MOVES: tuple[Move, ...] = ("up", "stay", "down")
"""To a finer level, to the same, to a coarser one."""


def fill_operations(graph: nx.DiGraph, named: Sequence[Edge], entry: ArrayEntry, table: np.ndarray) -> None:
    """Set ``value``, a row over its ``operations``, of every operation edge that refers to an array.

    Args:
        named: these edges.
        table: (edges, primitives), the rows in the order of ``edges`` or else of the places in the space's own array.

    Raises:
        WrongError: the table does not fit, or it is not said what it is.
    """
    logits = _are_logits(entry)
    primitives = list(dict.fromkeys(itertools.chain.from_iterable(graph.edges[edge]["operations"] for edge in named)))
    columns = entry.columns("primitives", primitives, primitives)
    places = _rows(graph, named, entry)
    sizes = quantity(len(places), "edge"), quantity(len(columns), "primitive")
    _require_shape(
        entry, table, {(len(places), len(columns)): f"a row for each of {sizes[0]}, a column for each of {sizes[1]}"}
    )
    for edge in named:
        data = graph.edges[edge]
        row = table[places[_place(data)]]
        numbers = [row[columns.index(operation)] for operation in data["operations"]]
        data["value"] = tuple(_weights(entry, numbers, logits, f"the edge from {edge[0]} to {edge[1]}"))


def fill_moves(graph: nx.DiGraph, named: Sequence[Edge], entry: ArrayEntry, table: np.ndarray) -> None:
    """Set ``value`` of every move that refers to an array; a softmax is over the moves that leave a node.

    Args:
        named: these edges.
        table: (..., moves). Its rows are those of ``nodes``; else of three axes the first is the layer, from the first
            that moves leave on, and the second the level; of two axes the first are the nodes in the graph's order.

    Raises:
        WrongError: the table does not fit, or it is not said what it is.
    """
    logits = _are_logits(entry)
    leaving: dict[str, dict[str, Edge]] = {}
    for edge in named:
        here, move = leaving.setdefault(edge[0], {}), _move(graph, edge)
        if move in here:
            raise entry.wrong(
                "moves", f"two moves {move} leave {edge[0]!r}; a table of moves by {', '.join(MOVES)} has one"
            )
        here[move] = edge
    columns = entry.columns("moves", MOVES, set(itertools.chain.from_iterable(leaving.values())))
    nodes = _nodes(graph, list(leaving), entry, table, len(columns))
    rows = table.reshape(-1, len(columns))
    for node, moves in leaving.items():
        numbers = [rows[nodes[node]][columns.index(move)] for move in moves]
        for edge, weight in zip(
            moves.values(), _weights(entry, numbers, logits, f"the moves from {node}"), strict=True
        ):
            graph.edges[edge]["value"] = weight


def _are_logits(entry: ArrayEntry) -> bool:
    return entry.text("values", ("logits", "weights")) == "logits"


def _place(data: dict[str, Any]) -> Shape:
    """Where in the space's own array an edge's weight is."""
    return tuple(data["weight"][1:])


def _move(graph: nx.DiGraph, edge: Edge) -> Move:
    before, after = (graph.nodes[node]["level"] for node in edge[:2])
    return "stay" if before == after else "up" if after < before else "down"


def _rows(graph: nx.DiGraph, named: Sequence[Edge], entry: ArrayEntry) -> dict[Shape, int]:
    """The table's row for each place in the space's own array."""
    own = sorted({_place(graph.edges[edge]) for edge in named})
    if "edges" not in entry.value.members:
        return {place: row for row, place in enumerate(own)}
    found: dict[Shape, int] = {}
    known = {tuple(edge): _place(graph.edges[edge]) for edge in named}
    for row, item in enumerate(entry.items("edges", "a list of edges, each as [from, to]")):
        edge = tuple(item.plain()) if isinstance(item.data, list) else ()
        if edge not in known:
            raise entry.wrong_at(
                item, "edges", f"found {item.shown()}; expected an edge of the space's graph{_like(known)}"
            )
        if known[edge] in found:
            raise entry.wrong_at(item, "edges", f"found {item.shown()} twice; each edge has one row")
        found[known[edge]] = row
    if missing := [edge for edge, place in known.items() if place not in found]:
        raise entry.wrong("edges", f"lacks {listed(map(list, missing))}; expected each edge of the space once")
    return found


def _like(known: Iterable[tuple[str, ...]]) -> str:
    return f", such as {listed(map(list, itertools.islice(known, 3)))}"


def _nodes(
    graph: nx.DiGraph, leaving: Sequence[str], entry: ArrayEntry, table: np.ndarray, columns: int
) -> dict[str, int]:
    """The table's row, its leading axes taken as one, for each node that moves leave."""
    ordered = [node for node in graph if node in leaving]
    if "nodes" in entry.value.members:
        shape, items = _flat(entry, entry.value.members["nodes"])
        rows = _named(entry, items, ordered)
        _require_shape(entry, table, {(*shape, columns): "as its nodes and moves are"})
        return rows
    layers = sorted({graph.nodes[node]["layer"] for node in ordered})
    levels = 1 + max(graph.nodes[node]["level"] for node in ordered)
    by_level = (len(layers), levels, columns)
    by_node = (len(ordered), columns)
    _require_shape(entry, table, {by_level: "by layer, level and move", by_node: "by node and move"})
    if table.ndim == len(by_node):
        return {node: row for row, node in enumerate(ordered)}
    at = {node: graph.nodes[node] for node in ordered}
    return {node: layers.index(data["layer"]) * levels + data["level"] for node, data in at.items()}


def _flat(entry: ArrayEntry, value: Value) -> tuple[Shape, list[Value]]:
    """The items of a list, or of lists of equal length inside each other, and their shape."""
    if not isinstance(value.data, list):
        return (), [value]
    inner = [_flat(entry, item) for item in value.data]
    for item, (shape, _) in zip(value.data, inner, strict=True):
        if shape != inner[0][0]:
            raise entry.wrong_at(
                item, "nodes", f"found {item.shown()}; expected lists of one length, like the array's axes"
            )
    shape = (len(inner), *(inner[0][0] if inner else ()))
    return shape, list(itertools.chain.from_iterable(items for _, items in inner))


def _named(entry: ArrayEntry, items: Sequence[Value], nodes: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row, item in enumerate(items):
        if item.data is None:
            continue
        if item.data not in nodes:
            near = did_you_mean(str(item.data), nodes)
            raise entry.wrong_at(
                item, "nodes", f"found {item.shown()}, expected a node that moves leave, or null{near}"
            )
        if item.data in found:
            raise entry.wrong_at(item, "nodes", f"found {item.shown()} twice; each node has one row")
        found[str(item.data)] = row
    if missing := [node for node in nodes if node not in found]:
        raise entry.wrong("nodes", f"lacks {listed(missing)}; expected each node that moves leave once")
    return found


def _require_shape(entry: ArrayEntry, table: np.ndarray, expected: dict[Shape, str]) -> None:
    if table.shape not in expected:
        wanted = ", or ".join(f"{shape} ({what})" for shape, what in expected.items())
        raise entry.wrong("file", f"{entry.text('file')}: found the shape {table.shape}, expected {wanted}")


def _weights(entry: ArrayEntry, numbers: Sequence[float], logits: bool, whose: str) -> list[float]:
    """Mixing weights: the softmax of logits, or what is given."""
    for number in numbers:
        if math.isnan(number) or number == math.inf or (number < 0 and not logits):
            expected = "numbers, or -inf" if logits else "numbers from 0 on"
            raise entry.wrong("file", f"{entry.text('file')}: found {number} for {whose}, expected {expected}")
    if not logits:
        return [float(number) for number in numbers]
    highest = max(numbers)
    if highest == -math.inf:
        raise entry.wrong("file", f"{entry.text('file')}: found only -inf for {whose}, expected one logit at least")
    shares = [math.exp(number - highest) for number in numbers]
    return [share / math.fsum(shares) for share in shares]

"""The cell as a graph (Auto-DeepLab, section 3.1): blocks, each of which adds operations on earlier tensors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import networkx as nx

CELL_INPUTS = ("h-2", "h-1")
"""H^{l-2} and H^{l-1}: the outputs of the two layers before, in this order."""


class Edge(NamedTuple):
    """Carries an operation from an earlier tensor to a block."""

    source: str
    block: str


def block_name(block: int) -> str:
    """The name of block 1, 2, …"""
    return f"b{block}"


def sources(block: int) -> tuple[str, ...]:
    """What a block (from 1) may read, in a fixed order: H^{l-2}, H^{l-1}, the blocks before it."""
    return (*CELL_INPUTS, *(block_name(before) for before in range(1, block)))


def pairs(block: int) -> list[tuple[str, str]]:
    """Every pair of different tensors that a block may read."""
    return list(combinations(sources(block), 2))


def edges(blocks: int) -> list[Edge]:
    """All edges of the relaxed cell; an edge's position is its row in the table of alphas."""
    return [Edge(source, block_name(block)) for block in range(1, blocks + 1) for source in sources(block)]


def cell_graph(blocks: int, operations: Sequence[str]) -> nx.DiGraph:
    """The relaxed cell with the attributes of ``nasframe.graph``; its nodes are ``cell/h-2`` to ``cell/output``."""
    graph = nx.DiGraph(skips=("skip",), zeros=("zero",))
    kinds = {name: "input" for name in CELL_INPUTS}
    kinds |= {block_name(block): "block" for block in range(1, blocks + 1)} | {"output": "output"}
    for rank, (name, kind) in enumerate(kinds.items()):
        graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=rank, level=0, label=name)
    for row, edge in enumerate(edges(blocks)):
        graph.add_edge(
            f"cell/{edge.source}",
            f"cell/{edge.block}",
            kind="operation",
            operations=tuple(operations),
            weight=("operation", row),
        )
    for block in range(1, blocks + 1):
        graph.add_edge(f"cell/{block_name(block)}", "cell/output", kind="link")
    return graph

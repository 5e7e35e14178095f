"""The dense prediction cell as a value: branches, each an operation on the backbone's features or an earlier branch.

Chen et al., Searching for Efficient Multi-Scale Architectures for Dense Image Prediction, NeurIPS 2018
(arXiv 1809.04184), section 3.2. An operation's name holds its numbers as height x width: ``atrous_18x15`` is a
separable 3x3 with the rates 18 down and 15 to the right, ``pool_2x4`` pooling on two rows of four places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import networkx as nx

from nasframe import Choose, Genotype
from nasframe.genotype import Option

FEATURES = "features"
"""The backbone's output, as a branch's input."""


@final
@dataclass(frozen=True)
class Branch:
    """One branch of a cell."""

    input: str
    """``features``, or an earlier branch: ``b1``."""
    operation: str


def branch_name(number: int) -> str:
    """``b1``, ``b2``, …; numbers are from 0 on."""
    return f"b{number + 1}"


def inputs_of(number: int) -> tuple[str, ...]:
    """What a branch may read."""
    return FEATURES, *map(branch_name, range(number))


def decide(branches: int, operations: tuple[str, ...], choose: Choose) -> None:
    """Ask branch by branch for its input and its operation: ``cell/b1/input``, ``cell/b1/operation``, …"""
    for number in range(branches):
        choose(f"cell/{branch_name(number)}/input", inputs_of(number))
        choose(f"cell/{branch_name(number)}/operation", operations)


def cell_of(genotype: Genotype, branches: int) -> tuple[Branch, ...]:
    """The cell of a legal genotype."""
    names = [f"cell/{branch_name(number)}" for number in range(branches)]
    return tuple(Branch(genotype[f"{name}/input"], genotype[f"{name}/operation"]) for name in names)


def answers_of(cell: tuple[Branch, ...]) -> Iterator[tuple[str, Option]]:
    """The inverse of ``cell_of``: decisions in their order."""
    for number, branch in enumerate(cell):
        yield f"cell/{branch_name(number)}/input", branch.input
        yield f"cell/{branch_name(number)}/operation", branch.operation


def numbers_of(operation: str) -> tuple[str, tuple[int, int]]:
    """The kind of an operation, ``conv``, ``atrous`` or ``pool``, and its numbers: down and to the right."""
    kind, _, numbers = operation.partition("_")
    down, right = map(int, numbers.split("x"))
    return kind, (down, right)


def add_cell(graph: nx.DiGraph, branches: int, operations: tuple[str, ...], cell: tuple[Branch, ...] | None) -> None:
    """Add the part ``cell``, of all cells or of one, with the attributes of ``nasframe.graph``."""
    names = [FEATURES, *map(branch_name, range(branches)), "output"]
    kinds = ["input", *["block"] * branches, "output"]
    for rank, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=rank, level=0, label=name)
    for number in range(branches):
        node = f"cell/{branch_name(number)}"
        for name in inputs_of(number) if cell is None else (cell[number].input,):
            chosen = {} if cell is None else {"operation": cell[number].operation}
            graph.add_edge(f"cell/{name}", node, kind="operation", operations=operations, **chosen)
        graph.add_edge(node, "cell/output", kind="link")

"""What a space asks about a cell, how the answers read as a cell, and the graph of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import networkx as nx

from nasframe import Choose, Genotype, GenotypeError
from nasframe.files.words import quantity
from nasframe.genotype import Option
from nasframe_cells.canonical import canonical
from nasframe_cells.language import INPUTS, SIDES, Block, Cell, Combine, Edge, loose_ends, state_index, state_name
from nasframe_cells.options import Output


@final
@dataclass(frozen=True)
class CellQuestions:
    """The decisions about one cell.

    In this order, that of NASNet's controller, for each block ``b1``, ``b2``, … of the cell ``normal``:
    ``normal/b1/left/input``, ``normal/b1/right/input`` (states by name), ``normal/b1/left/operation``,
    ``normal/b1/right/operation`` and, where there is a choice, ``normal/b1/combine``.
    """

    part: str
    """The cell's name."""
    blocks: int
    operations: tuple[str, ...]
    combines: tuple[Combine, ...]
    output: Output

    def decide(self, choose: Choose) -> None:
        """Ask block by block."""
        for number in range(self.blocks):
            name = self._block(number)
            for side in SIDES:
                choose(f"{name}/{side}/input", self._states(number))
            for side in SIDES:
                choose(f"{name}/{side}/operation", self.operations)
            if len(self.combines) > 1:
                choose(f"{name}/combine", self.combines)

    def cell(self, genotype: Genotype) -> Cell:
        """The cell of a genotype that is legal in the space."""
        blocks = tuple(self._read(genotype, self._block(number)) for number in range(self.blocks))
        return Cell(blocks, self._concat(blocks))

    def answers(self, cell: Cell) -> Iterator[tuple[str, Option]]:
        """The inverse of ``cell``: the decisions in their order.

        Raises:
            GenotypeError: the cell has another number of blocks, combines or gives out what these questions cannot say.
        """
        self._require(cell)
        for number, block in enumerate(cell.blocks):
            name = self._block(number)
            for side, edge in zip(SIDES, block.edges, strict=True):
                yield f"{name}/{side}/input", state_name(edge.input)
            for side, edge in zip(SIDES, block.edges, strict=True):
                yield f"{name}/{side}/operation", edge.operation
            if len(self.combines) > 1:
                yield f"{name}/combine", block.combine

    def canonical(self, cell: Cell) -> Cell:
        """The one cell that represents all those of the same network, see ``nasframe_cells.canonical``."""
        found = canonical(cell, same_output=not isinstance(self.output, str))
        return Cell(found.blocks, self._concat(found.blocks))

    def graph(self, cell: Cell | None = None) -> nx.MultiDiGraph:
        """All cells, or one, with the attributes of ``nasframe.graph``; the keys are ``left`` and ``right``."""
        graph = nx.MultiDiGraph(skips=("skip",))
        for index in range(len(INPUTS) + self.blocks):
            self._add_node(graph, state_name(index), "input" if index < len(INPUTS) else "block", index)
        self._add_node(graph, "output", "output", len(INPUTS) + self.blocks)
        for number in range(self.blocks):
            block = cell.blocks[number] if cell else None
            self._add_block(graph, number, block)
        for index in cell.concat if cell else self._may_be_given_out():
            graph.add_edge(self._node(state_name(index)), self._node("output"), "output", kind="link")
        return graph

    def _add_node(self, graph: nx.MultiDiGraph, name: str, kind: str, rank: int) -> None:
        graph.add_node(self._node(name), part=self.part, kind=kind, layer=rank, level=0, label=name)

    def _add_block(self, graph: nx.MultiDiGraph, number: int, block: Block | None) -> None:
        """The edges into a block: of one that is chosen two, else from all states on both sides."""
        node = self._node(state_name(len(INPUTS) + number))
        if len(self.combines) > 1 or self.combines[0] != "add":
            graph.nodes[node]["combine"] = block.combine if block else self._any_combine()
        for side, edge in zip(SIDES, block.edges if block else (None, None), strict=True):
            for name in [state_name(edge.input)] if edge else self._states(number):
                chosen = {"operation": edge.operation} if edge else {}
                graph.add_edge(self._node(name), node, side, kind="operation", operations=self.operations, **chosen)

    def _any_combine(self) -> Combine | tuple[Combine, ...]:
        return self.combines if len(self.combines) > 1 else self.combines[0]

    def _may_be_given_out(self) -> tuple[int, ...]:
        every = tuple(range(len(INPUTS), len(INPUTS) + self.blocks))
        return every if isinstance(self.output, str) else tuple(map(state_index, self.output))

    def _concat(self, blocks: tuple[Block, ...]) -> tuple[int, ...]:
        return loose_ends(blocks) if self.output == "loose_ends" else self._may_be_given_out()

    def _read(self, genotype: Genotype, name: str) -> Block:
        left, right = (
            Edge(genotype[f"{name}/{side}/operation"], state_index(genotype[f"{name}/{side}/input"])) for side in SIDES
        )
        return Block(left, right, genotype[f"{name}/combine"] if len(self.combines) > 1 else self.combines[0])

    def _require(self, cell: Cell) -> None:
        if len(cell.blocks) != self.blocks:
            raise GenotypeError(
                f"the {self.part} cell has {quantity(len(cell.blocks), 'block')}; the space has {self.blocks}"
            )
        for number, block in enumerate(cell.blocks, start=1):
            if block.combine not in self.combines:
                raise GenotypeError(
                    f"block b{number} of the {self.part} cell combines by {block.combine!r}; in the space blocks "
                    f"combine by {' or '.join(self.combines)}"
                )
        if cell.concat != self._concat(cell.blocks):
            given, wanted = (list(map(state_name, states)) for states in (cell.concat, self._concat(cell.blocks)))
            raise GenotypeError(
                f"the {self.part} cell gives out {given}; by the space's options it is {wanted}: set them to this list"
            )

    def _states(self, number: int) -> tuple[str, ...]:
        """What a block may read."""
        return tuple(map(state_name, range(len(INPUTS) + number)))

    def _block(self, number: int) -> str:
        return self._node(state_name(len(INPUTS) + number))

    def _node(self, name: str) -> str:
        return f"{self.part}/{name}"

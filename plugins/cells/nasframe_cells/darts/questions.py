"""What DARTS asks about a cell, how the answers read as a cell, and the graph of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, final

import networkx as nx

from nasframe import Choose, Genotype, GenotypeError
from nasframe.files.words import quantity
from nasframe.genotype import Option
from nasframe_cells.canonical import canonical
from nasframe_cells.darts.options import NONE
from nasframe_cells.language import INPUTS, Block, Cell, Edge, state_index, state_name


class RelaxedEdge(NamedTuple):
    """An edge of the relaxed cell."""

    source: int
    """The state that it leaves."""
    block: int
    """The state that it enters."""


def relaxed_edges(blocks: int) -> list[RelaxedEdge]:
    """All edges of the relaxed cell; an edge's position is its row in the table of alphas."""
    targets = range(len(INPUTS), len(INPUTS) + blocks)
    return [RelaxedEdge(source, block) for block in targets for source in range(block)]


@final
@dataclass(frozen=True)
class DartsQuestions:
    """The decisions about one cell.

    For each block ``b1``, ``b2``, … of the cell ``normal``: ``normal/b1/inputs``, a pair of different states, and for
    each of the two its operation, like ``normal/b1/h-2``.
    """

    part: str
    """The cell's name; also of its array of mixing weights."""
    blocks: int
    operations: tuple[str, ...]
    """With ``none``, if it takes part in the mixing."""

    @property
    def kept_operations(self) -> tuple[str, ...]:
        """Those that may be chosen."""
        return tuple(name for name in self.operations if name != NONE)

    def decide(self, choose: Choose) -> None:
        """Ask block by block."""
        for state in self._block_states:
            name = self._node(state)
            for source in choose(f"{name}/inputs", list(combinations(map(state_name, range(state)), 2))):
                choose(f"{name}/{source}", self.kept_operations)

    def cell(self, genotype: Genotype) -> Cell:
        """The cell of a genotype that is legal in the space."""
        blocks = []
        for state in self._block_states:
            name = self._node(state)
            left, right = (
                Edge(genotype[f"{name}/{source}"], state_index(source)) for source in genotype[f"{name}/inputs"]
            )
            blocks.append(Block(left, right))
        return Cell(tuple(blocks), tuple(self._block_states))

    def answers(self, cell: Cell) -> Iterator[tuple[str, Option]]:
        """The inverse of ``cell``: the decisions in their order.

        Raises:
            GenotypeError: the cell has another number of blocks, a block reads one state twice or does not add, or the
                cell gives out something else than its blocks.
        """
        self._require(cell)
        for state, block in zip(self._block_states, cell.blocks, strict=True):
            name = self._node(state)
            edges = sorted(block.edges, key=lambda edge: edge.input)
            yield f"{name}/inputs", tuple(state_name(edge.input) for edge in edges)
            for edge in edges:
                yield f"{name}/{state_name(edge.input)}", edge.operation

    def canonical(self, cell: Cell) -> Cell:
        """The one cell that represents all those of the same network, see ``nasframe_cells.canonical``."""
        return canonical(cell)

    def graph(self, cell: Cell | None = None) -> nx.DiGraph:
        """All cells, or one, with the attributes of ``nasframe.graph``."""
        graph = nx.DiGraph(skips=("skip",), zeros=(NONE,))
        states = range(len(INPUTS) + self.blocks)
        for state in states:
            kind = "input" if state < len(INPUTS) else "block"
            graph.add_node(self._node(state), part=self.part, kind=kind, layer=state, level=0, label=state_name(state))
        output = f"{self.part}/output"
        graph.add_node(output, part=self.part, kind="output", layer=len(states), level=0, label="output")
        for row, edge in enumerate(relaxed_edges(self.blocks)):
            chosen = self._chosen(cell, edge)
            if cell is None or chosen:
                graph.add_edge(
                    self._node(edge.source),
                    self._node(edge.block),
                    kind="operation",
                    operations=self.operations,
                    weight=(self.part, row),
                    **chosen,
                )
        for state in self._block_states:
            graph.add_edge(self._node(state), output, kind="link")
        return graph

    @property
    def _block_states(self) -> range:
        return range(len(INPUTS), len(INPUTS) + self.blocks)

    def _node(self, state: int) -> str:
        return f"{self.part}/{state_name(state)}"

    def _chosen(self, cell: Cell | None, edge: RelaxedEdge) -> dict[str, str]:
        """The operation that a cell has on an edge, as an attribute."""
        for one in cell.blocks[edge.block - len(INPUTS)].edges if cell else ():
            if one.input == edge.source:
                return {"operation": one.operation}
        return {}

    def _require(self, cell: Cell) -> None:
        if len(cell.blocks) != self.blocks:
            found = quantity(len(cell.blocks), "block")
            raise GenotypeError(f"the {self.part} cell has {found}; the space has {self.blocks}")
        for number, block in enumerate(cell.blocks, start=1):
            if block.combine != "add" or block.left.input == block.right.input:
                raise GenotypeError(
                    f"block b{number} of the {self.part} cell is '{block}'; in this space a block adds operations on "
                    "two different states (space darts-wide has more)"
                )
        if sorted(cell.concat) != list(self._block_states):
            given = [state_name(state) for state in cell.concat]
            raise GenotypeError(f"the {self.part} cell gives out {given}; in this space it gives out all its blocks")

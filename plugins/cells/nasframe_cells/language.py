"""The language of cells: blocks that combine two operations on earlier states, and the states that a cell gives out.

A cell has two inputs. **State 0 is the output of the cell before the last one, state 1 that of the last one**; the
blocks are the states 2, 3, … in order. That is the order of DARTS's code and of PNASNet.pytorch, and that of the names
``h-2``, ``h-1``, ``b1``, ``b2``, … The code of NASNet's, PNAS's and AmoebaNet's authors (TensorFlow's slim, its TPU
models) has the last output as state 0 and the one before as state 1: ``Cell.with_inputs_swapped`` leads from either
order to the other. Papers draw the same two as h_{i-1} and h_i.

What an operation's name means, and how a cell's inputs are brought to one size, is the business of a space.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from typing_extensions import override

from nasframe import GenotypeError

__all__ = ["INPUTS", "SIDES", "Block", "Cell", "Cells", "Combine", "Edge", "read_cell", "state_index", "state_name"]

Combine = Literal["add", "concat"]
"""How a block makes one state of its two: their sum, or both along the channels."""
INPUTS = ("h-2", "h-1")
"""The names of the states 0 and 1: the outputs of the cell before the last and of the last one."""
SIDES = ("left", "right")
"""The names of a block's two edges, also in decisions and as keys in graphs."""
_EDGE = re.compile(r"\s*(\w+)\s*\(\s*(\d+)\s*\)")


def state_name(index: int) -> str:
    """``h-2`` and ``h-1`` for a cell's inputs, then ``b1``, ``b2``, … for its blocks."""
    return INPUTS[index] if index < len(INPUTS) else f"b{index - len(INPUTS) + 1}"


def state_index(name: str) -> int:
    """The inverse of ``state_name``.

    Raises:
        GenotypeError: no state has this name.
    """
    if name in INPUTS:
        return INPUTS.index(name)
    if re.fullmatch(r"b[1-9]\d*", name):
        return int(name[1:]) + len(INPUTS) - 1
    raise GenotypeError(f"found the state {name!r}; states are named {', '.join(INPUTS)}, b1, b2, …")


@dataclass(frozen=True, order=True)
class Edge:
    """An operation on a state."""

    operation: str
    input: int
    """The state's index."""

    @override
    def __str__(self) -> str:
        return f"{self.operation}({self.input})"


@dataclass(frozen=True, order=True)
class Block:
    """One state of a cell, made of two."""

    left: Edge
    right: Edge
    combine: Combine = "add"

    @property
    def edges(self) -> tuple[Edge, Edge]:
        """Left, then right."""
        return self.left, self.right

    @override
    def __str__(self) -> str:
        return f"{self.left} {self.right}" + ("" if self.combine == "add" else f" {self.combine}")


@dataclass(frozen=True)
class Cell:
    """A cell, complete: nothing about its output is left to a rule.

    Raises:
        GenotypeError: a block reads a state that does not come before it, or the output a state that is not there or
            is there twice, or nothing.
    """

    blocks: tuple[Block, ...]
    concat: tuple[int, ...]
    """The states that the cell gives out, in the order in which their channels are joined."""

    def __post_init__(self) -> None:
        for number, block in enumerate(self.blocks):
            for edge in block.edges:
                if not 0 <= edge.input < number + len(INPUTS):
                    raise GenotypeError(
                        f"block {number + 1} of a cell reads the state {edge.input} in {edge}; it may read the states "
                        f"0 to {number + len(INPUTS) - 1}, which come before it"
                    )
        states = range(self.states)
        wrong = [index for index in self.concat if index not in states or self.concat.count(index) > 1]
        if wrong or not self.concat:
            raise GenotypeError(
                f"found {list(self.concat)} as the states of a cell's output; it gives out one or more of "
                f"the states 0 to {self.states - 1}, each once"
            )

    @property
    def states(self) -> int:
        """How many there are: the two inputs, and one for each block."""
        return len(INPUTS) + len(self.blocks)

    @property
    def loose_ends(self) -> tuple[int, ...]:
        """The blocks that no block reads."""
        return loose_ends(self.blocks)

    @property
    def live(self) -> frozenset[int]:
        """The states on which the output depends; a network needs no others."""
        found = set(self.concat)
        for state in range(self.states - 1, len(INPUTS) - 1, -1):
            if state in found:
                found.update(edge.input for edge in self.blocks[state - len(INPUTS)].edges)
        return frozenset(found)

    def with_inputs_swapped(self) -> Cell:
        """The same text in the other order of inputs (0 the last output, 1 the one before): its own inverse."""

        def swapped(index: int) -> int:
            return 1 - index if index < len(INPUTS) else index

        def moved(edge: Edge) -> Edge:
            return replace(edge, input=swapped(edge.input))

        blocks = tuple(Block(moved(block.left), moved(block.right), block.combine) for block in self.blocks)
        return Cell(blocks, tuple(map(swapped, self.concat)))

    @override
    def __str__(self) -> str:
        return "; ".join(map(str, self.blocks)) + " -> " + " ".join(map(str, self.concat))


@dataclass(frozen=True)
class Cells:
    """What a network is made of: a cell that keeps the resolution and one that halves it; they may be equal."""

    normal: Cell
    reduction: Cell

    def with_inputs_swapped(self) -> Cells:
        """As of ``Cell``."""
        return Cells(self.normal.with_inputs_swapped(), self.reduction.with_inputs_swapped())


def loose_ends(blocks: Sequence[Block]) -> tuple[int, ...]:
    """The indices of the states of the blocks that no block reads."""
    read = {edge.input for block in blocks for edge in block.edges}
    return tuple(index for index in range(len(INPUTS), len(INPUTS) + len(blocks)) if index not in read)


def read_cell(text: str) -> Cell:
    """The inverse of ``str(cell)``: ``sep_5x5(1) sep_3x3(0); skip(2) max_pool_3x3(0) concat -> 0 3``.

    Raises:
        GenotypeError: the text is no cell, or it is none that can be.
    """
    blocks, arrow, concat = text.partition("->")
    if not arrow or not re.fullmatch(r"[\s\d]*", concat):
        raise GenotypeError(f"found {text!r}; the text of a cell is 'blocks -> states', the states as numbers")
    return Cell(tuple(map(_block, blocks.split(";"))), tuple(map(int, concat.split())))


def _block(text: str) -> Block:
    edges = list(_EDGE.finditer(text))
    combine = text[edges[-1].end() :].strip() or "add" if edges else ""
    left_over = _EDGE.sub("", text).strip()
    if len(edges) != 2 or combine not in get_args(Combine) or left_over not in ("", combine):
        raise GenotypeError(
            f"found {text.strip()!r}; a block is two operations on states, like 'sep_3x3(0) skip(1)', and 'concat' "
            "after them where it does not add"
        )
    left, right = (Edge(edge[1], int(edge[2])) for edge in edges)
    return Block(left, right, "concat" if combine == "concat" else "add")

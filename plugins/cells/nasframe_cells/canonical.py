"""One cell for all that make the same network: the operands of a block swapped, its blocks renamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nasframe_cells.language import INPUTS, Block, Cell

__all__ = ["canonical"]


def canonical(cell: Cell, same_output: bool = False) -> Cell:
    """The least, in the order of its blocks, of all cells that compute the same but for the order of channels.

    Two cells compute the same if swapping operands of blocks and renaming blocks makes one of the other.

    Args:
        cell: any; of what it gives out the order is lost.
        same_output: blocks keep their names as far as what it gives out keeps the same states, as where these are set.
    """
    output = tuple(sorted(cell.concat))
    forms = [form for form in _forms(cell) if not same_output or form.concat == output]
    return min(forms, key=lambda form: (form.blocks, form.concat))


def _forms(cell: Cell) -> Iterator[Cell]:
    """The cell under every order of its blocks in which each comes after those that it reads."""
    for order in _orders(cell.blocks, ()):
        new = {old: place for place, old in enumerate((*range(len(INPUTS)), *order))}
        blocks = tuple(_renamed(cell.blocks[old - len(INPUTS)], new) for old in order)
        yield Cell(blocks, tuple(sorted(new[state] for state in cell.concat)))


def _orders(blocks: tuple[Block, ...], placed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The states of the blocks in every order that is possible after those that are placed."""
    if len(placed) == len(blocks):
        yield placed
        return
    for state, block in enumerate(blocks, start=len(INPUTS)):
        if state not in placed and all(edge.input < len(INPUTS) or edge.input in placed for edge in block.edges):
            yield from _orders(blocks, (*placed, state))


def _renamed(block: Block, new: dict[int, int]) -> Block:
    left, right = sorted(replace(edge, input=new[edge.input]) for edge in block.edges)
    return Block(left, right, block.combine)

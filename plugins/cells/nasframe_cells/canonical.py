"""One cell for all that make the same network: the operands of a block swapped, its blocks renamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nasframe_cells.language import INPUTS, Block, Cell, Edge

__all__ = ["canonical"]

Row = tuple[int, str, int, str, str]
"""A block: input and operation of both edges, the lesser first, and how they are combined."""
Form = tuple[tuple[Row, ...], tuple[int, ...]]
"""A cell: its blocks, and the states that it gives out, in order."""


def canonical(cell: Cell, same_output: bool = False) -> Cell:
    """The least, in the order of its blocks, of all cells that compute the same but for the order of channels.

    Two cells compute the same if swapping operands of blocks and renaming blocks makes one of the other.

    Args:
        cell: any; of what it gives out the order is lost.
        same_output: blocks may be renamed only as far as what the cell gives out keeps the same states.
    """
    output = tuple(sorted(cell.concat))
    reads = [{edge.input for edge in block.edges if edge.input >= len(INPUTS)} for block in cell.blocks]
    forms = (_form(cell, order) for order in _orders(reads, ()))
    rows, concat = min(form for form in forms if not same_output or form[1] == output)
    return Cell(tuple(map(_block, rows)), concat)


def _orders(reads: Sequence[set[int]], placed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The states of the blocks in every order in which each comes after those that it reads."""
    if len(placed) == len(reads):
        yield placed
        return
    for state, before in enumerate(reads, start=len(INPUTS)):
        if state not in placed and before.issubset(placed):
            yield from _orders(reads, (*placed, state))


def _form(cell: Cell, order: tuple[int, ...]) -> Form:
    """The cell with its blocks in another order."""
    new = {old: place for place, old in enumerate((*range(len(INPUTS)), *order))}
    rows = []
    for old in order:
        block = cell.blocks[old - len(INPUTS)]
        left, right = ((new[edge.input], edge.operation) for edge in block.edges)
        rows.append((*left, *right, block.combine) if left <= right else (*right, *left, block.combine))
    return tuple(rows), tuple(sorted(new[state] for state in cell.concat))


def _block(row: Row) -> Block:
    left, left_operation, right, right_operation, combine = row
    return Block(Edge(left_operation, left), Edge(right_operation, right), "concat" if combine == "concat" else "add")

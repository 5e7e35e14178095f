"""One cell for all that make the same network: the operands of a block swapped, its blocks renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    found = _least(cell, {index: index for index in range(len(INPUTS))}, same_output)
    assert found is not None, "the cell's own order is one"
    rows, concat = found
    return Cell(tuple(map(_block, rows)), concat)


def _least(cell: Cell, new: Mapping[int, int], same_output: bool) -> Form | None:
    """The blocks that are left in their least order, and the states that the whole cell then gives out.

    Block by block the least that is ready comes next, so that of all orders only those are looked at that tie.

    Args:
        new: the new names of the inputs and of the blocks that have their place.

    Returns:
        None where in no order the cell gives out the same states.
    """
    if len(new) == cell.states:
        return (), tuple(sorted(new[state] for state in cell.concat))
    ready: dict[Row, list[int]] = {}
    for state, block in enumerate(cell.blocks, start=len(INPUTS)):
        placeable = state not in new and block.left.input in new and block.right.input in new
        if placeable and (not same_output or (state in cell.concat) == (len(new) in cell.concat)):
            ready.setdefault(_row(block, new), []).append(state)
    for row in sorted(ready):
        tied = [_least(cell, {**new, state: len(new)}, same_output) for state in _different(cell, ready[row])]
        found = [form for form in tied if form is not None]
        if found:
            rows, concat = min(found)
            return (row, *rows), concat
    return None


def _different(cell: Cell, states: Sequence[int]) -> list[int]:
    """Of equal blocks one for all those that may be exchanged without changing the cell."""
    kept: list[int] = []
    for state in states:
        if not any(_exchangeable(cell, state, other) for other in kept):
            kept.append(state)
    return kept


def _exchangeable(cell: Cell, one: int, other: int) -> bool:
    """Whether of two equal blocks whatever reads one reads the other in the same way, the output too."""
    same = {state: state for state in range(cell.states)}
    swapped = {**same, one: other, other: one}
    reads_alike = all(_row(block, same) == _row(block, swapped) for block in cell.blocks)
    return reads_alike and (one in cell.concat) == (other in cell.concat)


def _row(block: Block, new: Mapping[int, int]) -> Row:
    left, right = ((new[edge.input], edge.operation) for edge in block.edges)
    return (*left, *right, block.combine) if left <= right else (*right, *left, block.combine)


def _block(row: Row) -> Block:
    left, left_operation, right, right_operation, combine = row
    return Block(Edge(left_operation, left), Edge(right_operation, right), "concat" if combine == "concat" else "add")

"""What the network of a genotype inherits from a supernet."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from nasframe import CapabilityError
from nasframe_cells.darts.mixed_cell import edge_number
from nasframe_cells.darts.options import SkeletonOptions
from nasframe_cells.darts.single_path import SinglePath
from nasframe_cells.darts.skeleton import skeleton, stages
from nasframe_cells.darts.supernet import DartsSupernet
from nasframe_cells.language import INPUTS, Cells


def own(supernet: nn.Module) -> DartsSupernet:
    """The supernet itself, or that of which it is a part.

    Raises:
        CapabilityError: it is not of this space.
    """
    if isinstance(supernet, SinglePath):
        return supernet.supernet
    if isinstance(supernet, DartsSupernet):
        return supernet
    raise CapabilityError(
        f"space 'darts' was given a {type(supernet).__name__} to inherit from; expected a supernet of its own, "
        "from its relax() or switchable()"
    )


def inherited(supernet: nn.Module, cells: Cells, options: SkeletonOptions) -> dict[str, Tensor]:
    """Copies of the supernet's tensors, under the names that they have in the network of these cells.

    Args:
        options: of the network, which may have more or fewer cells than the supernet.
    """
    return {name: tensor.detach().clone() for name, tensor in _tensors(own(supernet), cells, options)}


def _tensors(supernet: DartsSupernet, cells: Cells, options: SkeletonOptions) -> Iterator[tuple[str, Tensor]]:
    for name, part in (("stem", supernet.stem), ("classify", supernet.classify)):
        yield from ((f"{name}.{inner}", tensor) for inner, tensor in part.state_dict().items())
    plan = skeleton(options, len(cells.normal.concat), len(cells.reduction.concat))
    at = {place: number for number, place in enumerate(stages(supernet.places))}
    for number, place in enumerate(stages(plan.places)):
        if place in at:
            for name, tensor in _of_cell(supernet, at[place], cells):
                yield f"cells.{number}.{name}", tensor


def _of_cell(supernet: DartsSupernet, number: int, cells: Cells) -> Iterator[tuple[str, Tensor]]:
    yield from ((f"inputs.{name}", tensor) for name, tensor in supernet.inputs[number].state_dict().items())
    mixed = supernet.cell(number)
    cell = cells.normal if supernet.places[number].cell == "normal" else cells.reduction
    for state, block in enumerate(cell.blocks, start=len(INPUTS)):
        for side, edge in enumerate(block.edges):
            tensors = mixed.fan(edge.input).tensors(edge_number(edge.input, state), edge.operation)
            # An operation stands before its drop path; the identity, which stands alone, has no tensors.
            yield from ((f"blocks.{state}.{side}.0.{name}", tensor) for name, tensor in tensors)

"""PNAS (Liu et al., ECCV 2018, arXiv 1712.00559): one cell, used with stride 1 and 2."""

from __future__ import annotations

from typing import ClassVar, final

from typing_extensions import override

from nasframe import Growing, SearchSpace
from nasframe_cells import skeleton
from nasframe_cells.options import PnasOptions
from nasframe_cells.questions import CellQuestions
from nasframe_cells.space import CellSpace


@final
class Pnas(CellSpace, Growing):
    """Four questions a block: two states and an operation on each, whose results are added (section 3.1).

    It grows block by block: a network of b blocks gives out all of them, or its own loose ends.
    """

    name: ClassVar[str] = "pnas"
    Options = PnasOptions
    options: PnasOptions

    @property
    @override
    def questions(self) -> tuple[CellQuestions]:
        options = self.options
        return (CellQuestions("cell", options.blocks, options.operations, ("add",), options.output),)

    @property
    @override
    def places(self) -> list[skeleton.Place]:
        return skeleton.places(
            imagenet=self.options.skeleton == "imagenet",
            cells=self.options.cells,
            filters=self.options.filters,
            separate_reductions=False,
            skip_reduction_input=False,
        )

    @override
    def growth(self) -> list[SearchSpace]:
        """The spaces of 1, 2, … blocks (section 4.1); where an output is named, smaller cells give out all blocks."""
        options = self.options
        output = options.output if isinstance(options.output, str) else "all"
        smaller = (
            Pnas(options.model_copy(update={"blocks": blocks, "output": output})) for blocks in range(1, options.blocks)
        )
        return [*smaller, self]

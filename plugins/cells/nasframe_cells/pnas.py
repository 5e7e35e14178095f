"""PNAS (Liu et al., ECCV 2018, arXiv 1712.00559): one cell, used with stride 1 and 2."""

from __future__ import annotations

from typing import ClassVar, final

from typing_extensions import override

from nasframe_cells import skeleton
from nasframe_cells.options import PnasOptions
from nasframe_cells.questions import CellQuestions
from nasframe_cells.space import CellSpace


@final
class Pnas(CellSpace):
    """Four questions a block: two states and an operation on each, whose results are added (section 3.1)."""

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

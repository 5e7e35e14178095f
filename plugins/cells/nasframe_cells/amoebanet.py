"""AmoebaNet (Real, Aggarwal, Huang and Le, AAAI 2019, arXiv 1802.01548): NASNet's two cells with fewer operations."""

from __future__ import annotations

from typing import ClassVar, final

from typing_extensions import override

from nasframe_cells.options import AmoebaNetOptions
from nasframe_cells.questions import CellQuestions
from nasframe_cells.skeleton import Place
from nasframe_cells.space import CellSpace
from nasframe_cells.two_cells import places, questions


@final
class AmoebaNet(CellSpace):
    """Four questions a block: two states and an operation on each, whose results are added (section 3.1)."""

    name: ClassVar[str] = "amoebanet"
    Options = AmoebaNetOptions
    options: AmoebaNetOptions

    @property
    @override
    def questions(self) -> tuple[CellQuestions, ...]:
        return questions(self.options, ("add",))

    @property
    @override
    def places(self) -> list[Place]:
        return places(self.options)

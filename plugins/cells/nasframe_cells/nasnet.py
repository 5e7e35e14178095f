"""NASNet (Zoph, Vasudevan, Shlens and Le, CVPR 2018, arXiv 1707.07012): a normal and a reduction cell."""

from __future__ import annotations

from typing import ClassVar, final

from typing_extensions import override

from nasframe_cells.options import NasNetOptions
from nasframe_cells.questions import CellQuestions
from nasframe_cells.skeleton import Place
from nasframe_cells.space import CellSpace
from nasframe_cells.two_cells import places, questions


@final
class NasNet(CellSpace):
    """Five questions a block: two states, an operation on each, and how the two are combined (section 3)."""

    name: ClassVar[str] = "nasnet"
    Options = NasNetOptions
    options: NasNetOptions

    @property
    @override
    def questions(self) -> tuple[CellQuestions, ...]:
        return questions(self.options, self.options.combines)

    @property
    @override
    def places(self) -> list[Place]:
        return places(self.options)

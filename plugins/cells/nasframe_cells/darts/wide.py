"""More cells than DARTS searches, in its networks: those that it has transcribed from NASNet and AmoebaNet, say."""

from __future__ import annotations

from typing import ClassVar, final

from typing_extensions import override

from nasframe_cells.darts.built import DartsCells
from nasframe_cells.darts.options import DartsWideOptions
from nasframe_cells.questions import CellQuestions


@final
class DartsWide(DartsCells):
    """A block's two inputs may be one state, there are more operations, and a cell may give out some of its blocks.

    DARTS's code builds and trains networks of such cells, and cannot search them.
    """

    name: ClassVar[str] = "darts-wide"
    Options = DartsWideOptions
    options: DartsWideOptions

    @property
    @override
    def questions(self) -> tuple[CellQuestions, ...]:
        options = self.options
        outputs = {"normal": options.normal_output, "reduction": options.reduction_output}
        return tuple(
            CellQuestions(part, options.blocks, options.operations, ("add",), output)
            for part, output in outputs.items()
        )

"""More cells than DARTS searches, in its networks: those that it has transcribed from NASNet and AmoebaNet, say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from typing_extensions import override

from nasframe import Genotype, ImageSizes, Task
from nasframe.space import require_labels
from nasframe_cells.asked import AskedCells
from nasframe_cells.darts.options import DartsWideOptions
from nasframe_cells.dialects import DARTS
from nasframe_cells.questions import CellQuestions

if TYPE_CHECKING:
    from nasframe_cells.darts.network import DartsNetwork


@final
class DartsWide(AskedCells):
    """A block's two inputs may be one state, there are more operations, and a cell may give out some of its blocks.

    DARTS's code builds and trains networks of such cells, and cannot search them.
    """

    name: ClassVar[str] = "darts-wide"
    Options = DartsWideOptions
    spelling = DARTS
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

    @override
    def image_sizes(self) -> ImageSizes:
        """Any from one that leaves 5x5 pixels to an auxiliary head."""
        return ImageSizes(least=self.options.least_side)

    @override
    def build(self, genotype: Genotype, task: Task) -> DartsNetwork:
        """The network of a genotype; it takes images of any size.

        Raises:
            GenotypeError: the genotype is not legal in this space, or the task's images are too small for an auxiliary
                head.
            CapabilityError: the task is dense.
        """
        from nasframe_cells.darts.network import DartsNetwork

        cells = self.cells(genotype)
        require_labels(self, task)
        return DartsNetwork(cells, self.options, task)

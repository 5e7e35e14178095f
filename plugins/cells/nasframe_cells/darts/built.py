"""What the spaces darts and darts-wide share: DARTS's networks around their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from nasframe import Genotype, ImageSizes, Task
from nasframe.space import require_labels
from nasframe_cells.asked import AskedCells
from nasframe_cells.darts.options import SkeletonOptions
from nasframe_cells.dialects import DARTS

if TYPE_CHECKING:
    from nasframe_cells.darts.network import DartsNetwork


class DartsCells(AskedCells):
    """Cells in the skeleton of DARTS."""

    spelling = DARTS
    options: SkeletonOptions

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

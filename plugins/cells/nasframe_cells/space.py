"""What the spaces nasnet, pnas and amoebanet have in common: cells of blocks, asked block by block."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from typing_extensions import override

from nasframe import Genotype, ImageSizes, Task
from nasframe.space import require_labels
from nasframe_cells.asked import AskedCells
from nasframe_cells.options import CellOptions
from nasframe_cells.skeleton import Place

if TYPE_CHECKING:
    from nasframe_cells.network import CellNetwork


class CellSpace(AskedCells):
    """A normal and a reduction cell, or one for both, in a network that labels images."""

    options: CellOptions

    @property
    @abstractmethod
    def places(self) -> list[Place]:
        """Where the cells stand in a network."""

    @override
    def image_sizes(self) -> ImageSizes:
        """Any from one that leaves a pixel to every cell, and 5x5 to an auxiliary head."""
        return ImageSizes(least=self.options.least_side)

    @override
    def build(self, genotype: Genotype, task: Task) -> CellNetwork:
        """The network of a genotype; it takes images of any size.

        Raises:
            GenotypeError: the genotype is not legal in this space, or the task's images are too small for an auxiliary
                head.
            CapabilityError: the task is dense.
        """
        from nasframe_cells.network import CellNetwork

        cells = self.cells(genotype)
        require_labels(self, task)
        return CellNetwork(cells, self.places, self.options, task)

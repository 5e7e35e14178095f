"""GridNet (Fourure, Emonet, Fromont, Muselet, Tremeau and Wolf, BMVC 2017, arXiv 1707.07958)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, ImageSizes, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_landmarks.gridnet_graph import gridnet_graph
from nasframe_landmarks.options import GridNetOptions

if TYPE_CHECKING:
    from torch import nn


@final
class GridNet(SearchSpace):
    """Two decisions, ``streams`` and ``columns``: streams of falling resolution, joined by columns down and up."""

    name: ClassVar[str] = "gridnet"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = GridNetOptions
    options: GridNetOptions

    @override
    def image_sizes(self) -> ImageSizes:
        """Multiples of the lowest stream's stride: 16 for five streams."""
        return ImageSizes(2 ** (max(self.options.streams) - 1))

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the numbers of streams and of columns each way."""
        choose("streams", self.options.streams)
        choose("columns", self.options.columns)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
        """
        from nasframe_landmarks.gridnet_network import GridNetwork

        validate(self, genotype)
        require_labels(self, task)
        return GridNetwork(genotype["streams"], genotype["columns"], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The grid: streams as rows, columns as layers."""
        options = self.options
        if genotype is not None:
            validate(self, genotype)
            return gridnet_graph([(genotype["streams"], genotype["columns"])], max(options.columns))
        grids = [(streams, columns) for streams in options.streams for columns in options.columns]
        return gridnet_graph(grids, max(options.columns))

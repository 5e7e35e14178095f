"""The dense prediction cell (Chen et al., NeurIPS 2018, arXiv 1809.04184) on any backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_deeplab.cell import Branch, add_cell, answers_of, cell_of, decide
from nasframe_deeplab.drawing import network_graph
from nasframe_deeplab.options import DpcOptions

if TYPE_CHECKING:
    from torch import nn


@final
class Dpc(SearchSpace):
    """For each branch two decisions: its input, the backbone's features or an earlier branch, and its operation."""

    name: ClassVar[str] = "dpc"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = DpcOptions
    options: DpcOptions

    @override
    def decide(self, choose: Choose) -> None:
        """Ask branch by branch."""
        decide(self.options.branches, self.options.operations, choose)

    def cell(self, genotype: Genotype) -> tuple[Branch, ...]:
        """The cell of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        validate(self, genotype)
        return cell_of(genotype, self.options.branches)

    def genotype(self, cell: tuple[Branch, ...]) -> Genotype:
        """The inverse of ``cell``.

        Raises:
            GenotypeError: the space does not have this cell.
        """
        found = Genotype(self.name, tuple(answers_of(cell)))
        validate(self, found)
        return found

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype; it takes images of any size.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
            FileError: ``weights`` holds no weights of the backbone.
        """
        from nasframe_deeplab.network import dpc

        cell = self.cell(genotype)
        require_labels(self, task)
        return dpc(cell, self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The network by resolution, and the cell as a part of its own."""
        options = self.options
        cell = None if genotype is None else self.cell(genotype)
        backbones = (options.backbone,)
        graph = network_graph(backbones, backbones, options.output_stride, "DPC", decoder=options.decoder)
        add_cell(graph, options.branches, options.operations, cell)
        return graph

"""DeepLabv3 (Chen, Papandreou, Schroff and Adam, 2017, arXiv 1706.05587): an atrous ResNet and ASPP."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_deeplab.drawing import add_aspp, network_graph
from nasframe_deeplab.options import DeepLabV3Options

if TYPE_CHECKING:
    from torch import nn


@final
class DeepLabV3(SearchSpace):
    """One decision, ``backbone``; ASPP's 3x3 convolutions are dense, and logits are made at the output stride."""

    name: ClassVar[str] = "deeplabv3"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = DeepLabV3Options
    options: DeepLabV3Options

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the backbone."""
        choose("backbone", self.options.backbones)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype; it takes images of any size.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
            FileError: ``weights`` holds no weights of the backbone.
        """
        from nasframe_deeplab.network import deeplabv3

        validate(self, genotype)
        require_labels(self, task)
        return deeplabv3(genotype["backbone"], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The network by resolution, and ASPP as a part of its own."""
        options = self.options
        if genotype is not None:
            validate(self, genotype)
        graph = network_graph(
            (genotype["backbone"],) if genotype else options.backbones,
            options.backbones,
            options.output_stride,
            "ASPP",
            decoder=False,
            auxiliary=options.auxiliary,
        )
        add_aspp(graph, options, "conv_3x3", chosen=genotype is not None)
        return graph

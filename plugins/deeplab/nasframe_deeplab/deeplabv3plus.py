"""DeepLabv3+ (Chen, Zhu, Papandreou, Schroff and Adam, ECCV 2018, arXiv 1802.02611): separable ASPP and a decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_deeplab.drawing import add_aspp, network_graph
from nasframe_deeplab.options import DeepLabV3PlusOptions

if TYPE_CHECKING:
    from torch import nn


@final
class DeepLabV3Plus(SearchSpace):
    """One decision, ``backbone``; the decoder joins ASPP's output with features of stride 4."""

    name: ClassVar[str] = "deeplabv3plus"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = DeepLabV3PlusOptions
    options: DeepLabV3PlusOptions

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
        from nasframe_deeplab.network import deeplabv3plus

        validate(self, genotype)
        require_labels(self, task)
        return deeplabv3plus(genotype["backbone"], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The network by resolution, and ASPP as a part of its own."""
        options = self.options
        if genotype is not None:
            validate(self, genotype)
        chosen = (genotype["backbone"],) if genotype else options.backbones
        graph = network_graph(chosen, options.backbones, options.output_stride, "ASPP", decoder=True)
        add_aspp(graph, options, "sep_3x3", chosen=genotype is not None)
        return graph

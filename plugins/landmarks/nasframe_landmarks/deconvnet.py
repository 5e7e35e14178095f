"""DeconvNet (Noh, Hong and Han, ICCV 2015, arXiv 1505.04366): Conv-Deconv of Auto-DeepLab's figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, ImageSizes, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_landmarks.deconvnet_graph import deconvnet_graph
from nasframe_landmarks.deconvnet_outline import STRIDE
from nasframe_landmarks.options import DeconvNetOptions

if TYPE_CHECKING:
    from torch import nn


@final
class DeconvNet(SearchSpace):
    """One decision, ``kernel`` of the bottleneck; unpooling puts values where the poolings' maxima were."""

    name: ClassVar[str] = "deconvnet"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = DeconvNetOptions
    options: DeconvNetOptions

    @override
    def image_sizes(self) -> ImageSizes:
        """Multiples of 32, at least as many as the largest kernel covers: 224 for 7x7."""
        return ImageSizes(STRIDE, least=STRIDE * max(self.options.kernels))

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the side of the bottleneck's kernels."""
        choose("kernel", self.options.kernels)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
        """
        from nasframe_landmarks.deconvnet_network import UnpoolingNetwork

        validate(self, genotype)
        require_labels(self, task)
        return UnpoolingNetwork(genotype["kernel"], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """Down to the bottleneck, whose kernel it does not show, and up again, with the indices that go across."""
        if genotype is not None:
            validate(self, genotype)
        return deconvnet_graph()

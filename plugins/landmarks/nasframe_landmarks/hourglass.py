"""Stacked hourglasses (Newell, Yang and Deng, ECCV 2016, arXiv 1603.06937)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, ImageSizes, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_landmarks.hourglass_graph import STRIDE, hourglass_graph
from nasframe_landmarks.options import HourglassOptions

if TYPE_CHECKING:
    from torch import nn


@final
class Hourglass(SearchSpace):
    """One decision, ``stacks``; each of them is supervised."""

    name: ClassVar[str] = "hourglass"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = HourglassOptions
    options: HourglassOptions

    @override
    def image_sizes(self) -> ImageSizes:
        """Multiples of an hourglass's coarsest stride: 64 for a depth of 4."""
        return ImageSizes(STRIDE * 2**self.options.depth)

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the number of hourglasses."""
        choose("stacks", self.options.stacks)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype; in training it returns ``nasframe.Outputs``, one of each hourglass.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
        """
        from nasframe_landmarks.hourglass_network import StackedHourglasses

        validate(self, genotype)
        require_labels(self, task)
        return StackedHourglasses(genotype["stacks"], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The hourglasses by resolution, with the output of each."""
        options = self.options
        if genotype is not None:
            validate(self, genotype)
        return hourglass_graph(genotype["stacks"] if genotype else max(options.stacks), options.depth)

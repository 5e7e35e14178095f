"""FRRN (Pohlen, Hermans, Mathias and Leibe, CVPR 2017, arXiv 1611.08323): full-resolution residual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, ImageSizes, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_landmarks.frrn_graph import frrn_graph
from nasframe_landmarks.frrn_outline import STAGES, coarsest
from nasframe_landmarks.options import FrrnOptions

if TYPE_CHECKING:
    from torch import nn


@final
class Frrn(SearchSpace):
    """One decision, ``variant``; a stream at full resolution and one that is pooled meet in every unit."""

    name: ClassVar[str] = "frrn"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = FrrnOptions
    options: FrrnOptions

    @override
    def image_sizes(self) -> ImageSizes:
        """Multiples of 16, or of 32 where ``b`` is among the variants."""
        return ImageSizes(max(map(coarsest, self.options.variants)))

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the variant."""
        choose("variant", self.options.variants)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task wants labels of whole images.
        """
        from nasframe_landmarks.frrn_network import FullResolutionNetwork

        validate(self, genotype)
        require_labels(self, task)
        return FullResolutionNetwork(STAGES[genotype["variant"]], self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """Both streams by resolution: the pooled one unit by unit, the one at full resolution as its sums."""
        if genotype is not None:
            validate(self, genotype)
        variants = self.options.variants
        return frrn_graph((genotype["variant"],) if genotype else variants, variants)

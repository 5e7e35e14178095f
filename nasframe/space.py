"""The search space: a set of architectures, as questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nasframe.genotype import Choose, Genotype
from nasframe.options import Options as BaseOptions

if TYPE_CHECKING:
    import networkx as nx
    from torch import Tensor, nn

    from nasframe.supernet import Supernet

Weigh = Callable[["Tensor"], "Tensor"]
"""Logits (..., K) -> mixing weights (..., K). An absent option has the logit -inf and must get the weight 0."""


@dataclass(frozen=True)
class Task:
    """What a network has to do, as its evaluator says it."""

    in_channels: int
    num_classes: int
    size: tuple[int, int]
    """Height and width in pixels of a whole evaluation image; the size at which costs are counted."""
    dense: bool = True
    """True: a label a pixel, logits (N, num_classes, H, W) at input size; False: one an image, (N, num_classes)."""


class SearchSpace(ABC):
    """A set of architectures, asked as questions in program order.

    Subclasses declare ``name``, a nested ``Options`` and the three methods; everything sample-based (drawing,
    mutation, crossover, enumeration, encoding; see ``nasframe.genotype``) follows from ``decide``. Keep the
    module light: import torch and the network code inside ``build`` and ``relax``, so that checking an
    experiment loads neither.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions

    def __init__(self, options: BaseOptions | None = None) -> None:
        """Args: options: of this class's ``Options``; None: the defaults."""
        self.options = self.Options() if options is None else options

    @abstractmethod
    def decide(self, choose: Choose) -> None:
        """Ask every decision, by ``choose(name, options)``; what is asked later may depend on earlier answers.

        Names are unique, like ``cell/b2/inputs``; options are strings, numbers or tuples of them.
        """

    @abstractmethod
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        For a dense task it maps (N, in_channels, H, W) to logits (N, num_classes, H, W), whatever H and W.
        Weights are initialised from torch's global generator, which the caller has seeded.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    @abstractmethod
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The space, or one genotype in it, as a graph with the attributes that ``nasframe.graph`` documents.

        The graph of a genotype is a subgraph of the whole.
        """


class Relaxable(ABC):
    """Of a space: it can be relaxed to a supernet, so gradient strategies can search it."""

    @abstractmethod
    def relax(self, task: Task, weigh: Weigh) -> Supernet:
        """The supernet that holds all candidates, mixing them by ``weigh``."""

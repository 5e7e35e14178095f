"""NAS-Bench-Macro (Su et al., CVPR 2021, arXiv 2103.11922): a chain of layers, each skipped, light or heavy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, final

import networkx as nx
from pydantic import Field
from typing_extensions import override

from nasframe import Canonical, CapabilityError, Choose, Genotype, Growing, Labels, SearchSpace, Task
from nasframe import Options as BaseOptions
from nasframe.genotype import Option, validate

if TYPE_CHECKING:
    from torch import nn

IDENTITY = "identity"
LAYERS = (IDENTITY, "mb3_k3", "mb6_k5")
"""Nothing; an inverted residual that expands 3 times with kernel 3; one that expands 6 times with kernel 5. In the
table of accuracies they are 0, 1 and 2."""


@final
class Macro(SearchSpace, Canonical, Growing):
    """Decisions ``layer1`` to ``layer8``; stages of 2, 3 and 3 layers, the first of each halving the resolution."""

    name: ClassVar[str] = "macro"
    labels: ClassVar[tuple[Labels, ...]] = ("images",)

    class Options(BaseOptions):
        """The size of the networks; the defaults are those of the table."""

        stages: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(2, 3, 3), min_length=1)
        """Layers of each stage; a stage has twice the channels of the one before."""
        filters: int = Field(default=32, ge=1)
        """Channels of the stem."""
        head: int = Field(default=1280, ge=1)
        """Channels before the classifier."""

    options: Options

    def __init__(self, options: BaseOptions | None = None, grown: int | None = None) -> None:
        """Args: grown: how many layers, from the first on, may be more than identities; None: all."""
        super().__init__(options)
        self._grown = sum(self.options.stages) if grown is None else grown

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for each layer in turn."""
        for layer in range(1, sum(self.options.stages) + 1):
            choose(f"layer{layer}", LAYERS if layer <= self._grown else (IDENTITY,))

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task is dense.
        """
        from nasframe_macro.network import network

        validate(self, genotype)
        if task.dense:
            raise CapabilityError(
                "the task wants a label for every pixel; space 'macro' makes networks that label whole images: "
                "use an evaluator of image classification, or the evaluator 'table'"
            )
        stages = [[str(answer) for answer in stage] for stage in self._by_stage(genotype)]
        return network(stages, task, self.options.filters, self.options.head)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """One chain, drawn as a cell; each layer is an operation edge."""
        if genotype is not None:
            validate(self, genotype)
        count = sum(self.options.stages)
        names = ["stem", *(f"layer{layer}" for layer in range(1, count + 1)), "head"]
        kinds = ["input", *["block"] * count, "output"]
        graph = nx.DiGraph(space=self.name, skips=(IDENTITY,))
        for rank, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=rank, level=0, label=name)
        for before, name in pairwise(names[:-1]):
            graph.add_edge(f"cell/{before}", f"cell/{name}", kind="operation", operations=LAYERS)
            if genotype is not None:
                graph.edges[f"cell/{before}", f"cell/{name}"]["operation"] = genotype[name]
        graph.add_edge(f"cell/{names[-2]}", "cell/head", kind="link")
        return graph

    @override
    def canonical(self, genotype: Genotype) -> Genotype:
        """The same network with the identities of each stage, but for its first layer, at the stage's end.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        validate(self, genotype)
        answers = [
            answer
            for first, *rest in self._by_stage(genotype)
            for answer in (first, *sorted(rest, key=lambda layer: layer == IDENTITY))
        ]
        return Genotype(self.name, tuple(zip(genotype.answers, answers, strict=True)))

    @override
    def growth(self) -> list[SearchSpace]:
        """Layer by layer from the first on; those to come are identities."""
        return [*(Macro(self.options, grown) for grown in range(1, sum(self.options.stages))), self]

    def _by_stage(self, genotype: Genotype) -> list[list[Option]]:
        """The answers, stage by stage."""
        answers = iter(answer for _, answer in genotype.decisions)
        return [[next(answers) for _ in range(layers)] for layers in self.options.stages]

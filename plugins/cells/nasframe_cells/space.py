"""What the spaces nasnet, pnas and amoebanet have in common: cells of blocks, asked block by block."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, ClassVar

import networkx as nx
from typing_extensions import override

from nasframe import CapabilityError, Choose, Genotype, GenotypeError, ImageSizes, Labels, SearchSpace, Task
from nasframe.genotype import validate
from nasframe_cells.language import Cells
from nasframe_cells.options import CellOptions
from nasframe_cells.questions import CellQuestions
from nasframe_cells.skeleton import Place
from nasframe_cells.translated import TranslatedCells

if TYPE_CHECKING:
    from nasframe_cells.network import CellNetwork


class CellSpace(SearchSpace, TranslatedCells):
    """A normal and a reduction cell, or one for both, in a network that labels images."""

    labels: ClassVar[tuple[Labels, ...]] = ("images",)
    options: CellOptions

    @property
    @abstractmethod
    def questions(self) -> Sequence[CellQuestions]:
        """Of each cell that is asked for, in order: one, or the normal and the reduction cell."""

    @property
    @abstractmethod
    def places(self) -> list[Place]:
        """Where the cells stand in a network."""

    @override
    def cells(self, genotype: Genotype) -> Cells:
        """The cells of a genotype, in the language of cells.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        validate(self, genotype)
        found = [questions.cell(genotype) for questions in self.questions]
        return Cells(found[0], found[-1])

    @override
    def genotype(self, cells: Cells) -> Genotype:
        """The inverse of ``cells``.

        Raises:
            GenotypeError: the space does not have these cells.
        """
        if len(self.questions) == 1 and cells.normal != cells.reduction:
            raise GenotypeError(f"space {self.name!r} has one cell for both places; found two that differ")
        asked = zip(self.questions, (cells.normal, cells.reduction), strict=False)
        genotype = Genotype(self.name, tuple(answer for questions, cell in asked for answer in questions.answers(cell)))
        validate(self, genotype)
        return genotype

    @override
    def image_sizes(self) -> ImageSizes:
        """Any from one that leaves a pixel to every cell, and 5x5 to an auxiliary head."""
        return ImageSizes(least=self.options.least_side)

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for each cell, block by block, see ``CellQuestions``."""
        for questions in self.questions:
            questions.decide(choose)

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
        if task.dense:
            raise CapabilityError(
                f"the task wants a label for every pixel; space {self.name!r} makes networks that label whole images: "
                "use an evaluator of image classification"
            )
        return CellNetwork(cells, self.places, self.options, task)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.MultiDiGraph:
        """The cells; each block has two edges, ``left`` and ``right``."""
        if genotype is not None:
            validate(self, genotype)
        graphs = [questions.graph(questions.cell(genotype) if genotype else None) for questions in self.questions]
        whole = reduce(nx.union, graphs)
        whole.graph["skips"] = ("skip",)
        return whole

    @override
    def canonical(self, genotype: Genotype) -> Genotype:
        """The same network with the operands and the blocks of each cell in a fixed order.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        cells = self.cells(genotype)
        first, last = self.questions[0], self.questions[-1]
        return self.genotype(Cells(first.canonical(cells.normal), last.canonical(cells.reduction)))

"""What all spaces of this plug-in have in common: cells, asked one after the other, in networks that label images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import ClassVar, Protocol

import networkx as nx
from typing_extensions import override

from nasframe import Choose, Genotype, GenotypeError, Labels, SearchSpace
from nasframe.genotype import Option, validate
from nasframe_cells.language import Cell, Cells
from nasframe_cells.translated import TranslatedCells


class Asking(Protocol):
    """What a space asks about one cell, and how the answers read as a cell."""

    def decide(self, choose: Choose, /) -> None:
        """Ask block by block."""

    def cell(self, genotype: Genotype, /) -> Cell:
        """The cell of a genotype that is legal in the space."""

    def answers(self, cell: Cell, /) -> Iterator[tuple[str, Option]]:
        """The inverse of ``cell``.

        Raises:
            GenotypeError: these questions cannot say it.
        """

    def canonical(self, cell: Cell, /) -> Cell:
        """The one cell that represents all those of the same network."""

    def graph(self, cell: Cell | None = None, /) -> nx.DiGraph:
        """All cells, or one, with the attributes of ``nasframe.graph``."""


class AskedCells(SearchSpace, TranslatedCells):
    """A normal and a reduction cell, or one for both."""

    labels: ClassVar[tuple[Labels, ...]] = ("images",)

    @property
    @abstractmethod
    def questions(self) -> Sequence[Asking]:
        """Of each cell that is asked for, in order: one, or the normal and the reduction cell."""

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
    def decide(self, choose: Choose) -> None:
        """Ask for each cell, block by block."""
        for questions in self.questions:
            questions.decide(choose)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The cells."""
        if genotype is not None:
            validate(self, genotype)
        graphs = [questions.graph(questions.cell(genotype) if genotype else None) for questions in self.questions]
        return reduce(nx.union, graphs)

    @override
    def canonical(self, genotype: Genotype) -> Genotype:
        """The same network with the operands and the blocks of each cell in a fixed order.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        cells = self.cells(genotype)
        first, last = self.questions[0], self.questions[-1]
        return self.genotype(Cells(first.canonical(cells.normal), last.canonical(cells.reduction)))

"""The supernet at one genotype: the chosen operations alone, with the weights that they have there.

It is the function of the supernet whose mixing weights are 1 for what the genotype takes and 0 for all else, without
computing what is multiplied by 0.
"""

from __future__ import annotations

from typing import Protocol, final

from torch import Tensor
from typing_extensions import override

from nasframe import Genotype
from nasframe.supernet import SwitchableSupernet
from nasframe_cells.darts.layouts import arranged
from nasframe_cells.darts.supernet import DartsSupernet
from nasframe_cells.language import Cells


class Reading(Protocol):
    """What reads genotypes as cells: the space."""

    def cells(self, genotype: Genotype, /) -> Cells:
        """Raises: GenotypeError: the genotype is not legal in the space."""


@final
class SinglePath(SwitchableSupernet):
    """Images (N, C, H, W) of any size -> logits (N, classes) of the genotype that it was switched to."""

    def __init__(self, space: Reading, supernet: DartsSupernet) -> None:
        """Args: supernet: its weights are shared, its alphas left out."""
        super().__init__()
        self._space = space
        self._whole = [supernet]  # in a list, or its alphas would be parameters of this
        self.stem, self.inputs = supernet.stem, supernet.inputs
        self.mixed, self.classify = supernet.cells, supernet.classify
        self._cells: Cells | None = None

    @property
    def supernet(self) -> DartsSupernet:
        """That whose weights these are."""
        return self._whole[0]

    @override
    def switch(self, genotype: Genotype) -> None:
        """Take this genotype's cells.

        Raises:
            GenotypeError: the genotype is not legal in the space.
        """
        self._cells = self._space.cells(genotype)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes)."""
        assert self._cells is not None, "it was never switched"
        whole = self.supernet
        before_last, last = whole.stem(arranged(inputs))
        for number, place in enumerate(whole.places):
            cell = self._cells.normal if place.cell == "normal" else self._cells.reduction
            prepared = whole.prepared(number, before_last, last)
            before_last, last = last, whole.cell(number).one(*prepared, cell)
        return whole.classified(last)

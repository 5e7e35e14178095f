"""Genotypes as numbers: which answers they give."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from nasframe import Genotype


@final
class Features:
    """A column for each answer to each decision, and one for each answer wherever it is given.

    The second kind lets decisions learn from each other: what is seen of an operation on one edge is half expected of
    it on the others, and the number of layers at a stride counts beside which ones they are.
    """

    def __init__(self, genotypes: Sequence[Genotype]) -> None:
        """Args: genotypes: those whose answers get a column."""
        names = (name for genotype in genotypes for name in _counted(genotype))
        self._columns = {name: column for column, name in enumerate(dict.fromkeys(names))}

    def of(self, genotypes: Sequence[Genotype]) -> npt.NDArray[np.float64]:
        """(N, columns); an answer without a column counts nothing."""
        found = np.zeros((len(genotypes), len(self._columns)))
        for row, genotype in enumerate(genotypes):
            for name in _counted(genotype):
                if name in self._columns:
                    found[row, self._columns[name]] += 1
        return found


def _counted(genotype: Genotype) -> list[Hashable]:
    """What a genotype's row counts, with repetitions."""
    # With its type, as 1, 1.0 and True are equal and are different answers.
    answers = [(type(answer).__name__, answer) for _, answer in genotype.decisions]
    return [*genotype.decisions, *answers]

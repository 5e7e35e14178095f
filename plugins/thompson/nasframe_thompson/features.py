"""Genotypes as numbers: which answers they give."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from nasframe import Genotype

Array = npt.NDArray[np.float64]


@final
@dataclass(frozen=True)
class Rows:
    """N genotypes as numbers."""

    counts: Array
    """How often each answer is given to each decision, and wherever, (N, columns).

    The second kind lets decisions learn from each other: what is seen of an operation on one edge is half expected of
    it on the others, and the number of layers at a stride counts beside which ones they are.
    """
    answers: Array
    """The answers to each decision as vectors of length 1, (N, columns): their product is the share that two share."""


@final
class Features:
    """A column for each answer to each decision, and one for each answer wherever it is given."""

    def __init__(self, genotypes: Sequence[Genotype]) -> None:
        """Args: genotypes: those whose answers get a column."""
        names = (name for genotype in genotypes for name in _counted(genotype))
        self._columns = {name: column for column, name in enumerate(dict.fromkeys(names))}
        self._own = np.array([isinstance(name, tuple) and len(name) == _OF_DECISION for name in self._columns])

    def of(self, genotypes: Sequence[Genotype]) -> Rows:
        """An answer without a column counts nothing."""
        counts = np.zeros((len(genotypes), len(self._columns)))
        for row, genotype in enumerate(genotypes):
            for name in _counted(genotype):
                if name in self._columns:
                    counts[row, self._columns[name]] += 1
        lengths = np.sqrt([max(len(genotype.decisions), 1) for genotype in genotypes])
        return Rows(counts, counts * self._own / lengths[:, None])


_OF_DECISION = 3


def _counted(genotype: Genotype) -> list[Hashable]:
    """What a genotype's row counts, with repetitions: by decision, and wherever."""
    # With its type, as 1, 1.0 and True are equal and are different answers.
    typed = [(decision, type(answer).__name__, answer) for decision, answer in genotype.decisions]
    return [*typed, *(one[1:] for one in typed)]

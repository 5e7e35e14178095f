"""Genotypes as arrays of numbers, for the surrogate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nasframe import Genotype


@dataclass(frozen=True)
class Tokens:
    """N genotypes of at most T answers; 0 where a shorter one has none."""

    pairs: Tensor
    """(N, T): a number for each decision with its answer."""
    answers: Tensor
    """(N, T): a number for each answer, whatever the decision, so that what is learned of it holds everywhere."""
    counts: tuple[int, int]
    """How many numbers there are, of pairs and of answers, the 0 included."""

    def rows(self, index: Tensor | slice) -> Tokens:
        """Some of the genotypes."""
        return Tokens(self.pairs[index], self.answers[index], self.counts)


def tokenise(genotypes: Sequence[Genotype]) -> Tokens:
    """Number what the genotypes say, in the order in which it is first said."""
    pairs: dict[object, int] = {}
    answers: dict[object, int] = {}
    longest = max(1, *(len(genotype.decisions) for genotype in genotypes))
    rows = []
    for genotype in genotypes:
        numbers = [
            (pairs.setdefault(pair, len(pairs) + 1), answers.setdefault(pair[1], len(answers) + 1))
            for pair in genotype.decisions
        ]
        rows.append(numbers + [(0, 0)] * (longest - len(numbers)))
    table = torch.tensor(rows)
    return Tokens(table[..., 0], table[..., 1], (len(pairs) + 1, len(answers) + 1))

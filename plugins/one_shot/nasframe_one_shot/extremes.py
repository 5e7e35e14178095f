"""The cheapest and the dearest genotype of a space, as far as a short search by counted costs finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np

from nasframe import Genotype, SearchSpace
from nasframe.genotype import encode, sample, trace

T = TypeVar("T")
DRAWS = 20
"""How many random genotypes the search starts from."""
Size = Callable[[Genotype], tuple[int, ...]]
"""What a genotype costs: numbers of which the first counts most."""


def extremes(space: SearchSpace, size: Size, rng: np.random.Generator) -> tuple[Genotype, Genotype]:
    """The smallest and the largest genotype, approximately.

    Some are drawn at random. From the smallest and from the largest of them each decision in turn takes the option that
    makes the network smaller, or larger, than all its others; later answers are kept where they are still legal, and
    drawn where not. No answer is tried twice, so this is exact where the costs of the decisions add up.
    """
    known = cache(size)
    drawn = [sample(space, rng) for _ in range(DRAWS)]

    def negative(genotype: Genotype) -> tuple[int, ...]:
        return tuple(-amount for amount in known(genotype))

    return _greedy(space, drawn, negative, rng), _greedy(space, drawn, known, rng)


def _greedy(space: SearchSpace, drawn: Sequence[Genotype], value: Callable[[Genotype], Any], rng: Any) -> Genotype:
    """The genotype of the highest value that changing one decision after the other leads to."""
    best = max(drawn, key=value)
    settled: set[str] = set()
    while left := [answer for answer in encode(space, best) if answer.name not in settled]:
        name = left[0].name
        settled.add(name)
        others = [_changed(space, best, name, index, rng) for index in range(left[0].count) if index != left[0].index]
        best = max([best, *others], key=value)
    return best


def _changed(space: SearchSpace, genotype: Genotype, target: str, index: int, rng: np.random.Generator) -> Genotype:
    """The genotype with another option of one decision."""

    def choose(name: str, options: Sequence[T]) -> T:
        if name == target:
            return options[index]
        inherited = genotype.answers.get(name)
        return inherited if inherited in options else options[int(rng.integers(len(options)))]  # type: ignore[return-value]

    return trace(space, choose)

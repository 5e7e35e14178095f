"""Which genotypes a round may choose from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from nasframe import Canonical, Choose, Genotype, SearchSpace
from nasframe.genotype import Decides, Option, T, chosen, enumerate_all, mutate, sample

TRIES = 20
"""Draws per genotype wanted, after which a space counts as used up."""


@final
class Narrowed:
    """A space some of whose answers are given; where a given answer is not legal, the question stays open."""

    def __init__(self, space: Decides, given: Mapping[str, Option]) -> None:
        self.name = space.name
        self._space = space
        self._given = given

    def decide(self, choose: Choose) -> None:
        """Ask as the space does; a question whose answer is given has one option."""

        def narrowed(name: str, options: Sequence[T]) -> T:
            kept = [option for option in options if name in self._given and option == self._given[name]]
            return choose(name, kept or options)

        self._space.decide(narrowed)


@final
@dataclass(frozen=True)
class Candidates:
    """Makes the lists that rounds choose from, without repetitions."""

    distinct: bool
    """Whether of genotypes that are the same network (``Canonical``) the canonical one alone is a candidate."""

    def some(
        self, space: SearchSpace, limit: int, rng: np.random.Generator, given: Mapping[str, Option] | None = None
    ) -> list[Genotype]:
        """All of a space, or where there are more than ``limit`` so many drawn at random.

        Args:
            given: answers that all of them have, where they are legal.
        """
        narrowed = Narrowed(space, given or {})
        found = distinct(self._told(space, enumerate_all(narrowed)), limit + 1)
        if len(found) <= limit:
            return found
        return distinct(self._told(space, (sample(narrowed, rng) for _ in range(TRIES * limit))), limit)

    def drawn(self, space: SearchSpace, limit: int, rng: np.random.Generator) -> list[Genotype]:
        """Some drawn at random; fewer than ``limit`` where the space is used up."""
        return distinct(self._told(space, (sample(space, rng) for _ in range(TRIES * limit))), limit)

    def grown(
        self,
        parents: Sequence[Genotype],
        before: SearchSpace,
        after: SearchSpace,
        limit: int,
        rng: np.random.Generator,
    ) -> list[Genotype]:
        """Those of the next stage of growth that repeat what their parents have chosen.

        Args:
            before: the parents' stage.
            after: the next one.
            limit: how many at most; of each parent an equal share.
        """
        share = max(1, limit // max(1, len(parents)))
        children = (child for parent in parents for child in self.some(after, share, rng, chosen(before, parent)))
        return distinct(children, limit)

    def anywhere(
        self,
        space: SearchSpace,
        best: Sequence[Genotype],
        known: Collection[Genotype],
        limit: int,
        rng: np.random.Generator,
    ) -> list[Genotype]:
        """Those that are not known yet: all, or half of ``limit`` drawn at random and half mutated from the best."""
        everything = distinct(self._told(space, enumerate_all(space)), limit + 1)
        if len(everything) <= limit:
            return [genotype for genotype in everything if genotype not in known]
        new = distinct(self._told(space, (sample(space, rng) for _ in range(limit // 2))), limit, known)
        if not best:
            return new
        mutants = (mutate(space, best[int(rng.integers(len(best)))], rng) for _ in range(TRIES * limit))
        return [*new, *distinct(self._told(space, mutants), limit - len(new), {*known, *new})]

    def _told(self, space: SearchSpace, genotypes: Iterable[Genotype]) -> Iterable[Genotype]:
        """The genotypes, or those that stand for their networks."""
        if not self.distinct or not isinstance(space, Canonical):
            return genotypes
        return map(space.canonical, genotypes)


def distinct(genotypes: Iterable[Genotype], limit: int, without: Collection[Genotype] = frozenset()) -> list[Genotype]:
    """The first so many different genotypes, in order."""
    found: dict[Genotype, None] = {}
    for genotype in genotypes:
        if genotype not in without:
            found[genotype] = None
        if len(found) == limit:
            break
    return list(found)

"""Which genotypes a round may choose from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import final

import numpy as np

from nasframe import Choose, Genotype
from nasframe.genotype import Decides, Option, T, enumerate_all, mutate, sample

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


def some(space: Decides, limit: int, rng: np.random.Generator) -> list[Genotype]:
    """All genotypes, or where there are more than ``limit`` so many drawn at random; none twice."""
    found = list(islice(enumerate_all(space), limit + 1))
    if len(found) <= limit:
        return found
    return distinct((sample(space, rng) for _ in range(TRIES * limit)), limit)


def grown(
    space: Decides,
    parents: Sequence[Genotype],
    before: Mapping[str, Option],
    after: Mapping[str, Option],
    limit: int,
    rng: np.random.Generator,
) -> list[Genotype]:
    """The genotypes of the next stage of growth that repeat what their parents were free to answer.

    Args:
        before: the answers that were fixed at the parents' stage.
        after: those that still are.
        limit: how many at most; of each parent an equal share.
    """
    share = max(1, limit // max(1, len(parents)))
    return distinct(
        (
            child
            for parent in parents
            for child in some(Narrowed(space, {**_free(parent, before), **after}), share, rng)
        ),
        limit,
    )


def anywhere(
    space: Decides, best: Sequence[Genotype], known: Collection[Genotype], limit: int, rng: np.random.Generator
) -> list[Genotype]:
    """Genotypes that are not known yet: all, or half of ``limit`` drawn at random and half mutated from the best."""
    everything = list(islice(enumerate_all(space), limit + 1))
    if len(everything) <= limit:
        return [genotype for genotype in everything if genotype not in known]
    drawn = distinct((sample(space, rng) for _ in range(limit // 2)), limit, known)
    mutants = (mutate(space, best[int(rng.integers(len(best)))], rng) for _ in range(TRIES * limit))
    return [*drawn, *distinct(mutants, limit - len(drawn), {*known, *drawn})]


def distinct(genotypes: Iterable[Genotype], limit: int, without: Collection[Genotype] = frozenset()) -> list[Genotype]:
    """The first so many different genotypes, in order."""
    found: dict[Genotype, None] = {}
    for genotype in genotypes:
        if genotype not in without:
            found[genotype] = None
        if len(found) == limit:
            break
    return list(found)


def _free(parent: Genotype, fixed: Mapping[str, Option]) -> dict[str, Option]:
    return {name: answer for name, answer in parent.answers.items() if name not in fixed}

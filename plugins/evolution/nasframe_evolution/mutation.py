"""Mutation by kinds of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import final

import numpy as np

from nasframe import ExperimentError, Genotype, SearchSpace
from nasframe.genotype import encode, mutate, sample

DRAWS = 100
"""Genotypes that are looked at to see which decisions a space asks."""


@final
class Mutation:
    """Changes one decision: first a kind is drawn, then one of the parent's decisions of that kind."""

    def __init__(self, space: SearchSpace, kinds: Sequence[str], identity: float) -> None:
        """Args: kinds: patterns of names; identity: probability of no change at all.

        Raises:
            ExperimentError: a pattern fits no decision that the space was seen to ask.
        """
        self._space = space
        self._kinds = kinds
        self._identity = identity
        rng = np.random.default_rng(0)
        names = {name: None for _ in range(DRAWS) for name in sample(space, rng).answers}
        for position, kind in enumerate(kinds):
            if not any(fnmatchcase(name, kind) for name in names):
                raise ExperimentError(
                    f"strategy.kinds[{position}] is {kind!r}, which fits no decision of space {space.name!r}; it asks "
                    f"{', '.join(map(repr, list(names)[:12]))}{', …' if len(names) > 12 else ''}"
                )

    def child(self, parent: Genotype, rng: np.random.Generator) -> Genotype:
        """A mutated genotype; kinds of which the parent has no open decision are passed over.

        Where there are none at all, as in a space of one genotype, it is the parent.
        """
        if rng.random() < self._identity:
            return parent
        open_names = [answer.name for answer in encode(self._space, parent) if answer.count > 1]
        by_kind = [[name for name in open_names if fnmatchcase(name, kind)] for kind in self._kinds]
        possible = [names for names in by_kind if names]
        if not possible:
            return parent
        names = possible[int(rng.integers(len(possible)))]
        return mutate(self._space, parent, rng, target=names[int(rng.integers(len(names)))])

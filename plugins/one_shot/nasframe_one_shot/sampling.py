"""Which paths an update of the supernet trains.

``uniform``: one, drawn uniformly (SPOS, Guo et al., ECCV 2020, arXiv 1904.00420, section 3.3). ``strict``: as many as a
decision has options, so that each is trained as often as the others (FairNAS, Chu et al., ICCV 2021, arXiv 1907.01845,
algorithm 1). ``sandwich``: the largest, the smallest and some at random (Yu and Huang, ICCV 2019, arXiv 1903.05134,
section 3.2; BigNAS, Yu et al., ECCV 2020, arXiv 2003.11142, section 3.1).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar, final

import numpy as np
from typing_extensions import override

from nasframe import Genotype, Problem, SearchSpace
from nasframe.genotype import encode, sample, trace
from nasframe_one_shot.extremes import extremes
from nasframe_one_shot.options import OneShotOptions

T = TypeVar("T")
DRAWS = 100
"""Of how many random genotypes the decisions are looked at, to see how many options they have."""


class Sampling(ABC):
    """Says which paths each update of a supernet trains, on the same batch and with the sum of their gradients."""

    paths: int
    """How many an update trains."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> tuple[Genotype, ...]:
        """The paths of the next update, in the order in which they are trained."""

    def state_dict(self) -> dict[str, Any]:
        """What the next draw depends on besides its generator, as plain data; default: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state; default: there is none."""
        return


@final
class UniformPath(Sampling):
    """One path, each of whose decisions is drawn uniformly among its options."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.paths = 1

    @override
    def draw(self, rng: np.random.Generator) -> tuple[Genotype, ...]:
        return (sample(self._space, rng),)


@final
class FairPaths(Sampling):
    """Paths in which, over any number of updates, the options of a decision occur equally often, give or take one.

    Every decision deals its options like a shuffled deck, which is shuffled anew when it is used up. An update has as
    many paths as the decision with the most options has of these. So where all decisions are always asked and have
    equally many options, each option is in exactly one path of every update, as in FairNAS. A decision with fewer
    options, or one that only some paths ask, goes on with what its last deck has left; one whose options depend on
    other answers has a deck for each set of them.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        rng = np.random.default_rng(0)
        counts = (answer.count for _ in range(DRAWS) for answer in encode(space, sample(space, rng)))
        self.paths = max(counts, default=1)
        self._decks: dict[tuple[str, tuple[Any, ...]], list[int]] = {}

    @override
    def draw(self, rng: np.random.Generator) -> tuple[Genotype, ...]:
        def deal(name: str, options: Sequence[T]) -> T:
            deck = self._decks.setdefault((name, tuple(options)), [])
            if not deck:
                deck += rng.permutation(len(options)).tolist()
            return options[deck.pop()]

        return tuple(trace(self._space, deal) for _ in range(self.paths))

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"decks": [(name, options, list(deck)) for (name, options), deck in self._decks.items()]}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._decks = {(name, options): list(deck) for name, options, deck in state["decks"]}


@final
class Sandwich(Sampling):
    """The path with the most multiply-adds, that with the fewest, and some drawn uniformly."""

    def __init__(self, problem: Problem, random_paths: int) -> None:
        """Find the largest and the smallest; see ``extremes``.

        Args:
            random_paths: how many are drawn.
        """
        from nasframe.cost import count

        def size(genotype: Genotype) -> tuple[int, int]:
            cost = count(problem.space, genotype, problem.evaluator.task)
            return cost.macs, cost.params

        self._space = problem.space
        self.paths = 2 + random_paths
        self.smallest, self.largest = extremes(problem.space, size, np.random.default_rng(problem.runtime.seed))

    @override
    def draw(self, rng: np.random.Generator) -> tuple[Genotype, ...]:
        return self.largest, self.smallest, *(sample(self._space, rng) for _ in range(self.paths - 2))


def make_sampling(problem: Problem, options: OneShotOptions) -> Sampling:
    """What the options ask for."""
    if options.sampling == "strict":
        return FairPaths(problem.space)
    if options.sampling == "sandwich":
        return Sandwich(problem, options.random_paths)
    return UniformPath(problem.space)

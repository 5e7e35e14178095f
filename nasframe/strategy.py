"""The strategy: how a search space is explored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe.errors import RunError
from nasframe.evaluations import Evaluations
from nasframe.evaluator import Evaluator, Runtime
from nasframe.genotype import Genotype
from nasframe.options import Options as BaseOptions
from nasframe.space import SearchSpace

if TYPE_CHECKING:
    from nasframe.supernet import Supernet, SwitchableSupernet


@dataclass(frozen=True)
class Problem:
    """What a strategy has to solve."""

    space: SearchSpace
    evaluator: Evaluator
    runtime: Runtime = field(default_factory=Runtime)
    objectives: tuple[str, ...] = ("score",)
    """What is searched for: ``score``, which is maximised, and metrics that are minimised; see ``nasframe.pareto``."""
    evaluations: Evaluations | None = None
    """How candidates are evaluated; None: here, one after the other, without limits."""
    bounds: Mapping[str, float] = field(default_factory=dict)
    """The experiment's constraints: what the found network may cost at most, by cost; for ``Bounded`` strategies."""
    accepts: Callable[[Genotype], bool] = lambda genotype: True
    """Whether a genotype is within them, by counting; for ``Bounded`` strategies.

    Raises:
        RunError: too many in a row were not.
    """
    over: Callable[[Problem], Strategy] | None = None
    """Makes the strategy that a ``Wrapping`` one is made of; None: there is none."""


class Strategy(ABC):
    """Explores a space by an evaluator, one small step at a time; a ``Stepper`` that has a best genotype.

    The core owns the loop, the seeds, the checkpoints and the events: a strategy writes no file, prints
    nothing and reads no YAML. Before each step torch's generators are seeded from (seed, index); any other
    randomness comes from ``rng``. Keep the module light: import torch where the work is done.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    needs: ClassVar[tuple[type, ...]] = ()
    """Capabilities that the space or the evaluator must have, like ``Relaxable`` or ``Differentiable``."""
    steps: int
    """How many steps the search has; set when constructed."""

    @abstractmethod
    def __init__(self, problem: Problem, options: Any) -> None:
        """Build everything the first step needs: a strategy that exists is ready."""

    @abstractmethod
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Do step ``index`` (from 0) and return its metrics by name.

        Raises:
            RunError: a loss is not finite.
        """

    @abstractmethod
    def best(self) -> Genotype:
        """The best genotype so far, by whatever the strategy knows; legal at any time after the first step."""

    def finalists(self, count: int) -> Sequence[Genotype]:
        """The most promising distinct genotypes by whatever the strategy knows, ``best()`` first; at most so many.

        Asked for when the search is over, to be compared by trainings. Default: the best alone.
        """
        return [self.best()]

    def snapshot(self) -> Mapping[str, np.ndarray]:
        """Mixing weights or probabilities to draw, by the names that the space's graph refers to; default: nothing."""
        return {}

    def remarks(self) -> Sequence[str]:
        """What a user should know of this search before it begins, in sentences; default: nothing."""
        return ()

    @classmethod
    def remarks_on(cls, options: Any) -> Sequence[str]:
        """What of ``remarks`` follows from the options alone; default: nothing.

        For ``nasframe check``, which reads no data and makes no strategy: it must not import torch.
        """
        return ()

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """The state between two steps: tensors and plain data only."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""


class Bounded(ABC):  # noqa: B024  it asks for no method
    """A strategy that keeps to the experiment's constraints by itself, as no one evaluates its candidates for it.

    It finds no genotype that ``problem.accepts`` refuses, and evaluates none. ``problem.bounds`` says what the
    constraints are.
    """

    needs_for_bounds: ClassVar[tuple[type, ...]] = ()
    """Capabilities that the space or the evaluator must have where an experiment has bounds, besides ``needs``."""

    def without_bounds(self) -> Genotype | None:
        """What ``best`` would be if there were no bounds, to tell what they cost; default: it is not known."""
        return None


@final
@dataclass(frozen=True)
class Circumstances:
    """What a ``Deferring`` strategy may ask of an experiment and the machine."""

    refusal: Callable[[str], str | None]
    """Why the strategy of that name cannot search here, in a sentence; None: it can."""
    seconds: Callable[[Mapping[str, Any]], float]
    """How long a search by a strategy, its ``type`` and options, takes here with one worker, by a few real steps.

    Raises:
        NasframeError: what the search itself would raise.
    """
    workers: int = 1
    """How many candidates are evaluated at a time."""
    finalists: int = 0
    """How many the experiment asks for; 0: none, and the choice may ask for some."""


@final
@dataclass(frozen=True)
class Nominee:
    """What a ``Deferring`` strategy has chosen."""

    strategy: Mapping[str, Any]
    """Its ``type`` and options."""
    reason: str
    """In a sentence without a full stop, with the figures that it rests on."""
    finalists: Mapping[str, Any] | None = None
    """Options of finalists; None: as the experiment says."""


class Deferring(Strategy, ABC):
    """Stands for another strategy, which is chosen when a run begins: it is never made itself.

    What was chosen is recorded as the run's own strategy, so a resumed run goes on with that. The commands choose; in
    Python ``nasframe.plan.choosing.choose`` does, before ``nasframe.run.run``.
    """

    @classmethod
    @abstractmethod
    def choose(cls, options: Any, given: Circumstances) -> Nominee:
        """The strategy for these circumstances."""

    @classmethod
    @override
    def remarks_on(cls, options: Any) -> Sequence[str]:
        return (f"what {cls.name!r} stands for is chosen when the run begins; nasframe plan says what that will be",)

    @final
    @override
    def __init__(self, problem: Problem, options: Any) -> None:
        raise RunError(f"strategy {self.name!r} stands for another one, which is chosen when a run begins")

    @final
    @override
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        raise NotImplementedError

    @final
    @override
    def best(self) -> Genotype:
        raise NotImplementedError

    @final
    @override
    def state_dict(self) -> dict[str, Any]:
        raise NotImplementedError

    @final
    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise NotImplementedError


class TrainsSupernet(ABC):
    """A strategy that trains a supernet, from which the network that it finds may start."""

    @property
    @abstractmethod
    def supernet(self) -> Supernet | SwitchableSupernet:
        """The supernet, with what it has learned so far."""

    def hold_mixing(self) -> AbstractContextManager[object]:
        """Within it mixing weights that are drawn at random hold still, as for a measurement; default: none are."""
        return nullcontext()


class Wrapping(ABC):  # noqa: B024  it says something of a class, and asks for no method
    """A strategy that is made of another one which proposes candidates; the experiment names that by ``over``.

    It gets the way to make that one as ``problem.over``.
    """

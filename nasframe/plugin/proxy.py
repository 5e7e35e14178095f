"""What is nearly free to know of a candidate, and may rank candidates: components of kind ``proxy``.

``nasframe signal`` says how well each one does where genotypes have been trained, and so whether it may be believed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

from nasframe.errors import CapabilityError
from nasframe.genotype import Genotype
from nasframe.options import Options as BaseOptions
from nasframe.plugin.needs import lacking
from nasframe.strategy import Problem, Strategy


@final
@dataclass(frozen=True)
class StandIn:
    """How a proxy gives the very numbers by which a strategy chooses."""

    options: BaseOptions
    """Of the proxy."""
    candidates: int
    """Among how many genotypes the strategy chooses by them."""


class Proxy(ABC):
    """Gives a genotype a number that may order genotypes as their scores would; higher should mean better.

    Torch's global generators are seeded before each value from the experiment's seed and the genotype's number, so a
    value follows from these. Keep the module light: import torch where the work is done.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    needs: ClassVar[tuple[type, ...]] = ()
    """Capabilities that the space or the evaluator must have, like ``Differentiable``."""
    trains: ClassVar[bool] = False
    """Whether something is trained for it: then it is not nearly free, and only computed when asked for."""

    def __init__(self, problem: Problem, options: Any) -> None:
        """Args: problem: the space and the evaluator, those of retraining unless it stands in; options: of ``Options``.

        Raises:
            CapabilityError: neither of the two has something that the proxy needs.
        """
        space, evaluator = problem.space, problem.evaluator
        if unmet := lacking(type(space), type(evaluator), self):
            raise CapabilityError(
                f"{self.name} needs a space or an evaluator that is {' and '.join(need.__name__ for need in unmet)}; "
                f"got {space.name!r} and {evaluator.name!r}"
            )
        self.problem = problem
        self.options = options

    @classmethod
    def standing_in(cls, strategy: type[Strategy], options: Any) -> StandIn | None:
        """How it gives the numbers by which an experiment's strategy chooses; default, None: it does not.

        It is then computed on what the search sees, and ``nasframe signal`` says how well that search can choose. Must
        not import torch.
        """
        return None

    @abstractmethod
    def value(self, genotype: Genotype) -> float:
        """The number of a genotype; what costs much and is the same for all is prepared at the first call.

        Raises:
            NasframeError: the space's networks, or the data, are not such that it can be computed.
        """

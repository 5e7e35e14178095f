"""What a bilevel search is composed of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from nasframe import ExperimentError
from nasframe_darts.auxiliary_skip import AuxiliarySkip
from nasframe_darts.perturbing import Unperturbed
from nasframe_darts.selecting import Argmax
from nasframe_darts.stopping import Never
from nasframe_darts.weighing import Softmax

if TYPE_CHECKING:
    from nasframe_darts.perturbing import Perturbation
    from nasframe_darts.regularising import Regulariser
    from nasframe_darts.selecting import Selection
    from nasframe_darts.stopping import Stop
    from nasframe_darts.weighing import Weighing


@final
@dataclass(frozen=True)
class Parts:
    """The parts of one search; some have a state, so they are made for it. The defaults are those of plain DARTS."""

    weigh: Weighing = field(default_factory=Softmax)
    """How architecture parameters become mixing weights."""
    perturb: Perturbation = field(default_factory=Unperturbed)
    """How they are changed while the network's weights are trained."""
    regularise: tuple[Regulariser, ...] = ()
    """Terms that are added to the architecture's loss."""
    auxiliary_skip: AuxiliarySkip = field(default_factory=AuxiliarySkip)
    """What is added to the weights of skip operations."""
    stop: Stop = field(default_factory=Never)
    """Whether the search ends before its last step."""
    select: Selection = field(default_factory=Argmax)
    """How operations are chosen in the end."""

    def check(self, order: str) -> None:
        """Check that the parts go together, and with the order of the search.

        Raises:
            ExperimentError: they do not.
        """
        weigh, perturb = type(self.weigh).__name__, type(self.perturb).__name__
        if order == "second" and not self.weigh.twice:
            raise ExperimentError(
                f"strategy.order is second, and {weigh} has no second derivative; set order: second-finite or first"
            )
        if order != "first" and not isinstance(self.perturb, Unperturbed):
            raise ExperimentError(
                f"strategy.order is {order}, which looks through a step of the weights without {perturb}; set order: "
                "first"
            )
        if self.select.steps and self.stop.every:
            raise ExperimentError(
                f"{type(self.select).__name__} comes after the last step, and {type(self.stop).__name__} may end the "
                "search before; leave one of them out"
            )

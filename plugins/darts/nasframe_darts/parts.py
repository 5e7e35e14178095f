"""What a bilevel search is composed of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

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
    stop: Stop = field(default_factory=Never)
    """Whether the search ends before its last step."""
    select: Selection = field(default_factory=Argmax)
    """How operations are chosen in the end."""

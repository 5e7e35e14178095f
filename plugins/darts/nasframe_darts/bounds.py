"""The experiment's constraints as a term of the architecture's loss, whose multipliers rise until they hold.

For each cost c with a bound, g_c = ln(E[c] / bound_c), where E[c] is the mean cost of networks that are drawn by the
mixing weights. The term is that of the augmented Lagrangian for g_c <= 0 (Nocedal and Wright, Numerical Optimization,
2006, section 17.4),

    (max(0, lambda_c + mu g_c)^2 - lambda_c^2) / (2 mu),    lambda_c <- max(0, lambda_c + rate · g_c),

with a step of the multiplier after each update of the architecture instead of after a minimisation. The logarithm
makes multipliers of all costs alike, whatever their units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor
from typing_extensions import override

from nasframe.supernet import Supernet, SupernetCosts
from nasframe_darts.regularising import Regulariser
from nasframe_darts.weighing import Weighing

DAMPING = 100.0
"""mu / rate: how much stronger a bound pulls for being broken now than for having been broken in one step before.
With little of it costs swing around the bound, as multipliers need as long to fall as they took to rise. A multiplier
that has grown to rate · sum g pulls at nothing where g < -sum g / DAMPING: so far at most is a cost taken too low."""


@final
class Bounds(Regulariser):
    """Pulls the mean cost of the networks that mixing weights draw below the bounds."""

    def __init__(self, costs: SupernetCosts, most: Mapping[str, float], rate: float, weighing: Weighing) -> None:
        """Args: most: the bounds, by cost; rate: of the multipliers; weighing: tells by what weights is derived."""
        self._weighing = weighing
        self._costs = costs
        self._most = dict(most)
        self._rate = rate
        self._multipliers = dict.fromkeys(self._most, 0.0)
        self._expected: dict[str, float] = {}
        self._excess: dict[str, float] = {}

    @override
    def term(self, supernet: Supernet, passed: float) -> Tensor:
        weights = supernet.weighed(lambda logits: self._weighing.derived(logits.double()).softmax(dim=-1))
        mean = self._costs.expected(weights)
        self._expected = {name: float(cost.detach()) for name, cost in mean.items()}
        found = torch.zeros((), dtype=torch.float64)
        stiffness = DAMPING * self._rate
        for name, bound in self._most.items():
            excess = (mean[name] / bound).log()
            self._excess[name] = float(excess.detach())
            multiplier = self._multipliers[name]
            pull = (multiplier + stiffness * excess).clamp(min=0)
            found = found.to(pull.device) + (pull.square() - multiplier**2) / (2 * stiffness)
        return found

    @override
    def metrics(self) -> Mapping[str, float]:
        """The mean costs before the last update, and the multipliers after it."""
        return {
            **{f"expected_{name}": cost for name, cost in self._expected.items()},
            **{f"multiplier_{name}": multiplier for name, multiplier in self._multipliers.items()},
        }

    @override
    def after_update(self, supernet: Supernet, passed: float) -> None:
        for name, excess in self._excess.items():
            self._multipliers[name] = max(0.0, self._multipliers[name] + self._rate * excess)

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"multipliers": dict(self._multipliers)}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._multipliers = dict(state["multipliers"])

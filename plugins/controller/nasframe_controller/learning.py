"""How the controller learns: REINFORCE (Williams, 1992) and PPO (Schulman et al., arXiv 1707.06347, equation 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from nasframe_controller.options import ControllerOptions
from nasframe_controller.policy import Answered, Policy


@final
class Learner:
    """Makes genotypes of high scores more probable, a batch at a time; draws no random numbers."""

    def __init__(self, policy: Policy, options: ControllerOptions) -> None:
        self._policy = policy
        self._options = options
        self._baseline: float | None = None
        self._adam = torch.optim.Adam(policy.parameters(), lr=options.lr)
        self._known = {id(parameter) for parameter in policy.parameters()}

    def learn(self, genotypes: Sequence[Sequence[Answered]], scores: Sequence[float]) -> None:
        """Update the policy by one batch."""
        advantages = self._advantages(scores)
        with torch.no_grad():
            before, _ = self._policy.evaluate(genotypes)
        self._hear_of_new_questions()
        ppo = self._options.algorithm == "ppo"
        for _ in range(self._options.passes if ppo else 1):
            now, entropy = self._policy.evaluate(genotypes)
            gain = self._clipped(now - before, advantages) if ppo else now * advantages
            loss = -(gain + self._options.entropy * entropy).mean()
            self._adam.zero_grad(set_to_none=True)  # so that Adam leaves questions alone that were not asked
            torch.autograd.backward(loss)
            self._adam.step()

    def _advantages(self, scores: Sequence[float]) -> Tensor:
        """What the scores have over their moving average, which then moves on; (N,)."""
        rewards = torch.tensor(scores, dtype=torch.float64)
        if self._baseline is None:
            self._baseline = float(rewards.mean())
        advantages = rewards - self._baseline
        for score in scores:
            self._baseline = self._options.baseline * self._baseline + (1 - self._options.baseline) * score
        if self._options.normalise and len(scores) > 1:
            advantages = advantages / rewards.std().clamp(min=1e-8)
        return advantages.float()

    def _clipped(self, log_ratio: Tensor, advantages: Tensor) -> Tensor:
        ratio = log_ratio.exp()
        near = ratio.clamp(1 - self._options.clip, 1 + self._options.clip)
        return torch.minimum(ratio * advantages, near * advantages)

    def _hear_of_new_questions(self) -> None:
        new = [parameter for parameter in self._policy.parameters() if id(parameter) not in self._known]
        if new:
            self._adam.add_param_group({"params": new})
            self._known |= {id(parameter) for parameter in new}

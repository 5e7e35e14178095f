"""The scores of a training's last part, over which its score is the mean: single steps then count for less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean
from typing import final

from nasframe.evaluator import Evaluation

LAST_PART = 0.1
"""The share of a training's steps over which its last measurements are spread."""


@final
class LastScores:
    """When the scores are measured before the last step, and what they were; part of the training's state."""

    def __init__(self, count: int, steps: int) -> None:
        """Measurements are evenly spread over the last part, and at least a step apart.

        Args:
            count: of the measurements, with the one after the last step.
            steps: of the training.
        """
        distance = max(1.0, LAST_PART * steps / max(1, count - 1))
        self._due = {steps - round(number * distance) for number in range(1, count)}
        self.scores: list[float] = []

    def due(self, done: int) -> bool:
        """Whether there is a measurement after so many steps, 1 or more; the one after the last step is not told."""
        return done in self._due

    def take_up(self, scores: Iterable[float]) -> None:
        """Continue with these scores."""
        self.scores = [*scores]

    def mean(self, last: Evaluation) -> Evaluation:
        """The measurement after the last step with the mean score of all; its metrics are its own."""
        if not self.scores:
            return last
        over = [*self.scores, last.score]
        return replace(last, score=fmean(over), conditions={**last.conditions, "score_over": len(over)})

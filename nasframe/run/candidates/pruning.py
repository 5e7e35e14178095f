"""Which candidates are stopped inside their training: the median stopping rule.

Golovin, Solnik, Moitra, Kochanski, Karro and Sculley, *Google Vizier: A Service for Black-Box Optimization*, KDD 2017,
section 3.2.2.
"""

from __future__ import annotations

from statistics import fmean, median
from typing import final

from nasframe.evaluator import Curve
from nasframe.experiment.terms import Prune
from nasframe.plugin.engine import Job
from nasframe.run.candidates.results_file import Kept


@final
class MedianRule:
    """A training is stopped where its best score so far is below the median of what others had in the mean by then.

    Which others count depends on the order of asking alone, not on what is finished first: those that were told for
    certain when the candidate was asked for, went through the same budgets and were not stopped.
    """

    def __init__(self, options: Prune, kept: Kept, outstanding: int) -> None:
        """Args: outstanding: how many candidates are asked for before the first of them is told."""
        self._options = options
        self._kept = kept
        self._outstanding = outstanding

    def bars(self, job: Job) -> Curve:
        """By the share of the training that is done, the score below which a candidate is stopped there."""
        told = [
            outcome.result.curve
            for outcome in self._kept.outcomes()
            if outcome.job.number <= job.number - self._outstanding
            and outcome.job.budgets == job.budgets
            and outcome.result.budget == job.budget
            and outcome.result.curve
        ]
        shares = sorted({share for curve in told for share, _ in curve if self._options.warmup <= share < 1})
        found = ((share, [fmean(_until(curve, share)) for curve in told if _until(curve, share)]) for share in shares)
        return tuple((share, median(means)) for share, means in found if len(means) >= self._options.candidates)


def _until(curve: Curve, share: float) -> list[float]:
    return [score for done, score in curve if done <= share]

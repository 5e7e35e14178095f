"""On what terms the candidates of a search are evaluated: limits, objectives, and what happens to equal ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from nasframe.options import Options
from nasframe.pareto import SCORE

COSTS = ("params", "macs")
"""What is counted of a network before anything is trained, by the names of ``nasframe cost``."""


class Constraints(Options):
    """Upper bounds of costs, which are counted before a candidate is trained; a candidate beyond them never is."""

    params: float | None = Field(default=None, gt=0)
    """Trainable parameters; null: no bound."""
    macs: float | None = Field(default=None, gt=0)
    """Multiply-adds of one forward pass at the evaluator's image size; null: no bound."""
    tries: int = Field(default=1000, ge=1)
    """How many genotypes in a row may be beyond a bound before the search gives up."""

    def bounds(self) -> dict[str, float]:
        """The bounds that there are, by cost."""
        found = {name: getattr(self, name) for name in COSTS}
        return {name: bound for name, bound in found.items() if bound is not None}


class Cache(Options):
    """What happens to a candidate that is the same network as one that was evaluated with the same budget."""

    reuse: bool = True
    """Whether it gets that one's result; false: it is evaluated anew, as where scores are noisy and repeated."""
    folder: str | None = Field(default=None, min_length=1)
    """Folder of results that runs of one space, evaluator and seed share; null: none is shared. Relative to where the
    command is started."""

    @field_validator("folder")
    @classmethod
    def _is_absolute(cls, folder: str | None) -> str | None:
        return folder and str(Path(folder).expanduser().absolute())


class Terms(Options):
    """Top-level keys of an experiment whose strategy proposes candidates."""

    constraints: Constraints = Constraints()
    """Upper bounds of costs; a candidate beyond them is never trained."""
    objectives: tuple[Annotated[str, Field(min_length=1)], ...] = (SCORE,)
    """What is searched for: score, which is maximised, and costs (params, macs) or metrics of the evaluator, which are
    minimised. Only strategies for several objectives follow all; the others follow score, and the front is reported."""
    cache: Cache = Cache()
    """What happens to a candidate that was evaluated before."""

    @field_validator("objectives")
    @classmethod
    def _has_the_score(cls, objectives: tuple[str, ...]) -> tuple[str, ...]:
        if SCORE not in objectives or len(set(objectives)) < len(objectives):
            raise ValueError("objectives are different names, 'score' among them")
        return objectives

    def costs(self) -> tuple[str, ...]:
        """The costs that have to be counted."""
        return tuple(name for name in COSTS if name in self.objectives or name in self.constraints.bounds())

"""The end of a search by trainings: how many of its best genotypes are compared, and how thoroughly."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from nasframe.experiment.given_genotype import GENOTYPE
from nasframe.experiment.sections import check_options
from nasframe.files.yaml_text import Faults, Value
from nasframe.options import Options

FINALISTS = "finalists"
"""The key of an experiment."""


class Finalists(Options):
    """The best distinct genotypes of a search, compared by successive halving (Jamieson and Talwalkar, 2016)."""

    count: int = Field(default=8, ge=2)
    """How many genotypes the search names, best first."""
    budgets: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(default=(0.25, 0.5), min_length=1)
    """Shares of a full evaluation, rising: all are trained with the first, the best of them with the next, and the
    best of the last is what the search has found."""
    eta: int = Field(default=2, ge=2)
    """From each budget to the next one of so many goes on."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if any(one >= next_one for one, next_one in pairwise(self.budgets)):
            raise ValueError(f"budgets are {list(self.budgets)}; each is larger than the one before")
        return self

    def rungs(self, count: int) -> list[tuple[int, float]]:
        """How many are trained with which budget, where the search named so many."""
        return [(math.ceil(count / self.eta**number), budget) for number, budget in enumerate(self.budgets)]


def has_finalists(tree: Value) -> bool:
    """Whether an experiment asks for them, rightly or wrongly."""
    value = tree.members.get(FINALISTS)
    return value is not None and value.data is not None


def read_finalists(tree: Value, faults: Faults) -> Finalists | None:
    """What an experiment says of them; None: nothing, or it is wrong.

    Args:
        tree: the whole experiment; a number under the key is their count.
    """
    if not has_finalists(tree):
        return None
    value = tree.members[FINALISTS]
    if GENOTYPE in tree.members:
        faults.add(value.key, FINALISTS, f"found beside the key {GENOTYPE!r}; it is given, and nothing is searched")
        return None
    if isinstance(value.data, int) and not isinstance(value.data, bool):
        value = Value({"count": value}, value.place, value.key)
    elif not isinstance(value.data, dict):
        faults.add(value.place, FINALISTS, f"found {value.shown()}, expected how many, or a mapping")
        return None
    return check_options(Finalists, value, FINALISTS, faults)

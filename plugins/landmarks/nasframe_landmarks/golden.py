"""Counts of the published networks that this build must reproduce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from nasframe import SearchSpace, Task
from nasframe.plugin.golden import Golden
from nasframe_landmarks import published
from nasframe_landmarks.deconvnet import DeconvNet
from nasframe_landmarks.frrn import Frrn
from nasframe_landmarks.gridnet import GridNet
from nasframe_landmarks.hourglass import Hourglass

COMPUTED = "computed from the layers of the authors' code"
SPACES: Mapping[str, type[SearchSpace]] = {space.name: space for space in (Frrn, GridNet, DeconvNet, Hourglass)}


@dataclass(frozen=True)
class Row:
    """A published network and its counts."""

    what: str
    name: str
    """Of the published genotype, in ``published``."""
    task: Task
    params: float
    gmacs: float
    """Billions of multiply-adds."""
    source: str = COMPUTED
    """Of the parameters."""
    gmacs_tolerance: float = 0.0051


STREETS = Task(3, 19, (512, 1024))
"""Cityscapes at half its resolution."""
HEAT_MAPS = Task(3, 16, (256, 256), stride=4)
"""A heat map for each of 16 joints, at a quarter of the image's size."""
ROWS = (
    Row("FRRN-A", "frrn_a", Task(3, 19, (256, 512)), 17_746_803, 123.10, "17.7M in the paper"),
    Row("FRRN-B", "frrn_b", STREETS, 24_755_699, 496.2, "24.8M in the paper", gmacs_tolerance=0.051),
    Row("GridNet", "gridnet", Task(3, 19, (400, 400)), 13_181_097, 33.10),
    Row("DeconvNet", "deconvnet", Task(3, 21, (224, 224)), 251_805_653, 32.75, "252M in the paper"),
    Row("two stacked hourglasses", "hourglass_2", HEAT_MAPS, 6_570_400, 8.335),
    Row("eight stacked hourglasses", "hourglass_8", HEAT_MAPS, 25_434_112, 27.44),
)


@cache
def counts(number: int) -> tuple[int, float]:
    """Parameters, and billions of multiply-adds, of one of ``ROWS``."""
    from nasframe.cost import count

    row = ROWS[number]
    record = vars(published)[row.name]
    space_class = SPACES[record.genotype.space]
    cost = count(space_class(space_class.Options(**record.options)), record.genotype, row.task)
    return cost.params, cost.macs / 1e9


def _of_row(number: int) -> Iterator[Golden]:
    row = ROWS[number]
    yield Golden(f"parameters of {row.what}", row.params, lambda: counts(number)[0], source=row.source)
    yield Golden(
        f"multiply-adds of {row.what}, billions", row.gmacs, lambda: counts(number)[1], row.gmacs_tolerance, COMPUTED
    )


GOLDEN = tuple(golden for number in range(len(ROWS)) for golden in _of_row(number))
"""By the layers of the authors' code, and by the papers."""

"""From the options of ``darts`` to the parts that they name."""

from __future__ import annotations

from collections.abc import Iterator

from nasframe_darts.entropy import Entropy
from nasframe_darts.options import DartsOptions, Weighed
from nasframe_darts.parts import Parts
from nasframe_darts.regularising import Regulariser
from nasframe_darts.weighing import Gumbel, Softmax, StraightThrough, Temperature, Weighing

WEIGHING: dict[Weighed, type[Weighing]] = {"softmax": Softmax, "gumbel": Gumbel, "gumbel-hard": StraightThrough}


def composed(options: DartsOptions) -> Parts:
    """New parts, as the options name them."""
    return Parts(
        weigh=WEIGHING[options.weigh](Temperature(*options.temperature, options.anneal)),
        regularise=tuple(_terms(options)),
    )


def _terms(options: DartsOptions) -> Iterator[Regulariser]:
    if any(options.regularise.entropy):
        yield Entropy(*options.regularise.entropy)

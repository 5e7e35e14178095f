"""What paths may cost, as it is written on the command line: ``macs=3e9``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from nasframe.decode import Bound, Price
from nasframe.errors import GraphError, did_you_mean


def read_limits(texts: Iterable[str], option: str) -> dict[str, float]:
    """Limits by name; of two for one name the later one.

    Args:
        texts: like ``macs=3e9``.
        option: how errors call them, such as ``--max``.

    Raises:
        GraphError: a text has another form.
    """
    limits = {}
    for text in texts:
        name, _, written = text.partition("=")
        try:
            limits[name.strip()] = float(written)
        except ValueError:
            limits[name.strip()] = math.nan
        if not name.strip() or math.isnan(limits[name.strip()]):
            raise GraphError(f"{option} {text}: expected NAME=NUMBER, like macs=3e9 or down=3")
    return limits


def bounds(
    costs: Mapping[str, Price], shown: Iterable[str], most: Mapping[str, float], least: Mapping[str, float]
) -> list[Bound]:
    """A bound for each cost that is shown or has a limit.

    Raises:
        GraphError: a limit is for something that is no cost here, or nothing can meet both limits.
    """
    for name in (*most, *least):
        if name not in costs:
            raise GraphError(
                f"there is no cost {name!r} here{did_you_mean(name, costs)}; the costs are {', '.join(costs)}"
            )
    names = dict.fromkeys((*shown, *most, *least))
    return [Bound(name, costs[name], most.get(name, math.inf), least.get(name, -math.inf)) for name in names]


def limited(found: Sequence[Bound]) -> list[Bound]:
    """Those that have a limit."""
    return [bound for bound in found if bound.most < math.inf or bound.least > -math.inf]

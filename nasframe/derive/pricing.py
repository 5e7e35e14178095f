"""What the paths of a run cost: counts of moves, attributes of the graph, and what the space says of its networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import networkx as nx

from nasframe import decode
from nasframe.decode import Price
from nasframe.derive.source import FinalSpace
from nasframe.errors import CapabilityError
from nasframe.genotype import Genotype
from nasframe.space import Priced, Task

COUNTS: tuple[Literal["down", "stay", "up"], ...] = ("down", "stay", "up")
"""Names of the numbers of moves to a coarser level, to the same, to a finer one."""
_NO_COSTS = {"layer", "level", "value", "weight"}


def priced_trellis(final: FinalSpace, genotype: Genotype, task: Task, latency: bool) -> nx.DiGraph:
    """The trellis of a space, with what its retrained networks cost.

    Args:
        latency: whether parts are also timed, on the run's device.

    Raises:
        CapabilityError: the space does not price its paths.
    """
    space = final.space
    if not isinstance(space, Priced):
        raise CapabilityError(
            f"space {space.name!r} does not say what its paths cost (it is not nasframe.Priced); "
            f"bounds can be for {', '.join(COUNTS)}"
        )
    from nasframe.cost.counting import counted
    from nasframe.cost.latency import timed

    return space.priced_trellis(genotype, task, timed(_device(final)) if latency else counted)


def path_costs(trellis: nx.DiGraph) -> dict[str, Price]:
    """What a limit can be set for: each number that nodes or moves carry, and the counts of moves."""
    costs = {name: decode.attribute_cost(trellis, name) for name in carried_costs(trellis)}
    return costs | {name: decode.move_count(trellis, name) for name in COUNTS if name not in costs}


def carried_costs(trellis: nx.DiGraph) -> list[str]:
    """The names of the numbers that nodes and moves carry, but for their places."""
    carried = [data for _, data in trellis.nodes(data=True)] + [data for _, _, data in trellis.edges(data=True)]
    return list(dict.fromkeys(name for data in carried for name in data if _is_cost(data, name)))


def _is_cost(data: Mapping[str, object], name: str) -> bool:
    return name not in _NO_COSTS and isinstance(data[name], int | float) and not isinstance(data[name], bool)


def _device(final: FinalSpace) -> str:
    from nasframe.run.device import runtime

    return runtime(*final.runtime).device

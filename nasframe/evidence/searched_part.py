"""How much of the networks' arithmetic is searched; a search cannot change the rest, whatever it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import and_

from nasframe.cost.layers import LayerCost


def searched_macs(networks: Sequence[Sequence[LayerCost]]) -> list[int]:
    """Of each network the multiply-adds of its layers that are not the same in all networks.

    A layer is the same in all of them if each has one of its name and class that has as many parameters and
    multiply-adds, and makes tensors of as many bytes. Where names tell nothing, for no layer with multiply-adds has the
    same name in all networks, layers are the same whatever they are called, as many as all networks have.

    Args:
        networks: the layers of each, as ``nasframe.cost.layers`` has them, each layer by itself.
    """
    fixed = _in_all(networks)
    if not fixed:
        fixed = _in_all([[replace(layer, name="") for layer in network] for network in networks])
    return [sum(layer.conv_linear for layer in network) - fixed for network in networks]


def _in_all(networks: Sequence[Sequence[LayerCost]]) -> int:
    """Multiply-adds of the layers that all networks have."""
    common = reduce(and_, map(Counter, networks))
    return sum(layer.conv_linear * number for layer, number in common.items())

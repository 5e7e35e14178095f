"""How much of the networks' arithmetic is searched; a search cannot change the rest, whatever it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import reduce
from itertools import chain
from operator import and_

from nasframe.cost.layers import LayerCost

PADDED = 1.5
"""Below this factor multiply-adds of one layer are about the same; another stride makes four times as many."""
Key = Callable[[LayerCost], Hashable]
"""What layers have to have in common to be the same."""


def searched_macs(networks: Sequence[Sequence[LayerCost]]) -> list[int]:
    """Of each network the multiply-adds of its layers that are not the same in all networks.

    A layer is the same in all of them if each has one of its name and class that has as many parameters and about as
    many multiply-adds, for images may be padded to what the coarsest stride needs. Where names tell nothing, for no
    layer with multiply-adds has the same name in all networks, layers are the same whatever they are called, if they
    also have as many multiply-adds, and as many of them as all networks have.

    Args:
        networks: the layers of each, as ``nasframe.cost.layers`` has them, each layer by itself.
    """
    counted = [[layer for layer in network if layer.conv_linear] for network in networks]
    fixed = _fixed(counted, lambda layer: (layer.name, layer.kind, layer.params))
    if not any(fixed):
        fixed = _fixed(counted, lambda layer: (layer.kind, layer.params, layer.conv_linear))
    wholes = [sum(layer.conv_linear for layer in network) for network in counted]
    return [whole - part for whole, part in zip(wholes, fixed, strict=True)]


def _fixed(networks: Sequence[Sequence[LayerCost]], key: Key) -> list[int]:
    """Of each network the multiply-adds of the layers that all networks have, at about the same size of images."""
    common = reduce(and_, (Counter(map(key, network)) for network in networks))
    sizes: dict[Hashable, list[int]] = {}
    for layer in chain.from_iterable(networks):
        sizes.setdefault(key(layer), []).append(layer.conv_linear)
    fixed = {which: number for which, number in common.items() if max(sizes[which]) < PADDED * min(sizes[which])}
    return [_of(network, key, Counter(fixed)) for network in networks]


def _of(network: Sequence[LayerCost], key: Key, left: Counter[Hashable]) -> int:
    """The multiply-adds of so many layers of each key, the first ones."""
    total = 0
    for layer in network:
        if left[key(layer)] > 0:
            left[key(layer)] -= 1
            total += layer.conv_linear
    return total

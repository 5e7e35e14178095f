"""What the Auto-DeepLab space asks, and how its answers read: light, and all that the other modules need of the space.

The space itself makes networks and supernets of the answers, so it imports those modules, and none of them imports it.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, final

import networkx as nx

from nasframe import Choose, Genotype
from nasframe_autodeeplab.cell_graph import block_name, pairs
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.trellis import ENTRY, state, trellis


@final
class Questions:
    """The decisions under given options.

    In this order, for each block ``b1``, ``b2``, …: ``cell/b1/inputs`` (a pair of ``h-2``, ``h-1`` and earlier
    blocks) and for each of the two ``cell/b1/h-2`` (its operation); then ``path/l1``, ``path/l2``, … (the stride of
    that layer).
    """

    name: ClassVar[str] = "autodeeplab"
    """The space's, which its genotypes carry."""

    def __init__(self, options: AutoDeepLabOptions) -> None:
        self.options = options

    @cached_property
    def trellis(self) -> nx.DiGraph:
        """All places and moves, of which a path takes one a layer."""
        return trellis(self.options.layers, self.options.levels)

    @property
    def blocks(self) -> list[str]:
        """The names of a cell's blocks, in order."""
        return [block_name(number) for number in range(1, self.options.blocks + 1)]

    def decide(self, choose: Choose) -> None:
        """Ask for the cell block by block, then for the path layer by layer."""
        for number, block in enumerate(self.blocks, start=1):
            for source in choose(f"cell/{block}/inputs", pairs(number)):
                choose(f"cell/{block}/{source}", self.options.kept_operations)
        node = ENTRY
        for layer in range(1, self.options.layers + 1):
            strides = sorted(self.trellis.nodes[target]["stride"] for target in self.trellis.successors(node))
            node = state(layer, choose(f"path/l{layer}", strides))

    def path_states(self, genotype: Genotype) -> list[str]:
        """The states on a genotype's path, from layer 1 on."""
        return [state(layer, genotype[f"path/l{layer}"]) for layer in range(1, self.options.layers + 1)]

    def cell_wiring(self, genotype: Genotype) -> dict[str, list[tuple[str, str]]]:
        """By block, its two (source, operation)."""
        return {
            block: [(source, genotype[f"cell/{block}/{source}"]) for source in genotype[f"cell/{block}/inputs"]]
            for block in self.blocks
        }

"""The Auto-DeepLab search space (Liu et al., CVPR 2019, arXiv 1901.02985): one cell, and one path of resolutions."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import networkx as nx

from nasframe import (
    CapabilityError,
    Choose,
    Genotype,
    Labels,
    Landmarked,
    Measure,
    Priced,
    Relaxable,
    SearchSpace,
    Switchable,
    Task,
    Weigh,
)
from nasframe.genotype import validate
from nasframe_autodeeplab.cell_graph import block_name, cell_graph, pairs
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.trellis import ENTRY, HEAD, STEM, keep_edges, state, trellis

if TYPE_CHECKING:
    from nasframe.decode import Design
    from nasframe_autodeeplab.network import Network
    from nasframe_autodeeplab.single_path import SinglePath
    from nasframe_autodeeplab.supernet import AutoDeepLabSupernet


class AutoDeepLab(SearchSpace, Relaxable, Switchable, Priced, Landmarked):
    """A cell of B blocks, repeated along a path of L layers through the levels of the trellis.

    Decisions, in this order, for each block ``b1``, ``b2``, …: ``cell/b1/inputs`` (a pair of ``h-2``, ``h-1`` and
    earlier blocks) and for each of the two ``cell/b1/h-2`` (its operation); then ``path/l1``, ``path/l2``, …
    (the stride of that layer).
    """

    name: ClassVar[str] = "autodeeplab"
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = AutoDeepLabOptions
    options: AutoDeepLabOptions

    def decide(self, choose: Choose) -> None:
        """Ask for the cell block by block, then for the path layer by layer."""
        for number in range(1, self.options.blocks + 1):
            block = block_name(number)
            for source in choose(f"cell/{block}/inputs", pairs(number)):
                choose(f"cell/{block}/{source}", self.options.kept_operations)
        node = ENTRY
        for layer in range(1, self.options.layers + 1):
            strides = sorted(self.trellis.nodes[target]["stride"] for target in self.trellis.successors(node))
            node = state(layer, choose(f"path/l{layer}", strides))

    def build(self, genotype: Genotype, task: Task) -> Network:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.network import Network

        validate(self, genotype)
        _require_dense(task)
        return Network(genotype, self.options, task)

    def relax(self, task: Task, weigh: Weigh) -> AutoDeepLabSupernet:
        """The supernet of all cells on all paths.

        Raises:
            CapabilityError: the task is not dense.
            ExperimentError: ``partial_channels`` does not divide ``filters``.
        """
        from nasframe_autodeeplab.partial_channels import check_share
        from nasframe_autodeeplab.supernet import AutoDeepLabSupernet

        _require_dense(task)
        check_share(self.options)
        return AutoDeepLabSupernet(self, task, weigh)

    def switchable(self, task: Task) -> SinglePath:
        """The supernet without its mixing: one cell on one path at a time.

        Raises:
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.single_path import SinglePath

        _require_dense(task)
        return SinglePath(self, task)

    def computed_by(self, device: str) -> dict[str, str]:
        """Whether the stacked supernet has CPU kernels of its own here, and why not."""
        if device != "cpu" or self.options.implementation == "plain":
            return {}
        from nasframe_autodeeplab.kernels.library import description

        return {"CPU kernels": description()}

    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The trellis and the cell; of a genotype: its path and the two edges of each block."""
        whole = nx.union(self.trellis, cell_graph(self.options.blocks, self.options.operations))
        if genotype is None:
            return whole
        validate(self, genotype)
        path = [STEM, ENTRY, *path_states(genotype, self.options.layers), HEAD]
        taken = {
            (f"cell/{source}", f"cell/{block}"): operation
            for block, inputs in cell_wiring(genotype, self.options.blocks).items()
            for source, operation in inputs
        }
        links = {edge for edge in whole.edges if edge[1] == "cell/output"}
        chosen = keep_edges(whole, {*pairwise(path), *taken, *links})
        nx.set_edge_attributes(chosen, taken, "operation")
        return chosen

    def priced_trellis(self, genotype: Genotype, task: Task, measure: Measure) -> nx.DiGraph:
        """What each path costs with a genotype's cell; the sums are exact.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.prices import priced_trellis

        validate(self, genotype)
        _require_dense(task)
        return priced_trellis(self, genotype, task, measure)

    def designs(self) -> tuple[Design, ...]:
        """Those that the paper sets its own against, and its own."""
        from nasframe_autodeeplab.designs import DESIGNS

        return DESIGNS

    @cached_property
    def trellis(self) -> nx.DiGraph:
        """The network part of the graph."""
        return trellis(self.options.layers, self.options.levels)


def path_states(genotype: Genotype, layers: int) -> list[str]:
    """The states on a genotype's path, from layer 1 on."""
    return [state(layer, genotype[f"path/l{layer}"]) for layer in range(1, layers + 1)]


def cell_wiring(genotype: Genotype, blocks: int) -> dict[str, list[tuple[str, str]]]:
    """By block, its two (source, operation)."""
    return {
        block: [(source, genotype[f"cell/{block}/{source}"]) for source in genotype[f"cell/{block}/inputs"]]
        for block in map(block_name, range(1, blocks + 1))
    }


def _require_dense(task: Task) -> None:
    if not task.dense:
        raise CapabilityError(
            "the task wants one label an image; space 'autodeeplab' makes networks that label every pixel: "
            "use an evaluator with a dense task"
        )

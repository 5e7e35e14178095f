"""The Auto-DeepLab search space (Liu et al., CVPR 2019, arXiv 1901.02985): one cell, and one path of resolutions."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import networkx as nx
from typing_extensions import override

from nasframe import (
    CapabilityError,
    Choose,
    Costed,
    Genotype,
    Inheriting,
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
from nasframe_autodeeplab.cell_graph import cell_graph
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.trellis import ENTRY, HEAD, STEM, keep_edges

if TYPE_CHECKING:
    from torch import Tensor

    from nasframe.decode import Design
    from nasframe.supernet import Supernet, SwitchableSupernet
    from nasframe_autodeeplab.network import Network
    from nasframe_autodeeplab.single_path import SinglePath
    from nasframe_autodeeplab.supernet import AutoDeepLabSupernet
    from nasframe_autodeeplab.supernet_costs import AutoDeepLabCosts


class AutoDeepLab(SearchSpace, Relaxable, Switchable, Inheriting, Priced, Costed, Landmarked):
    """A cell of B blocks, repeated along a path of L layers through the levels of the trellis.

    Its decisions are those of ``Questions``.
    """

    name: ClassVar[str] = Questions.name
    labels: ClassVar[tuple[Labels, ...]] = ("pixels",)
    Options = AutoDeepLabOptions
    options: AutoDeepLabOptions

    @cached_property
    def questions(self) -> Questions:
        """What is asked under this space's options."""
        return Questions(self.options)

    @property
    def trellis(self) -> nx.DiGraph:
        """The network part of the graph."""
        return self.questions.trellis

    @override
    def decide(self, choose: Choose) -> None:
        """Ask for the cell block by block, then for the path layer by layer."""
        self.questions.decide(choose)

    @override
    def build(self, genotype: Genotype, task: Task) -> Network:
        """The network of a genotype.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.network import Network

        validate(self, genotype)
        _require_dense(task)
        return Network(genotype, self.questions, task)

    @override
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
        return AutoDeepLabSupernet(self.questions, task, weigh)

    @override
    def switchable(self, task: Task) -> SinglePath:
        """The supernet without its mixing: one cell on one path at a time.

        Raises:
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.single_path import SinglePath

        _require_dense(task)
        return SinglePath.new(self.questions, task)

    @override
    def inherited(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> dict[str, Tensor]:
        """Stem, preprocessing, operations and branches of the ASPP along the path; see the plug-in's page.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        from nasframe_autodeeplab.inheritance import inherited

        validate(self, genotype)
        return inherited(supernet, genotype, self.options.network)

    @override
    def one_hot(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> SinglePath:
        """The supernet at one genotype, with the head of the path's end alone.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        from nasframe_autodeeplab.inheritance import one_hot

        return one_hot(supernet, genotype)

    @override
    def unlike(self, search: SearchSpace) -> str:
        """Other ``filters`` make every tensor of a cell another one."""
        assert isinstance(search, AutoDeepLab), "a search and its retraining have the same space"
        found, wanted = search.options.filters, self.options.filters
        if found == wanted:
            return ""
        return f"filters is {found} in the search and {wanted} in retraining, so no tensor of a cell has the same shape"

    @override
    def computed_by(self, device: str) -> dict[str, str]:
        """Whether the stacked supernet has CPU kernels of its own here, and why not."""
        if device != "cpu" or self.options.implementation == "plain":
            return {}
        from nasframe_autodeeplab.kernels.library import description

        return {"CPU kernels": description()}

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The trellis and the cell; of a genotype: its path and the two edges of each block."""
        whole = nx.union(self.trellis, cell_graph(self.options.blocks, self.options.operations))
        if genotype is None:
            return whole
        validate(self, genotype)
        path = [STEM, ENTRY, *self.questions.path_states(genotype), HEAD]
        taken = {
            (f"cell/{source}", f"cell/{block}"): operation
            for block, inputs in self.questions.cell_wiring(genotype).items()
            for source, operation in inputs
        }
        links = {edge for edge in whole.edges if edge[1] == "cell/output"}
        chosen = keep_edges(whole, {*pairwise(path), *taken, *links})
        nx.set_edge_attributes(chosen, taken, "operation")
        return chosen

    @override
    def priced_trellis(self, genotype: Genotype, task: Task, measure: Measure) -> nx.DiGraph:
        """What each path costs with a genotype's cell; the sums are exact.

        Raises:
            GenotypeError: the genotype is not legal in this space.
            CapabilityError: the task is not dense.
        """
        from nasframe_autodeeplab.prices import priced_trellis

        validate(self, genotype)
        _require_dense(task)
        return priced_trellis(self.questions, genotype, task, measure)

    @override
    def supernet_costs(self, task: Task) -> AutoDeepLabCosts:
        """What mixing weights make the networks cost, in the mean and exactly; takes some hundred small counts.

        Raises:
            CapabilityError: the task is not dense.
        """
        from nasframe.cost import counted
        from nasframe_autodeeplab.supernet_costs import AutoDeepLabCosts

        _require_dense(task)
        return AutoDeepLabCosts(self.questions, task, counted)

    @override
    def designs(self) -> tuple[Design, ...]:
        """Those that the paper sets its own against, and its own."""
        from nasframe_autodeeplab.designs import DESIGNS

        return DESIGNS


def _require_dense(task: Task) -> None:
    if not task.dense:
        raise CapabilityError(
            "the task wants one label an image; space 'autodeeplab' makes networks that label every pixel: "
            "use an evaluator with a dense task"
        )

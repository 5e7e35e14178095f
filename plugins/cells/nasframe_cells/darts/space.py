"""The space of DARTS (Liu, Simonyan and Yang, ICLR 2019, arXiv 1806.09055): a normal and a reduction cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from typing_extensions import override

from nasframe import Genotype, Inheriting, Relaxable, SearchSpace, Switchable, Task, Weigh
from nasframe.genotype import validate
from nasframe.space import require_labels
from nasframe_cells.darts.built import DartsCells
from nasframe_cells.darts.options import DartsOptions
from nasframe_cells.darts.questions import DartsQuestions

if TYPE_CHECKING:
    from torch import Tensor

    from nasframe.supernet import Supernet, SwitchableSupernet
    from nasframe_cells.darts.single_path import SinglePath
    from nasframe_cells.darts.supernet import DartsSupernet


@final
class Darts(DartsCells, Relaxable, Switchable, Inheriting):
    """Two different states a block and an operation on each, whose results are added (section 2.1)."""

    name: ClassVar[str] = "darts"
    Options = DartsOptions
    options: DartsOptions

    @property
    @override
    def questions(self) -> tuple[DartsQuestions, DartsQuestions]:
        options = self.options
        normal, reduction = (
            DartsQuestions(part, options.blocks, options.operations) for part in ("normal", "reduction")
        )
        return normal, reduction

    @override
    def relax(self, task: Task, weigh: Weigh) -> DartsSupernet:
        """The supernet of all cells (section 2.2).

        Raises:
            CapabilityError: the task is dense.
        """
        from nasframe_cells.darts.supernet import DartsSupernet

        require_labels(self, task)
        return DartsSupernet(self.questions, self.options, task, weigh)

    @override
    def switchable(self, task: Task) -> SinglePath:
        """The supernet without its mixing: one genotype at a time.

        Raises:
            CapabilityError: the task is dense.
        """
        from nasframe_cells.darts.single_path import SinglePath
        from nasframe_cells.darts.supernet import DartsSupernet

        require_labels(self, task)
        return SinglePath(self, DartsSupernet(self.questions, self.options, task, lambda logits: logits.softmax(-1)))

    @override
    def inherited(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> dict[str, Tensor]:
        """Stem, classifier and cells, each from the cell of its kind at the same place in the same stage.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        from nasframe_cells.darts.inheritance import inherited

        return inherited(supernet, self.cells(genotype), self.options)

    @override
    def one_hot(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> SinglePath:
        """The supernet at one genotype, with its own weights.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        from nasframe_cells.darts.inheritance import own
        from nasframe_cells.darts.single_path import SinglePath

        validate(self, genotype)
        single = SinglePath(self, own(supernet))
        single.switch(genotype)
        return single

    @override
    def unlike(self, search: SearchSpace) -> str:
        """Other ``filters`` make every tensor of a cell another one."""
        assert isinstance(search, Darts), "a search and its retraining have the same space"
        found, wanted = search.options.filters, self.options.filters
        if found == wanted:
            return ""
        return f"filters is {found} in the search and {wanted} in retraining, so no tensor of a cell has the same shape"

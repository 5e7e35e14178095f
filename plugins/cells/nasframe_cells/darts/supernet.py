"""DARTS's supernet (section 2.2): all cells, mixed by alphas that all normal and all reduction cells share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, cast, final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import Genotype, Task, Weigh
from nasframe.supernet import Supernet
from nasframe_cells.darts.decoding import decode, decode_several
from nasframe_cells.darts.layouts import arranged
from nasframe_cells.darts.mixed_cell import MixedCell, by_state
from nasframe_cells.darts.network import Stem, preparations
from nasframe_cells.darts.norms import Norms
from nasframe_cells.darts.options import DartsOptions
from nasframe_cells.darts.questions import DartsQuestions, relaxed_edges
from nasframe_cells.darts.skeleton import skeleton
from nasframe_cells.operations import Norm

Kinds = tuple[DartsQuestions, DartsQuestions]


@final
class DartsSupernet(Supernet):
    """Images (N, C, H, W) of any size -> logits (N, classes)."""

    space: ClassVar[str] = "darts"
    """Whose genotypes it derives."""

    def __init__(self, questions: Kinds, options: DartsOptions, task: Task, weigh: Weigh) -> None:
        """Args: questions: about the normal and the reduction cell."""
        super().__init__()
        self.questions = questions
        self.options = options
        self.weigh = weigh
        shape = (len(relaxed_edges(options.blocks)), len(options.operations))
        self.normal, self.reduction = (nn.Parameter(options.arch_init * torch.randn(shape)) for _ in questions)
        self.rows = by_state(options.blocks)
        plan = skeleton(options, options.blocks, options.blocks)
        self.places = plan.places
        norm: Norm = partial(Norms, options=options, affine=options.bn_affine)
        self.stem = Stem(options, task.in_channels, partial(Norms, options=options, affine=True))
        self.inputs = nn.ModuleList(nn.ModuleDict(preparations(place, norm)) for place in plan.places)
        self.cells = nn.ModuleList(MixedCell(place.width, place.stride, options) for place in plan.places)
        self.classify = nn.Linear(plan.channels, task.num_classes)

    @override
    def arch_parameters(self) -> list[nn.Parameter]:
        """The alphas of normal and of reduction cells, (edges, K) each."""
        return [self.normal, self.reduction]

    @override
    def weighed(self, weigh: Weigh) -> Mapping[str, Tensor]:
        """``normal`` and ``reduction``, (edges, K) each."""
        return {"normal": weigh(self.normal), "reduction": weigh(self.reduction)}

    @override
    def derive(self) -> Genotype:
        """The two strongest edges of each block with their strongest operations (section 2.4)."""
        return decode(self.space, self.questions, self.mixing_weights())

    @override
    def finalists(self, count: int) -> Sequence[Genotype]:
        """By the product of the weights of their operations."""
        return decode_several(self.space, self.questions, self.mixing_weights(), count)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes)."""
        found = self.weighed(self.weigh)
        weights = {kind: [table[rows] for rows in self.rows] for kind, table in found.items()}
        before_last, last = self.stem(arranged(inputs))
        for number, place in enumerate(self.places):
            prepared = self.prepared(number, before_last, last)
            before_last, last = last, self.cell(number)(*prepared, weights[place.cell])
        return self.classified(last)

    def prepared(self, number: int, before_last: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """The two inputs of a cell at its width and resolution."""
        parts = cast(nn.ModuleDict, self.inputs[number])
        return parts["0"](before_last), parts["1"](last)

    def cell(self, number: int) -> MixedCell:
        """One of the cells."""
        return cast(MixedCell, self.cells[number])

    def classified(self, last: Tensor) -> Tensor:
        """The last cell's output -> logits (N, classes)."""
        logits: Tensor = self.classify(last.mean(dim=(2, 3)))
        return logits

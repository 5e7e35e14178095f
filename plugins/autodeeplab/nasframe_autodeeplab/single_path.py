"""The supernet at one genotype: the chosen operations on the chosen path, with the weights that they have there.

It is the function of the supernet whose mixing weights are 1 for what the genotype takes and 0 for all else, without
computing what is multiplied by 0, and with the head of the path's end alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import Genotype, Task
from nasframe.genotype import validate
from nasframe.supernet import SwitchableSupernet
from nasframe_autodeeplab.cell import MixedCell, MixedOp
from nasframe_autodeeplab.cell_graph import Edge, edges
from nasframe_autodeeplab.partial_channels import PartialOp
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.resolution import crop, double, pad, resize_like
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet
from nasframe_autodeeplab.supernet_node import Node, Preparation
from nasframe_autodeeplab.trellis import ENTRY, STEM


@final
class SinglePath(SwitchableSupernet):
    """Images (N, C, H, W) of any size -> logits (N, classes, H, W) of the genotype that it was switched to.

    H^{l-2} is where the supernet has it: at the node's own level, or the nearest finer one that exists. Where the
    path was elsewhere two layers before, nothing is there, and the edges that read it add nothing.
    """

    def __init__(self, supernet: AutoDeepLabSupernet) -> None:
        """Args: supernet: with ``implementation: plain``; its weights are shared, its alphas and betas left out."""
        super().__init__()
        questions = self.questions = supernet.questions
        self.stride = supernet.stride
        self.skipped = supernet.skipped
        self.stem = supernet.stem
        self.nodes = supernet.nodes
        self.heads = supernet.heads
        self.rows = {edge: row for row, edge in enumerate(edges(questions.options.blocks))}
        self.columns: dict[str, int] = {name: column for column, name in enumerate(questions.options.kept_operations)}
        self.path: list[str] = []
        self.wiring: dict[str, list[tuple[str, str]]] = {}

    @classmethod
    def new(cls, questions: Questions, task: Task) -> SinglePath:
        """With new weights, and with all channels in each operation."""
        options = questions.options.model_copy(update={"implementation": "plain", "partial_channels": 1})
        return cls(AutoDeepLabSupernet(Questions(options), task, lambda logits: logits.softmax(dim=-1)))

    @override
    def switch(self, genotype: Genotype) -> None:
        """Take this genotype's cell and path.

        Raises:
            GenotypeError: the genotype is not legal in the space.
        """
        validate(self.questions, genotype)
        self.path = self.questions.path_states(genotype)
        self.wiring = self.questions.cell_wiring(genotype)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H, W)."""
        images = pad(inputs, self.stride)
        end = self.path[-1]
        return crop(resize_like(self.heads[end](self.features(images)[end]), images), like=inputs)

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """The tensors along the path by the names of their places, stems first; none has passed its ReLU."""
        hidden = {STEM: self.stem[0](images)}
        hidden[ENTRY] = self.stem[1](hidden[STEM])
        for source, state in pairwise([ENTRY, *self.path]):
            hidden[state] = self._evaluate(source, state, hidden)
        return hidden

    def _evaluate(self, source: str, state: str, hidden: dict[str, Tensor]) -> Tensor:
        """The cell's output (N, B·C, H, W) at a state that the path reaches from ``source``."""
        node, strides = self.nodes[state], dict(self.questions.trellis.nodes(data="stride"))
        assert isinstance(node, Node)
        preparation = node.preparations[source]
        assert isinstance(preparation, Preparation)
        tensors = {
            "h-1": preparation.last(double(hidden[source]) if strides[source] > strides[state] else hidden[source])
        }
        if self.skipped[state] in hidden:
            tensors["h-2"] = preparation.before_last(hidden[self.skipped[state]])
        cell = node.cells["shared" if node.shared else source]
        for block, chosen in self.wiring.items():
            terms: list[Tensor] = [
                self._primitive(cell, Edge(name, block), operation)(tensors[name])
                for name, operation in chosen
                if name in tensors
            ]
            tensors[block] = sum(terms[1:], terms[0])
        return torch.cat([tensors[block] for block in self.wiring], dim=1)

    def _primitive(self, cell: nn.Module, edge: Edge, operation: str) -> Callable[[Tensor], Tensor]:
        assert isinstance(cell, MixedCell)
        mixed_op = cell.mixed_ops[self.rows[edge]]
        whole = mixed_op.mixed_op if isinstance(mixed_op, PartialOp) else mixed_op
        assert isinstance(whole, MixedOp)
        primitive = whole.primitives[self.columns[operation]]
        return partial(mixed_op.around, operate=primitive) if isinstance(mixed_op, PartialOp) else primitive

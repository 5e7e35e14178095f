"""The supernet (Auto-DeepLab, section 3): every cell on every path, mixed by alpha and beta.

One evaluation of a cell for each of the trellis's moves; at each node either one after the other, which is the plain
reading of Eq. 1 to 7, or all together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast, final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import Genotype, Task, Weigh
from nasframe.supernet import Supernet
from nasframe_autodeeplab.cell_graph import edges
from nasframe_autodeeplab.decoding import decode, decode_several
from nasframe_autodeeplab.head import SupernetHead
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.operations import Recipe, conv, relu_conv_norm
from nasframe_autodeeplab.partial_channels import absent_edges, with_edges
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.resolution import crop, pad, resize_like
from nasframe_autodeeplab.stacked.node import StackedNode
from nasframe_autodeeplab.stacked.scales import Arrangement
from nasframe_autodeeplab.supernet_node import Node, Shape, TrellisNode
from nasframe_autodeeplab.trellis import ENTRY, FINEST, STEM, STEPS, last_states, moves, skipped, states


@final
class AutoDeepLabSupernet(Supernet):
    """Images (N, C, H, W) of any size -> logits (N, classes, H, W), the sum over the last layer's levels.

    Sides that are not s·n + 1 for the coarsest stride s are padded, see ``resolution``.
    """

    absent: Tensor

    def __init__(self, questions: Questions, task: Task, weigh: Weigh) -> None:
        super().__init__()
        self.questions = questions
        self.task = task
        self.weigh = weigh
        self.trellis = moves(questions.trellis)
        self.states = states(questions.trellis)
        self.skipped = {node: skipped(questions.trellis, node) for node in self.states}
        self._add_architecture()
        self._add_weights(task)

    @override
    def arch_parameters(self) -> list[nn.Parameter]:
        """alpha (edges, K), then beta (nodes with moves, 3), then of partial channels the edges' (blocks, sources)."""
        return [self.alpha, self.beta, *([] if self.edge is None else [self.edge])]

    @override
    def weighed(self, weigh: Weigh) -> Mapping[str, Tensor]:
        """``operation`` (edges, K) and ``move`` (nodes with moves, 3).

        With partial channels an operation's weight is multiplied by its edge's.
        """
        operation = self._operation_weights(weigh)
        if self.edge is not None:
            operation = operation[:, :-1] * operation[:, -1:]
        return {"operation": operation, "move": weigh(self._move_logits())}

    @override
    def derive(self) -> Genotype:
        """The two strongest edges of each block, and the most probable path (section 3.4.3)."""
        return decode(self.questions, self.mixing_weights())

    @override
    def finalists(self, count: int) -> Sequence[Genotype]:
        """By the product of the weights of the path's moves and of the cell's operations."""
        return decode_several(self.questions, self.mixing_weights(), count)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H, W)."""
        images = pad(inputs, self.stride)
        operation_weights = self.arrange(self._operation_weights(self.weigh))  # (edges, K)
        move_weights = self.weigh(self._move_logits())  # (nodes with moves, 3); Eq. 7
        recompute = self.checkpoint and self.training and torch.is_grad_enabled()
        hidden: dict[str, Tensor] = {}
        hidden[STEM] = self.stem[0](images)
        hidden[ENTRY] = self.stem[1](hidden[STEM])
        for state in self.states:
            arriving = {source: hidden[source] for source, _ in self._arriving(state)}
            moves = {source: move_weights[row, column] for source, (_, row, column) in self._arriving(state)}
            node = cast(TrellisNode, self.nodes[state])
            evaluate = node.recomputed if recompute else node
            hidden[state] = evaluate(hidden[self.skipped[state]], arriving, operation_weights, moves)
        logits = [resize_like(head(hidden[state]), images) for state, head in self.heads.items()]
        return crop(sum(logits[1:], logits[0]), like=inputs)

    def _arriving(self, state: str) -> list[tuple[str, tuple[str, int, int]]]:
        """The nodes from which moves arrive, each with its move's place in the table of betas."""
        return [(source, weight) for source, _, weight in self.trellis.in_edges(state, data="weight")]

    def _operation_weights(self, weigh: Weigh) -> Tensor:
        """(edges, K), or with partial channels (edges, K + 1), whose last column is the edges'."""
        operations = weigh(self.alpha)
        if self.edge is None:
            return operations
        absent = absent_edges(self.questions.options.blocks).to(self.edge.device)
        return with_edges(operations, weigh(self.edge.masked_fill(absent, -math.inf)))

    def _move_logits(self) -> Tensor:
        """beta (nodes with moves, 3), -inf where the trellis has no such move.

        The parameter itself is finite everywhere, or weight decay would turn it into NaN.
        """
        return self.beta.masked_fill(self.absent, -math.inf)

    def _add_architecture(self) -> None:
        options = self.questions.options
        moves_at = [weight for _, _, weight in self.trellis.edges(data="weight")]
        absent = torch.ones(1 + max(row for _, row, _ in moves_at), len(STEPS), dtype=torch.bool)
        for _, row, column in moves_at:
            absent[row, column] = False
        self.register_buffer("absent", absent, persistent=False)
        alpha_shape = (len(edges(options.blocks)), len(options.operations))
        self.alpha = nn.Parameter(options.arch_init * torch.randn(alpha_shape))
        self.beta = nn.Parameter(options.arch_init * torch.randn(absent.shape))
        self.edge: nn.Parameter | None = None
        if options.partial_channels > 1:
            self.edge = nn.Parameter(options.arch_init * torch.randn(options.blocks, options.blocks + 1))

    def _add_weights(self, task: Task) -> None:
        options = self.questions.options
        norm = partial(BatchNorm, eps=options.bn_eps, momentum=options.bn_momentum, affine=options.bn_affine)
        recipe = Recipe(norm, options.sep_repeats, options.atrous_separable, options.pool_norm)
        shapes = self._shapes()
        first, second = shapes[STEM].channels, shapes[ENTRY].channels
        self.checkpoint = options.checkpoint
        self.stride = max(shape.stride for shape in shapes.values())
        self.stem = nn.ModuleList(
            [
                nn.Sequential(conv(task.in_channels, first, 3, stride=2), norm(first)),
                relu_conv_norm(first, second, norm, 3, stride=2),
            ]
        )
        stacked = options.implementation == "stacked"
        self.arrange = Arrangement(options.blocks, options.operations, recipe) if stacked else nn.Identity()
        self.nodes = nn.ModuleDict()
        for state in self.states:
            arriving = {source: shapes[source] for source, _ in self._arriving(state)}
            node = Node(shapes[self.skipped[state]], arriving, shapes[state].stride, options, recipe)
            self.nodes[state] = StackedNode(node, options, recipe) if stacked else node
        self.heads = nn.ModuleDict()
        for state in last_states(self.questions.trellis):
            rate = max(1, options.aspp_reach // shapes[state].stride)
            self.heads[state] = SupernetHead(shapes[state].channels, rate, task.num_classes, norm)

    def _shapes(self) -> dict[str, Shape]:
        """Of every hidden tensor; a node at stride s has B·F·s/4 channels."""
        options = self.questions.options
        width = options.blocks * options.filters
        strides = self.questions.trellis.nodes(data="stride")
        stem, entry = options.stem_filters or (max(1, width // 2), width)
        return {
            STEM: Shape(stem, strides[STEM]),
            ENTRY: Shape(entry, strides[ENTRY]),
            **{state: Shape(width * strides[state] // FINEST, strides[state]) for state in self.states},
        }

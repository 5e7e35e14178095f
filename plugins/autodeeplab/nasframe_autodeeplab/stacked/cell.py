"""The relaxed cell for all evaluations that arrive at a node, round by round.

A round holds all edges that leave some tensors: the first those of H^{l-2} and H^{l-1}, each other those of one block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast, final

import numpy as np
from torch import Tensor, nn
from typing_extensions import override

from nasframe_autodeeplab.cell import MixedCell, MixedOp
from nasframe_autodeeplab.cell_graph import CELL_INPUTS, Edge, block_name, edges
from nasframe_autodeeplab.operations import Recipe
from nasframe_autodeeplab.stacked.banks import DenseBank, PoolBank, SeparableBank
from nasframe_autodeeplab.stacked.mixing import Term, mix
from nasframe_autodeeplab.stacked.stacking import PlainNames


class Group(NamedTuple):
    """Primitives that are computed together."""

    bank: type[SeparableBank | DenseBank | PoolBank] | None
    """None: the skip, which has no parameters."""
    operations: tuple[str, ...]


def groups(operations: Sequence[str], recipe: Recipe) -> list[Group]:
    """All primitives but ``zero``, in groups."""
    separable = ["sep_3x3", "sep_5x5"]
    atrous = ["atrous_3x3", "atrous_5x5"]
    wanted: list[tuple[type[SeparableBank | DenseBank | PoolBank] | None, list[str]]]
    if not recipe.atrous_separable:
        wanted = [(SeparableBank, separable), *((DenseBank, [name]) for name in atrous)]
    elif recipe.sep_repeats == 1:
        wanted = [(SeparableBank, separable + atrous)]
    else:
        wanted = [(SeparableBank, separable), (SeparableBank, atrous)]
    wanted += [(PoolBank, ["avg_pool_3x3", "max_pool_3x3"]), (None, ["skip"])]
    present = [(bank, tuple(name for name in names if name in operations)) for bank, names in wanted]
    return [Group(bank, names) for bank, names in present if names]


def rounds(blocks: int) -> list[np.ndarray]:
    """For each round the rows of its edges in the table of alphas: (E, S), targets by source tensors."""
    row = {edge: number for number, edge in enumerate(edges(blocks))}
    names = [block_name(block) for block in range(1, blocks + 1)]
    sources = [CELL_INPUTS, *((name,) for name in names[:-1])]
    return [
        np.array([[row[Edge(source, target)] for source in group] for target in names[number:]])
        for number, group in enumerate(sources)
    ]


@final
class Round(nn.Module):
    """The mixed sums of all edges that leave the same tensors."""

    def __init__(
        self, rows: np.ndarray, cells: Sequence[MixedCell], operations: Sequence[str], recipe: Recipe, names: PlainNames
    ) -> None:
        super().__init__()
        kept = [name for name in operations if name != "zero"]
        self.banks = nn.ModuleDict()
        for group in groups(operations, recipe):
            if group.bank is None:
                continue
            at = [kept.index(name) for name in group.operations]

            def pick(kind: int, edge: int, source: int, evaluation: int, at: list[int] = at) -> nn.Module:
                mixed_op = cast(MixedOp, cells[evaluation].mixed_ops[rows[edge, source]])
                return mixed_op.primitives[at[kind]]

            self.banks["+".join(group.operations)] = group.bank((len(at), *rows.shape, len(cells)), pick, names)

    @override
    def forward(self, values: Tensor, scales: Mapping[str, Tensor], before: Tensor | None) -> Tensor:
        """(S, G, C, N, H, W), by group (K, E, S), sums so far (E, G, C, N, H, W) -> these with the round's added."""
        terms: list[Term] = [bank(values, scales[name]) for name, bank in self.banks.items()]
        if "skip" in scales:
            terms.append(Term(values.view(1, 1, *values.shape), None, scales["skip"]))
        return mix(terms, before)


@final
class StackedCell(nn.Module):
    """All rounds."""

    def __init__(
        self, cells: Sequence[MixedCell], operations: Sequence[str], recipe: Recipe, names: PlainNames
    ) -> None:
        super().__init__()
        blocks = len({edge.block for edge in cells[0].edges})
        self.rounds = nn.ModuleList(Round(rows, cells, operations, recipe, names) for rows in rounds(blocks))

    @override
    def forward(self, inputs: Tensor, scales: Sequence[Mapping[str, Tensor]]) -> list[Tensor]:
        """Prepared inputs (2, G, C, N, H, W), the weights of each round -> the blocks, each (1, G, C, N, H, W)."""
        blocks: list[Tensor] = []
        values, waiting = inputs, None
        for one, scale in zip(self.rounds, scales, strict=True):
            sums = one(values, scale, waiting)
            values, waiting = sums.split_with_sizes([1, len(sums) - 1])
            blocks.append(values)
        return blocks

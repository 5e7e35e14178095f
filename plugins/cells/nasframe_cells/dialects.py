"""The genotypes of spaces of cells in the words of other programs: DARTS's code and its descendants, NNI, slim.

Programs differ in form (``forms``), in the names of operations, and in which of a cell's inputs is state 0: in DARTS's
code, PNASNet.pytorch, NNI and pytorchcv the output of the cell before the last, as here; in TensorFlow's slim and TPU
models the last one. A text does not say which, so that each form is there twice, the other order under a name that
ends in ``-last-first``; ``slim`` has its own order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, final

from nasframe import Genotype, GenotypeError, GenotypeRecord
from nasframe.errors import did_you_mean, listed
from nasframe_cells.forms import Flat, FlatDict, Form, Nested, Slim
from nasframe_cells.language import Block, Cell, Cells

__all__ = ["DARTS", "NNI", "CellDialect", "SpaceOfCells", "cell_dialects"]

NNI: Mapping[str, str] = {
    "skip": "skip_connect",
    "conv_1x1": "conv_1x1",
    "conv_3x3": "conv_3x3",
    "conv_1x3_3x1": "conv_3x1_1x3",
    "conv_1x7_7x1": "conv_7x1_1x7",
    "sep_3x3": "sep_conv_3x3",
    "sep_5x5": "sep_conv_5x5",
    "sep_7x7": "sep_conv_7x7",
    "dil_conv_3x3": "dil_conv_3x3",
    "dil_sep_3x3": "dil_sep_conv_3x3",
    "dil_sep_5x5": "dil_sep_conv_5x5",
    "avg_pool_3x3": "avg_pool_3x3",
    "max_pool_2x2": "max_pool_2x2",
    "max_pool_3x3": "max_pool_3x3",
    "max_pool_5x5": "max_pool_5x5",
    "max_pool_7x7": "max_pool_7x7",
}
"""The operations of nasnet, pnas and amoebanet by the names of NNI's spaces of the same names, which are DARTS's as far
as DARTS has them, but for the dilated ones."""
DARTS: Mapping[str, str] = {
    **{name: theirs for name, theirs in NNI.items() if not name.startswith("dil_")},
    "dil_sep_3x3": "dil_conv_3x3",
    "dil_sep_5x5": "dil_conv_5x5",
}
"""By the names of DARTS's code, where ``dil_conv`` is dilated and separable."""
SLIM: Mapping[str, str] = {
    "skip": "none",
    "conv_1x1": "1x1",
    "conv_3x3": "3x3",
    "conv_1x3_3x1": "1x3_3x1",
    "conv_1x7_7x1": "1x7_7x1",
    "sep_3x3": "separable_3x3_2",
    "sep_5x5": "separable_5x5_2",
    "sep_7x7": "separable_7x7_2",
    "dil_sep_3x3": "dil_2_separable_3x3_2",
    "dil_sep_5x5": "dil_2_separable_5x5_2",
    "avg_pool_3x3": "avg_pool_3x3",
    "max_pool_2x2": "max_pool_2x2",
    "max_pool_3x3": "max_pool_3x3",
}
"""By the names of slim and the TPU models, where ``none`` is the identity; in DARTS's code it gives nothing."""


class SpaceOfCells(Protocol):
    """A space whose genotypes are a normal and a reduction cell."""

    def cells(self, genotype: Genotype, /) -> Cells:
        """The cells of a genotype.

        Raises:
            GenotypeError: it is not legal.
        """

    def record(self, cells: Cells, /) -> GenotypeRecord:
        """The genotype of given cells, with the options under which the space has it where its own do not.

        Raises:
            GenotypeError: it has it under none.
        """


@final
@dataclass(frozen=True)
class CellDialect:
    """A form, the names of operations, and which input is state 0."""

    space: SpaceOfCells
    form: Form
    names: Mapping[str, str]
    """Of operations: ours, theirs."""
    last_first: bool = False
    """State 0 is the output of the last cell."""

    def read(self, text: str) -> GenotypeRecord:
        """See ``nasframe.Dialect``."""
        ours = {theirs: name for name, theirs in self.names.items()}
        found = self._turned(self.form.read(text))
        return self.space.record(_renamed(found, lambda name: _translated(name, ours, "the dialect")))

    def write(self, genotype: Genotype) -> str:
        """See ``nasframe.Dialect``."""
        cells = self._turned(self.space.cells(genotype))
        return self.form.write(_renamed(cells, lambda name: _translated(name, self.names, "what the dialect can say")))

    def _turned(self, cells: Cells) -> Cells:
        return cells.with_inputs_swapped() if self.last_first else cells


def cell_dialects(space: SpaceOfCells, names: Mapping[str, str]) -> dict[str, CellDialect]:
    """All dialects of a space of cells.

    Args:
        names: of the space's operations in DARTS's forms: ours, theirs.
    """
    forms = {"flat": Flat(), "nested": Nested(), "nni": FlatDict()}
    found = {name: CellDialect(space, form, names) for name, form in forms.items()}
    turned = {f"{name}-last-first": replace(dialect, last_first=True) for name, dialect in found.items()}
    return {**found, "slim": CellDialect(space, Slim(), SLIM, last_first=True), **turned}


def _renamed(cells: Cells, name: Callable[[str], str]) -> Cells:
    def block(one: Block) -> Block:
        left, right = (replace(edge, operation=name(edge.operation)) for edge in one.edges)
        return replace(one, left=left, right=right)

    def cell(one: Cell) -> Cell:
        return Cell(tuple(map(block, one.blocks)), one.concat)

    return Cells(cell(cells.normal), cell(cells.reduction))


def _translated(name: str, names: Mapping[str, str], what: str) -> str:
    if name not in names:
        raise GenotypeError(
            f"found the operation {name!r}, expected one of {what}: {listed(names)}{did_you_mean(name, names)}"
        )
    return names[name]

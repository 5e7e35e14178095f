"""What all spaces of cells have in common as text: dialects of other programs, and what a hash is made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import ValidationError
from typing_extensions import override

from nasframe import Canonical, Genotype, GenotypeError, GenotypeRecord, Options, Translatable
from nasframe_cells.canonical import canonical
from nasframe_cells.dialects import NNI, CellDialect, cell_dialects
from nasframe_cells.language import INPUTS, Cell, Cells, state_name

OUTPUTS = {"output": "normal", "normal_output": "normal", "reduction_output": "reduction"}
"""The options that say what a cell gives out, and which cell."""


class TranslatedCells(Canonical, Translatable):
    """Genotypes that are a normal and a reduction cell, or one for both."""

    spelling: ClassVar[Mapping[str, str]] = NNI
    """The names of operations in DARTS's forms: ours, theirs."""
    options: Options

    @abstractmethod
    def __init__(self, options: Options | None = None) -> None:
        """As of ``SearchSpace``."""

    @abstractmethod
    def cells(self, genotype: Genotype) -> Cells:
        """The cells of a genotype, in the language of cells.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    @abstractmethod
    def genotype(self, cells: Cells) -> Genotype:
        """The inverse of ``cells``.

        Raises:
            GenotypeError: the space does not have these cells.
        """

    def record(self, cells: Cells) -> GenotypeRecord:
        """The genotype of given cells, with the options under which the space has them where its own do not.

        These are the number of blocks, operations besides its own, and what the cells give out.

        Raises:
            GenotypeError: it has them under none.
        """
        fields, asked = type(self.options).model_fields, self.options.model_dump()
        both = (cells.normal, cells.reduction)
        used = (edge.operation for cell in both for block in cell.blocks for edge in block.edges)
        asked["blocks"] = len(cells.normal.blocks)
        asked["operations"] = tuple(dict.fromkeys((*asked["operations"], *used)))
        for name, part in OUTPUTS.items():
            cell: Cell = getattr(cells, part)
            if name in fields and _given_out(asked[name], cell) != cell.concat:
                asked[name] = tuple(map(state_name, cell.concat))
        space = self._with(asked)
        own, found = (options.model_dump(mode="json") for options in (self.options, space.options))
        changed = {name: value for name, value in found.items() if value != own[name]}
        return GenotypeRecord(space.genotype(cells), changed)

    @override
    def dialects(self) -> dict[str, CellDialect]:
        """Those of DARTS's code, of NNI and of slim, see ``nasframe_cells.dialects``."""
        return cell_dialects(self, self.spelling)

    @override
    def signature(self, genotype: Genotype) -> str:
        """Both cells in their canonical form, by whichever option they give out what they do.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        cells = self.cells(genotype)
        return f"{canonical(cells.normal)} | {canonical(cells.reduction)}"

    def _with(self, options: Mapping[str, Any]) -> Self:
        try:
            return type(self)(type(self.options).model_validate(options))
        except ValidationError as error:
            reasons = "; ".join(str(detail["msg"]) for detail in error.errors())
            raise GenotypeError(f"the space has these cells under none of its options: {reasons}") from error


def _given_out(output: str | tuple[str, ...], cell: Cell) -> tuple[int, ...]:
    """What a cell gives out by an option."""
    if output == "loose_ends":
        return cell.loose_ends
    states = range(len(INPUTS), cell.states)
    return tuple(states) if output == "all" else tuple(state for name in output for state in _named(name, cell))


def _named(name: str, cell: Cell) -> list[int]:
    """The state of a name; none, where the cell has fewer."""
    return [state for state in range(cell.states) if state_name(state) == name]

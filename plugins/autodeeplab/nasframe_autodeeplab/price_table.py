"""What all networks of a space cost, in one table: by the moves of a path, and by the operations in its cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import final

import networkx as nx
import numpy as np

from nasframe import Measure, Task
from nasframe_autodeeplab.assembly import Assembly
from nasframe_autodeeplab.prices import CellPrices, around_cells, total
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.visits import CellPart, visits


@final
class PriceTable:
    """Arrays of costs; a last axis has the costs in the order of ``names``.

    With ``kept`` (2, K), how many operations of each kind a cell keeps on its inputs and between its blocks, each cell
    of kind k costs ``base[k] + sum(kept * operations[k])``, and a path the sum of ``fixed[m] + cell[kind[m]]`` over
    its moves m.
    """

    names: tuple[str, ...]

    def __init__(self, questions: Questions, task: Task, measure: Measure) -> None:
        assembly = Assembly(questions.options, task)
        pieces = CellPrices(assembly, measure)
        around = cache(lambda part: around_cells(assembly, measure, part))
        self.trellis: nx.DiGraph = visits(questions, task)
        """As ``visits`` makes it."""
        parts = [of for _, _, of in self.trellis.edges(data="parts")]
        cells = list(dict.fromkeys(part for of in parts for part in of if isinstance(part, CellPart)))
        bases = [pieces.base(cell) for cell in cells]
        self.names = tuple(bases[0])
        nothing = dict.fromkeys(self.names, 0.0)
        self.kind = np.array([cells.index(of[0]) for of in parts])
        """(moves,): which kind of cell each move of the trellis of visits adds."""
        self.fixed = self._array([total(nothing, *(around(part) for part in of[1:])) for of in parts])
        """(moves, costs): of stem and head."""
        self.base = self._array(bases)
        """(kinds, costs): of what all cells have."""
        self.operations = np.array(
            [
                [
                    self._array(
                        [pieces.operation(cell, name, outer=outer) for name in questions.options.kept_operations]
                    )
                    for outer in (True, False)
                ]
                for cell in cells
            ]
        )
        """(kinds, 2, K, costs): of one operation on an input of the cell, or between its blocks."""

    def _array(self, costs: Sequence[Mapping[str, float]]) -> np.ndarray:
        return np.array([[cost[name] for name in self.names] for cost in costs], dtype=np.float64)

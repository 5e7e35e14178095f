"""What every path of a genotype's cell costs, exactly, and what the parts of cells cost whatever the genotype."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import final

import networkx as nx
from torch import nn

from nasframe import Genotype, Measure, Task
from nasframe_autodeeplab.assembly import Assembly
from nasframe_autodeeplab.cell import Wiring, operation, preparation, stride_of
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.visits import CellPart, HeadPart, Part, Shape, StemPart, visits

Costs = Mapping[str, float]


def priced_trellis(questions: Questions, genotype: Genotype, task: Task, measure: Measure) -> nx.DiGraph:
    """See ``nasframe.Priced``; moves carry the cells' costs, the first also the stem's, the last also the head's."""
    prices = _Prices(Assembly(questions.options, task), questions.cell_wiring(genotype), measure)
    price = cache(prices.part)
    priced = visits(questions, task)
    for _, _, data in priced.edges(data=True):
        data.update(total(*(price(part) for part in data.pop("parts"))))
    return priced


def total(*costs: Costs) -> dict[str, float]:
    """The sum, cost by cost."""
    return {name: sum(cost[name] for cost in costs) for name in costs[0]}


@final
class _Prices:
    """The costs of a genotype's parts; whole cells at once, as their time may be less than that of what is in them."""

    def __init__(self, assembly: Assembly, wiring: Wiring, measure: Measure) -> None:
        self.assembly = assembly
        self.wiring = wiring
        self.measure = measure

    def part(self, part: Part) -> Costs:
        if not isinstance(part, CellPart):
            return around_cells(self.assembly, self.measure, part)
        channels = (part.inputs[0][1], part.inputs[1][1])
        return self.measure(
            lambda: self.assembly.cell(self.wiring, 1, channels, part.before, part.stride), *part.inputs
        )


def around_cells(assembly: Assembly, measure: Measure, part: StemPart | HeadPart) -> Costs:
    """Of the parts that no genotype's cell changes."""
    if isinstance(part, StemPart):
        return measure(lambda: nn.Sequential(*assembly.stem()), part.images)
    features, low_level = part.features, part.low_level
    aspp = measure(lambda: assembly.aspp(features[1], part.stride), features)
    pyramid = (1, assembly.options.network.aspp_filters, *features[2:])
    return total(aspp, measure(lambda: assembly.decoder(low_level[1]), pyramid, low_level))


@final
class CellPrices:
    """What is in a cell, piece by piece: a cell costs the sum of its pieces."""

    def __init__(self, assembly: Assembly, measure: Measure) -> None:
        self.assembly = assembly
        self._preparation = cache(lambda inputs, width, size: self._measured_preparation(measure, inputs, width, size))
        self._operation = cache(lambda *key: self._measured_operation(measure, *key))

    def base(self, part: CellPart) -> Costs:
        """Of what every cell has: both inputs brought to its width."""
        width, size, _ = self._place(part)
        return total(*(self._preparation(inputs[1], width, size) for inputs in part.inputs))

    def operation(self, part: CellPart, name: str, *, outer: bool) -> Costs:
        """Of one operation.

        Args:
            outer: whether it reads an input of the cell, and not another block.
        """
        width, size, step = self._place(part)
        if step > 0 and not outer:  # a block has the size of the cell's output
            size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        return self._operation(name, width, stride_of(step, outer), size)

    def _place(self, part: CellPart) -> tuple[int, tuple[int, int], int]:
        """Channels inside the cell, height and width of its inputs once they are prepared, change of level."""
        _, _, height, width = part.inputs[1]
        step = (part.stride > part.before) - (part.stride < part.before)
        size = (2 * height - 1, 2 * width - 1) if step < 0 else (height, width)
        return self.assembly.width(part.stride), size, step

    def _measured_preparation(self, measure: Measure, inputs: int, width: int, size: tuple[int, int]) -> Costs:
        shape: Shape = (1, inputs, *size)
        return measure(lambda: preparation(inputs, width, self.assembly.recipe), shape)

    def _measured_operation(self, measure: Measure, name: str, width: int, stride: int, size: tuple[int, int]) -> Costs:
        shape: Shape = (1, width, *size)
        return measure(lambda: operation(name, width, stride, self.assembly.recipe), shape)

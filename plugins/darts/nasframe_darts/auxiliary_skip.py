"""A skip connection beside every mixture of operations, which fades away.

Chu, Wang, Zhang, Lu, Wei, Yan, DARTS-: Robustly Stepping out of Performance Collapse Without Indicators, ICLR 2021,
arXiv 2009.01027: m(x) = beta x + sum_o w_o o(x), where beta falls linearly from its first value to 0. It does the skip
operation's work of letting gradients through, so that the operation's own weight tells what it is worth to the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import networkx as nx
import torch
from torch import Tensor

from nasframe import ExperimentError
from nasframe.graph import part, parts
from nasframe.supernet import Supernet


@final
class AuxiliarySkip:
    """Adds beta to the weight of each skip operation, which hands on its input, as the auxiliary connection does.

    Deriving, the report and what ``regularise`` looks at have the weights without it.
    """

    def __init__(self, first: float = 0.0, graph: nx.DiGraph[str] | None = None) -> None:
        """Without arguments it adds nothing.

        Args:
            first: beta in the warm-up and in the first update of the architecture.
            graph: of the whole space.
        """
        self.first = first
        self.graph = graph
        self.now = first
        self._masks: list[tuple[Tensor, Tensor]] = []
        """Tables of logits, each with ones where its skip operations are."""

    def find(self, supernet: Supernet) -> None:
        """Look for the skip operations among a supernet's tables.

        Raises:
            ExperimentError: the graph names none, or a table that holds some is not an architecture parameter itself.
        """
        if self.graph is None:
            return
        made: list[tuple[Tensor, Tensor]] = []

        def recorded(logits: Tensor) -> Tensor:
            weights = logits.detach().softmax(-1)
            made.append((logits, weights))
            return weights

        named = supernet.weighed(recorded)
        masks = _skips(self.graph, named)
        if not masks:
            raise ExperimentError(
                "strategy.regularise.auxiliary_skip adds to skip operations, and the space's graph names none "
                "('skips') among the operations that are mixed; remove the key, or use another space"
            )
        own = {id(parameter) for parameter in supernet.arch_parameters()}
        for name, mask in masks.items():
            # An array that is handed on as it was made tells its table; of one that was worked on the shape has to.
            known = [table for table, weights in made if weights is named[name]]
            tables = known or [table for table, _ in made if table.shape == mask.shape]
            found = [table for table in tables if id(table) in own]
            if len(found) != 1:
                raise ExperimentError(
                    f"strategy.regularise.auxiliary_skip adds to the weights {name!r}, and {len(found)} of the "
                    "supernet's architecture parameters have their shape, where one must; remove the key, or use "
                    "another space"
                )
            self._masks.append((found[0], mask.to(found[0].device)))

    def begin(self, passed: float) -> None:
        """Called before each step with the share of the architecture's updates that are done."""
        self.now = self.first * (1 - passed)

    def added(self, logits: Tensor, weights: Tensor) -> Tensor:
        """The weights (..., K) of a table of logits, with beta added to those of its skips."""
        for table, mask in self._masks:
            if table is logits:
                return weights + (self.now * mask).to(weights.dtype)
        return weights

    def metrics(self) -> Mapping[str, float]:
        """Beta of the last step, if anything is added at all."""
        return {"auxiliary_skip": self.now} if self.graph is not None else {}


def _skips(graph: nx.DiGraph[str], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names of weights those arrays that hold skips, with ones in their places."""
    skips = graph.graph.get("skips", ())
    found: dict[str, Tensor] = {}
    for one in parts(graph):
        for _, _, data in part(graph, one).edges(data=True):
            if "weight" not in data:
                continue
            name, *place = data["weight"]
            for number, operation in enumerate(data.get("operations", ())):
                if name in named and operation in skips:
                    mask = found.setdefault(name, torch.zeros_like(named[name]))
                    mask[(*place, number)] = 1
    return found

"""The most probable genotype whose costs are within bounds: an exact best-first search over cells and paths together.

A genotype is as probable as the product of the weights of its operations and of its path's moves; without bounds the
most probable one is Auto-DeepLab's (section 3.4.3), as each block's two strongest edges have the greatest product. A
partial cell, of the first blocks alone, is worth at most its own product, times the greatest of each block that is
missing, times that of the best path within the bounds if these blocks cost the least that they can. The search (A*)
takes the partial cell that may be worth most, and is over when that one is whole. One that is worth less than another
of as many blocks, and costs no less in any place, is dropped.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count, product
from typing import Any, NamedTuple, final

import networkx as nx
import numpy as np

from nasframe import Genotype, GraphError, RunError
from nasframe.decode import RULES, Bound, Path, Price, k_best, places, terminals, with_values_of
from nasframe.graph import with_weights
from nasframe_autodeeplab.cell_graph import CELL_INPUTS, Edge, edges
from nasframe_autodeeplab.decoding import genotype_of
from nasframe_autodeeplab.price_table import PriceTable
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.trellis import moves

LEAST = float(np.finfo(np.float64).tiny)
"""Weights below it count as this: a logarithm must be finite, and nothing is quite impossible."""


def decode_within(
    questions: Questions, table: PriceTable, weights: Mapping[str, np.ndarray], most: Mapping[str, float]
) -> Genotype:
    """The most probable genotype within bounds; what ``decode`` finds, if that is.

    Args:
        weights: ``operation`` (edges, primitives) and ``move`` (rows, 3).
        most: by cost, ``params`` or ``macs``.

    Raises:
        RunError: no genotype is within the bounds.
    """
    return _Search(questions, table, weights, most).best()


class Choice(NamedTuple):
    """What a block may be."""

    log: float
    """Of the product of its two operations' weights."""
    kept: tuple[tuple[Edge, str], tuple[Edge, str]]
    costs: np.ndarray
    """(kinds, costs): of its two operations in each kind of cell."""
    order: int
    """Which comes first among equals, as in decoding."""


@dataclass(order=True)
class Partial:
    """The first blocks of a cell, in the order in which the search takes them."""

    bound: float
    """Minus the logarithm of what it may be worth at most."""
    missing: int
    """How many blocks it lacks."""
    age: int
    known: bool = field(compare=False)
    """Whether the path in ``bound`` is that of this cell, and not of the one that it was made from."""
    log: float = field(compare=False)
    costs: np.ndarray = field(compare=False)
    """(kinds, costs): of its blocks."""
    choices: tuple[Choice, ...] = field(compare=False)
    path: Path | None = field(compare=False, default=None)


@final
class _Search:
    """One search under given weights."""

    def __init__(
        self, questions: Questions, table: PriceTable, weights: Mapping[str, np.ndarray], most: Mapping[str, float]
    ) -> None:
        self.questions = questions
        self.table = table
        self.weights = {name: np.maximum(array, LEAST) for name, array in weights.items()}
        self.most = most
        self.number = {move: index for index, move in enumerate(table.trellis.edges)}
        self.blocks = [self._choices(block) for block in questions.blocks]
        logs = [choices[0].log for choices in self.blocks]
        self.best_rest = [sum(logs[done:]) for done in range(len(logs) + 1)]
        least = [np.min([choice.costs for choice in choices], axis=0) for choices in self.blocks]
        nothing = np.zeros_like(table.base)
        self.least_rest = [sum(least[done:], start=nothing) for done in range(len(least) + 1)]
        plain = RULES[questions.options.decode](with_weights(moves(questions.trellis), self.weights))
        self.trellis = with_values_of(table.trellis, plain)
        self.start, self.ends = terminals(self.trellis)

    def best(self) -> Genotype:
        """See ``decode_within``."""
        age = count()
        queue = [Partial(-np.inf, len(self.blocks), next(age), False, 0.0, np.zeros_like(self.table.base), ())]
        taken: dict[int, list[Partial]] = {missing: [] for missing in range(len(self.blocks) + 1)}
        while queue:
            partial = heapq.heappop(queue)
            if partial.known and not partial.missing:
                return self._genotype(partial)
            if partial.known:
                for follower in self._longer(partial, age):
                    heapq.heappush(queue, follower)
            elif not _dominated(partial, taken[partial.missing]):
                taken[partial.missing].append(partial)
                self._find_path(partial)
                if partial.path:
                    heapq.heappush(queue, partial)
        raise RunError(self._nothing())

    def _choices(self, block: str) -> list[Choice]:
        """The best of each kind of cost, the most probable first; equal ones as decoding orders them."""
        names = self.questions.options.kept_operations
        columns = [self.questions.options.operations.index(name) for name in names]
        logs = np.log(self.weights["operation"][:, columns])
        of_block = [(row, edge) for row, edge in enumerate(edges(self.questions.options.blocks)) if edge.block == block]
        found: dict[tuple[tuple[int, int], ...], Choice] = {}
        whole = product(combinations(of_block, 2), product(range(len(names)), repeat=2))
        for order, (((one, first), (other, second)), (left, right)) in enumerate(whole):
            kinds = tuple(sorted([(_place(first), left), (_place(second), right)]))
            log = float(logs[one, left] + logs[other, right])
            if kinds not in found or log > found[kinds].log:
                costs = np.sum([self.table.operations[:, place, column] for place, column in kinds], axis=0)
                found[kinds] = Choice(log, ((first, names[left]), (second, names[right])), costs, order)
        return sorted(found.values(), key=lambda choice: (-choice.log, choice.order))

    def _longer(self, partial: Partial, age: Iterator[int]) -> Iterator[Partial]:
        """A partial cell with one block more, in all ways."""
        choices = self.blocks[len(partial.choices)]
        for choice in choices:
            yield Partial(
                partial.bound + choices[0].log - choice.log,
                partial.missing - 1,
                next(age),
                False,
                partial.log + choice.log,
                partial.costs + choice.costs,
                (*partial.choices, choice),
            )

    def _find_path(self, partial: Partial) -> None:
        """The best path within the bounds for the least that a cell with these blocks can cost; None: there is none."""
        done = len(partial.choices)
        cells = self.table.base + partial.costs + self.least_rest[done]
        costs = self.table.fixed + cells[self.table.kind]
        try:
            (partial.path,) = k_best(self.trellis, self.start, self.ends, 1, self._bounds(costs, self.most))
        except GraphError:
            return
        partial.bound = -(partial.log + self.best_rest[done] + partial.path.log_probability)
        partial.known = True

    def _bounds(self, costs: np.ndarray, most: Mapping[str, float]) -> list[Bound]:
        """Args: costs: (moves, costs) of the table's trellis."""
        return [Bound(name, self._price(costs[:, self.table.names.index(name)]), most[name]) for name in most]

    def _price(self, costs: np.ndarray) -> Price:
        return lambda before, node: 0.0 if before is None else float(costs[self.number[before, node]])

    def _genotype(self, partial: Partial) -> Genotype:
        assert partial.path is not None, "a known one has a path"
        answers: dict[str, Any] = {}
        for choice in partial.choices:
            answers[f"cell/{choice.kept[0][0].block}/inputs"] = tuple(edge.source for edge, _ in choice.kept)
            answers |= {f"cell/{edge.block}/{edge.source}": operation for edge, operation in choice.kept}
        return genotype_of(self.questions, answers, places(self.trellis, partial.path.nodes))

    def _nothing(self) -> str:
        """What to say where nothing is within the bounds: each by itself against the least that a network costs."""
        cells = self.table.base + self.least_rest[0]
        costs = self.table.fixed + cells[self.table.kind]
        said = []
        for name, bound in self.most.items():
            price = self._price(costs[:, self.table.names.index(name)])
            lengths = nx.single_source_dijkstra_path_length(
                self.trellis, self.start, weight=lambda before, node, _, price=price: price(before, node)
            )
            said.append(f"{name} at most {bound:,.0f}, the cheapest has {min(lengths[end] for end in self.ends):,.0f}")
        return (
            f"no genotype of space {self.questions.name!r} is within the constraints ({'; '.join(said)}). Raise the "
            "bounds, or make the space's networks smaller"
        )


def _place(edge: Edge) -> int:
    """0: on an input of the cell; 1: between its blocks."""
    return 0 if edge.source in CELL_INPUTS else 1


def _dominated(partial: Partial, taken: Sequence[Partial]) -> bool:
    return any(other.log >= partial.log and bool((other.costs <= partial.costs).all()) for other in taken)

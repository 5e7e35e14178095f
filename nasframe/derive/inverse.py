"""The genotype whose graph is a given one: the inverse of ``space.graph(genotype)``, for any space.

A space's questions are asked over and over, and each is given the answer whose graph agrees best with the wanted
one, whatever the later answers. In the end the graph must be the wanted one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import networkx as nx

from nasframe.errors import GenotypeError
from nasframe.genotype import Genotype, trace
from nasframe.graph import Edge, edges
from nasframe.space import SearchSpace

T = TypeVar("T")
Wanted = Mapping[Edge, str | None]
"""Moves and operation edges, by their names in the space's graph; of an operation edge its operation."""


def genotype_of(space: SearchSpace, wanted: Wanted) -> Genotype:
    """The genotype that has just these moves and operations.

    Raises:
        GenotypeError: there is none that can be found by answering one question after the other.
    """
    answers: dict[str, Any] = {}
    while True:
        question = _next_question(space, answers)
        if question is None:
            break
        name, options = question
        answers[name] = _best_answer(space, answers, name, options, wanted)
    genotype = _completed(space, answers)
    found = _decided(space.graph(genotype))
    if found != dict(wanted):
        before, node, *key = min(edge for edge in {*found, *wanted} if found.get(edge, "") != wanted.get(edge, ""))
        raise GenotypeError(
            f"space {space.name!r} has no genotype with these moves and operations: the nearest one differs "
            f"from {before!r} to {node!r}{''.join(f', {name}' for name in key)}"
        )
    return genotype


def ordered(graph: nx.DiGraph, named: Iterable[tuple[Edge, str | None]]) -> dict[Edge, str | None]:
    """Edges in reading order: by part, then by the layer and the place of the node where they end."""
    place = {node: (data["part"], data["layer"], index) for index, (node, data) in enumerate(graph.nodes(data=True))}
    return dict(sorted(named, key=lambda item: (place[item[0][1]], place[item[0][0]])))


def _decided(graph: nx.DiGraph) -> dict[Edge, str | None]:
    """The moves and operations of a genotype's graph."""
    return {name: data.get("operation") for name, data in edges(graph) if data["kind"] in ("move", "operation")}


def _best_answer(
    space: SearchSpace, answers: Mapping[str, Any], name: str, options: Sequence[Any], wanted: Wanted
) -> Any:
    """The option that agrees best with what is wanted; of equally good ones the first."""
    if len(options) == 1:
        return options[0]
    return max(options, key=lambda option: _fit(space, {**answers, name: option}, wanted))


def _fit(space: SearchSpace, answers: Mapping[str, Any], wanted: Wanted) -> tuple[int, ...]:
    """Of each wanted edge, in order: 2: it is there with its operation, 1: with another one, 0: it is not there."""
    found = _decided(space.graph(_completed(space, answers)))
    return tuple(0 if edge not in found else 2 if found[edge] == operation else 1 for edge, operation in wanted.items())


def _completed(space: SearchSpace, answers: Mapping[str, Any]) -> Genotype:
    """The genotype with these answers, and the first option where there is none."""

    def choose(name: str, options: Sequence[T]) -> T:
        return answers[name] if name in answers else options[0]

    return trace(space, choose)


def _next_question(space: SearchSpace, answers: Mapping[str, Any]) -> tuple[str, Sequence[Any]] | None:
    """The first question that is not answered, with its options."""
    asked: list[tuple[str, Sequence[Any]]] = []

    def choose(name: str, options: Sequence[T]) -> T:
        if name in answers:
            return answers[name]  # type: ignore[no-any-return]
        asked.append((name, options))
        return options[0]

    trace(space, choose)
    return asked[0] if asked else None

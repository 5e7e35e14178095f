"""Where the boxes of a layered graph go, so that few arrows cross and long ones are straight (Sugiyama's method).

Boxes stand in rows; an arrow that passes a row has a joint there, which takes part as a narrow box does. First the
order in each row is found, then the places.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

Joint = tuple[str, str, int]
"""An arrow's source and target, and the row that it passes."""
Place = str | Joint
Rows = list[list[Place]]
STARTS, SHAKES, MOVES = 12, 100, 300
PULL = (1.0, 2.0, 8.0)
"""Of a piece of an arrow, by how many of its ends are joints: straight arrows matter more than short ones."""


@dataclass(frozen=True)
class Arrangement:
    """Every box and joint with its place."""

    row: Mapping[Place, int]
    """From 0, the lowest."""
    x: Mapping[Place, float]
    """The middle."""
    routes: Mapping[tuple[str, str], list[Place]]
    """Of each arrow its source, its joints and its target."""
    crossings: int


def arrange(arrows: nx.DiGraph, row: Mapping[str, int], width: Callable[[Place], float]) -> Arrangement:
    """Places for a graph whose arrows all go to lower rows; the same for the same graph.

    Args:
        width: of a box or a joint, the free space beside it included.
    """
    routes: dict[tuple[str, str], list[Place]] = {
        (one, other): [one, *((one, other, level) for level in range(row[one] - 1, row[other], -1)), other]
        for one, other in sorted(arrows.edges)
    }
    links = nx.Graph()
    links.add_nodes_from(sorted(row))
    for one, other in (pair for route in routes.values() for pair in pairwise(route)):
        links.add_edge(one, other, pull=PULL[isinstance(one, tuple) + isinstance(other, tuple)])
    level = {place: place[2] if isinstance(place, tuple) else row[place] for place in links}
    rows = [[place for place in links if level[place] == number] for number in range(max(level.values()) + 1)]
    tries = [_ordered(rows, links, random.Random(start)) for start in range(STARTS)]
    fewest = min(_all_crossings(one, links) for one in tries)
    placed = [_moved(one, links, width) for one in tries if _all_crossings(one, links) == fewest]
    return Arrangement(level, min(placed, key=lambda x: _bent(x, links)), routes, fewest)


def _bent(x: Mapping[Place, float], links: nx.Graph) -> float:
    return float(sum(data["pull"] * abs(x[one] - x[other]) for one, other, data in links.edges(data=True)))


def _ordered(rows: Rows, links: nx.Graph, rng: random.Random) -> Rows:
    """An order with few crossings: again and again two rows are shuffled, and the outcome is kept if it is no worse."""
    best = _settled([rng.sample(row, len(row)) for row in rows], links)
    fewest = _all_crossings(best, links)
    for _ in range(SHAKES):
        shaken = [list(row) for row in best]
        for row in rng.sample(shaken, min(2, len(shaken))):
            rng.shuffle(row)
        count = _all_crossings(_settled(shaken, links), links)
        if count <= fewest:
            best, fewest = shaken, count
    return best


def _settled(rows: Rows, links: nx.Graph) -> Rows:
    """The same rows, in each of which no exchange of two neighbours saves a crossing."""
    while any([_exchanged(rows, level, links) for level in (*range(len(rows)), *reversed(range(len(rows))))]):
        pass
    return rows


def _exchanged(rows: Rows, level: int, links: nx.Graph) -> bool:
    """Exchange neighbours in a row for as long as crossings get fewer; whether any was exchanged."""
    row = rows[level]
    ends = [_ends(row, other, links) for other in _beside(rows, level)]
    changed, better = False, True
    while better:
        better = False
        for index in range(len(row) - 1):
            left, right = row[index : index + 2]
            if sum(_crossing(one[left], one[right]) - _crossing(one[right], one[left]) for one in ends) > 0:
                row[index], row[index + 1] = right, left
                better = changed = True
    return changed


def _beside(rows: Rows, level: int) -> Rows:
    return [rows[other] for other in (level - 1, level + 1) if 0 <= other < len(rows)]


def _ends(row: Sequence[Place], other: Sequence[Place], links: nx.Graph) -> dict[Place, list[int]]:
    """Where in another row the arrows of each place of a row end."""
    position = {place: index for index, place in enumerate(other)}
    return {place: [position[near] for near in links[place] if near in position] for place in row}


def _crossing(lefts: Sequence[int], rights: Sequence[int]) -> int:
    """How many arrows of a place cross those of one to its right."""
    return sum(left > right for left in lefts for right in rights)


def _all_crossings(rows: Rows, links: nx.Graph) -> int:
    found = 0
    for lower, upper in pairwise(rows):
        ends = list(_ends(upper, lower, links).values())
        found += sum(_crossing(lefts, rights) for index, lefts in enumerate(ends) for rights in ends[index + 1 :])
    return found


def _moved(rows: Rows, links: nx.Graph, width: Callable[[Place], float]) -> dict[Place, float]:
    """Each place where its row allows it and its arrows are most upright.

    Distances count squared at first, which brings everything near, and more and more by their size alone, which
    leaves few arrows that are not upright.
    """
    x = {place: 0.0 for row in rows for place in row}
    for move in range(MOVES):
        near = 400.0 * 0.5 ** (10 * move / MOVES)
        for row in rows if move % 2 else reversed(rows):
            pulls = [
                {other: data["pull"] / (abs(x[other] - x[place]) + near) for other, data in links[place].items()}
                for place in row
            ]
            sums = [sum(pull.values()) for pull in pulls]
            wanted = [
                sum(one * x[other] for other, one in pull.items()) / total if total else x[place]
                for place, pull, total in zip(row, pulls, sums, strict=True)
            ]
            x |= zip(row, _apart(wanted, [total or 1.0 for total in sums], list(map(width, row))), strict=True)
    return x


def _apart(wanted: Sequence[float], weights: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The nearest places to those wanted, in their order and without overlap (by pooling adjacent violators)."""
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    for target, weight, offset in zip(wanted, weights, offsets, strict=True):
        block = (target - offset, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, mass, length = blocks.pop()
            total = mass + block[1]
            block = ((mean * mass + block[0] * block[1]) / total, total, length + block[2])
        blocks.append(block)
    flat = [mean for mean, _, length in blocks for _ in range(length)]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]

"""Whether a search collapses: it prefers operations that compute nothing, as DARTS is known to.

Chu et al. (Fair DARTS, 2020) and Liang et al. (DARTS+, 2019) describe how skip connections crowd out the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from nasframe.files.words import quantity
from nasframe.graph import part
from nasframe.plot.operations import Operations, Values, named

LIMIT = 0.5
RULE = (
    "A cell is called collapsed when, in the last snapshot, skip connections hold more than half of the mixing weight "
    "that zero leaves, or zero holds more than half of it all (means over the cell's edges), or when more than half "
    "of the genotype's operations are skip connections."
)


@dataclass(frozen=True)
class Shares:
    """How much the operations that compute nothing have, at each snapshot; arrays of the shape (snapshots,)."""

    skip: Values
    """Mean weight of skip connections over the edges."""
    zero: Values
    """Mean weight of zero."""
    skip_of_rest: Values
    """Of the weight that zero leaves, what skip connections hold."""
    won: Values
    """The share of the edges on which a skip connection is the strongest operation, zero aside."""


def shares(operations: Operations) -> Shares | None:
    """The shares of a cell; None where no operation is known to compute nothing."""
    skip = np.array([name in operations.skips for name in operations.names])
    zero = np.array([name in operations.zeros for name in operations.names])
    if not (skip | zero).any():
        return None
    weights = np.nan_to_num(operations.weights)
    of_skip, of_zero = (weights[..., which].sum(-1).mean(-1) for which in (skip, zero))
    rest = weights.sum(-1).mean(-1) - of_zero
    of_rest = np.divide(of_skip, rest, out=np.zeros_like(rest), where=rest > 0)
    others = weights[..., ~(skip | zero)].max(-1, initial=0.0)
    won = (weights[..., skip].max(-1, initial=0.0) > others).mean(-1)
    return Shares(of_skip, of_zero, of_rest, won)


def warnings(name: str, steps: Sequence[int], found: Shares | None, genotype: nx.DiGraph | None) -> list[str]:
    """What is to be said of a cell that collapsed; nothing of one that did not.

    Args:
        name: the cell's part.
        steps: of the snapshots.
        found: None: there are no weights, and then nothing is said: the identity is a legal answer.
        genotype: the graph of what was found; None: nothing yet.
    """
    said = []
    if found is not None and found.skip_of_rest[-1] > LIMIT:
        said.append(
            f"skip connections hold {found.skip_of_rest[-1]:.0%} of the mixing weight that zero leaves, "
            f"more than half {_since(steps, found.skip_of_rest)}"
        )
    if found is not None and found.zero[-1] > LIMIT:
        said.append(f"zero holds {found.zero[-1]:.0%} of the mixing weight, more than half {_since(steps, found.zero)}")
    if genotype is not None and found is not None:  # of a search without weights the identity is an answer like others
        chosen = [op for *_, op in part(genotype, name).edges(data="operation") if op]
        skips = sum(op in named(genotype, "skips") for op in chosen)
        if skips > LIMIT * len(chosen):
            said.append(f"{skips} of the genotype's {quantity(len(chosen), 'operation')} are skip connections")
    return said


def is_known(graph: nx.DiGraph) -> bool:
    """Whether a graph says which operations compute nothing, be it that none does; those of old run folders do not."""
    return bool({"skips", "zeros"} & graph.graph.keys())


def _since(steps: Sequence[int], values: Values) -> str:
    below = np.flatnonzero(values <= LIMIT)
    return "from the beginning" if not len(below) else f"since step {steps[below[-1] + 1]}"

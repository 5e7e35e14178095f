"""Named rules for reading a trellis' values when one path is derived from them.

Auto-DeepLab (section 3.4, Eq. 7) takes a softmax over the moves that leave each node and reads the values as
transition probabilities. A node at the border has two moves, one inside three: flat betas give 1/2 there and 1/3
here, so the most probable path of an untrained trellis stays at the finest level. That is the label bias of locally
normalised chains, and literal Eq. 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import networkx as nx

from nasframe.decode.moves import is_move, require_plain
from nasframe.errors import GraphError


def literal(trellis: nx.DiGraph) -> nx.DiGraph:
    """The trellis as it is: values are probabilities, as the paper decodes them."""
    return trellis


def unbiased(trellis: nx.DiGraph) -> nx.DiGraph:
    """A copy in which each move's value is divided by the mean of the moves that leave the same node.

    A value then says how many times more a move is wanted than by a choice without preference; with a softmax over
    n moves it is n times the probability. Flat betas give every path the same product, so what decides is what was
    learnt. It orders paths as multiplying a border's probabilities by 2/3 does, which some re-implementations do
    in the forward pass as well; here only the decoding differs, and the network that was searched is Eq. 7's.

    It is not the path distribution of the supernet, whose mixing weights are the literal ones; and the values are
    no probabilities: they may exceed 1, and only differences of ``log_probability`` mean something
    (``marginals`` divides by the partition sum).

    Raises:
        GraphError: a move carries no value, or the edges have keys.
    """
    require_plain(trellis)
    weighed = trellis.copy()
    for node in weighed:
        leaving = {after: data for after, data in weighed.adj[node].items() if is_move(data)}
        if not leaving:
            continue
        if without := [after for after, data in leaving.items() if "value" not in data]:
            raise GraphError(f"the move from {node!r} to {without[0]!r} carries no 'value' to be weighed")
        total = math.fsum(data["value"] for data in leaving.values())
        for data in leaving.values():
            data["value"] = data["value"] * len(leaving) / total if total else 0.0
    return weighed


RULES: Mapping[str, Callable[[nx.DiGraph], nx.DiGraph]] = {"literal": literal, "unbiased": unbiased}
"""The rules by their names in options."""

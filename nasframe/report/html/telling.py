"""What is told of a search at one snapshot: its best paths, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx

from nasframe.files import words
from nasframe.graph import part
from nasframe.plot.canvas import labels
from nasframe.report.html.frames import BestPath, Frames, Network, Routes

_MINUS = "−"


def sentence(frames: Frames, network: Network, index: int) -> str:
    """The state of the search at one snapshot in a sentence or two."""
    routes = network.routes[index]
    step = f"Step {frames.steps[index]:,}"
    if routes is None:
        return f"{step}: no path can be told."
    best = routes.best[0]
    gap = _gap(best)
    ahead = (
        "the only one"
        if gap == words.NOTHING
        else "tied with the next"
        if best.gap == 0
        else f"{gap} ahead of the next"
    )
    same = index
    while same and (before := network.routes[same - 1]) and before.best[0].nodes == best.nodes:
        same -= 1
    since = f", the best since step {frames.steps[same]:,}" if same < index else ""
    among = f" of {network.count:,}" if network.count else ""
    return (
        f"{step}: the best path has log-probability {fixed(best.log_probability)}, {ahead}{since}. "
        f"The choice is as open as between {math.exp(routes.entropy):,.1f}{among} equally probable paths."
    )


def rows(routes: Routes | None, names: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Of each of the best paths its nodes, log-probability, probability and gap to the next."""
    best = routes.best if routes else ()
    return [
        (
            " → ".join(names[node] for node in route.nodes),
            fixed(route.log_probability),
            f"{100 * math.exp(route.log_probability):.2f} %",
            _gap(route),
        )
        for route in best
    ]


def path_labels(graph: nx.DiGraph) -> list[str]:
    """Of the nodes of the network, in the order by which routes name them."""
    return [*labels(part(graph, "network")).values()]


def _gap(route: BestPath) -> str:
    return fixed(route.gap) if math.isfinite(route.gap) else words.NOTHING


def fixed(value: float) -> str:
    """A number with three decimals; a dash where there is none."""
    return f"{value:.3f}".replace("-", _MINUS) if math.isfinite(value) else words.NOTHING

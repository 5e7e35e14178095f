"""How much of a genotype are skip connections."""

from __future__ import annotations

from nasframe import ExperimentError, Genotype, SearchSpace
from nasframe.graph import part, parts


def check_skips(space: SearchSpace) -> None:
    """Check that a space says which of its operations are skip connections.

    Raises:
        ExperimentError: it does not.
    """
    if not space.graph().graph.get("skips"):
        raise ExperimentError(
            f"strategy.stop.when is skips, and the graph of the space {space.name!r} names no skip connections "
            "('skips'); use stop: {when: eigenvalue}, or another space"
        )


def skip_share(space: SearchSpace, genotype: Genotype) -> float:
    """The share of skip connections among a part's operations; of all parts, such as cells, the largest."""
    graph = space.graph(genotype)
    skips = graph.graph["skips"]
    chosen = [[name for *_, name in part(graph, one).edges(data="operation") if name] for one in parts(graph)]
    return max((sum(name in skips for name in names) / len(names) for names in chosen if names), default=0.0)

"""Numbers of the paper and of its official code that this build must reproduce."""

from __future__ import annotations

from collections import Counter
from functools import cache, partial

from nasframe import Task
from nasframe.plugin.golden import Golden
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, last_states, moves, states

PAPER = "Liu et al., Auto-DeepLab, CVPR 2019, table 2"
CODE = "computed from the official code"
MILLIONS = {"s": 10.15, "m": 21.62, "l": 44.42}


def parameters(size: str) -> float:
    """Trainable parameters of a published network with 19 classes."""
    import torch

    from nasframe_autodeeplab import published

    record = vars(published)[f"autodeeplab_{size}"]
    with torch.device("meta"):
        network = AutoDeepLab(AutoDeepLab.Options(**record.options)).build(record.genotype, Task(3, 19, (1025, 2049)))
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def _millions(size: str) -> float:
    return parameters(size) / 1e6


def multiply_adds(height: int, width: int) -> float:
    """Of the convolutions of Auto-DeepLab-S on one image."""
    from nasframe.cost import count
    from nasframe_autodeeplab.published import autodeeplab_s

    space = AutoDeepLab(AutoDeepLab.Options(**autodeeplab_s.options))
    return count(space, autodeeplab_s.genotype, Task(3, 19, (height, width))).macs


def supernet_millions(share: bool) -> float:
    """Weights of the paper's supernet with 19 classes, in millions."""
    import torch

    space = AutoDeepLab(AutoDeepLab.Options(share_node_weights=share))
    with torch.device("meta"):
        supernet = space.relax(Task(3, 19, (321, 321)), lambda logits: logits.softmax(-1))
    return sum(parameter.numel() for parameter in supernet.weight_parameters()) / 1e6


def paths() -> float:
    """How many paths lead through the paper's trellis."""
    graph = moves(AutoDeepLab().trellis)
    ways = Counter({ENTRY: 1})
    for node in sorted(graph, key=lambda node: graph.nodes[node]["layer"]):
        for source in graph.predecessors(node):
            ways[node] += ways[source]
    return sum(ways[node] for node in last_states(AutoDeepLab().trellis))


@cache
def _trellis_counts() -> tuple[int, int]:
    trellis = AutoDeepLab().trellis
    return len(states(trellis)), moves(trellis).number_of_edges()


GOLDEN = (
    Golden("states of the trellis, 12 layers", 45, lambda: _trellis_counts()[0], source="by hand"),
    Golden("moves of the trellis", 105, lambda: _trellis_counts()[1], source="by hand"),
    Golden("paths through the trellis", 75_025, paths, source="the 25th Fibonacci number"),
    *(
        Golden(f"parameters of {size.upper()}, millions", millions, partial(_millions, size), 0.005, PAPER)
        for size, millions in MILLIONS.items()
    ),
    Golden("parameters of S", 10_147_427, partial(parameters, "s"), source=CODE),
    Golden("multiply-adds of S, 1025x2049", 320_450_382_392, partial(multiply_adds, 1025, 2049), source=CODE),
    Golden("multiply-adds of S, 769x769", 90_768_026_168, partial(multiply_adds, 769, 769), source=CODE),
    Golden("multiply-adds of S, 513x513", 40_669_039_160, partial(multiply_adds, 513, 513), source=CODE),
    Golden("supernet, shared cell weights, millions", 48.3, partial(supernet_millions, True), 0.05, "by hand"),
    Golden("supernet, own cell weights, millions", 97.9, partial(supernet_millions, False), 0.05, "by hand"),
)
"""From the paper, from the code of its authors, and counted by hand from its figures."""

"""The graphs of the networks, by resolution: a backbone's stages, head, decoder, and what gives the labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx

from nasframe.graph import NETWORK
from nasframe_deeplab.options import AsppOptions
from nasframe_deeplab.outline import Backbone, stages


def network_graph(
    chosen: Sequence[Backbone],
    among: Sequence[Backbone],
    output_stride: int,
    head: str,
    *,
    decoder: bool,
    auxiliary: bool = False,
) -> nx.DiGraph:
    """The part ``network``, for one backbone or for several: places that they share are one node.

    Args:
        chosen: the backbones to draw: all, or a genotype's.
        among: all of the space, after the longest of which the head stands.
        head: the label of what gets the backbone's features.
        decoder: whether DeepLabv3+'s decoder follows.
        auxiliary: whether a second classifier reads what the last stage gets.
    """
    graph = nx.DiGraph()
    lines = [stages(backbone, output_stride) for backbone in chosen]
    end = max(len(stages(backbone, output_stride)) for backbone in among)
    _add(graph, "image", "stem", -1, 1, "image")
    _add(graph, "head", "head", end, output_stride, head)
    _add(graph, "logits", "head", end + 2 if decoder else end + 1, 1, "logits")
    for line in lines:
        names = []
        for rank, stage in enumerate(line):
            names.append(f"{rank}/{stage.stride}")
            _add(graph, names[-1], "state", rank, stage.stride, str(stage.stride))
            if stage.gives_low_level and decoder:
                _add(graph, "decoder", "head", end + 1, stage.stride, "decoder")
                _link(graph, names[-1], "decoder")
        for before, name in pairwise(["image", *names, "head"]):
            _link(graph, before, name)
        if auxiliary:
            _add(graph, "auxiliary", "head", end + 1, output_stride, "auxiliary logits")
            _link(graph, names[-2], "auxiliary")
    for before, name in pairwise(["head", *(["decoder"] if decoder else []), "logits"]):
        _link(graph, before, name)
    return graph


def add_aspp(graph: nx.DiGraph, options: AsppOptions, convolution: str, *, chosen: bool) -> None:
    """Add the part ``aspp``, whose operations are all fixed.

    Args:
        convolution: the name of its 3x3 operations without the rate.
        chosen: whether it is of a genotype, whose edges carry their operation.
    """
    operations = [
        "conv_1x1",
        *(f"{convolution}_rate_{rate * options.rate_factor}" for rate in options.rates),
        *(["image_pooling"] if options.image_pooling else []),
    ]
    names = ["features", *(f"b{number}" for number in range(1, len(operations) + 1)), "output"]
    kinds = ["input", *["block"] * len(operations), "output"]
    for rank, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        graph.add_node(f"aspp/{name}", part="aspp", kind=kind, layer=rank, level=0, label=name)
    for name, operation in zip(names[1:-1], operations, strict=True):
        taken = {"operation": operation} if chosen else {}
        graph.add_edge("aspp/features", f"aspp/{name}", kind="operation", operations=(operation,), **taken)
        graph.add_edge(f"aspp/{name}", "aspp/output", kind="link")


def _add(graph: nx.DiGraph, name: str, kind: str, layer: int, stride: int, label: str) -> None:
    level = stride.bit_length() - 1
    graph.add_node(f"{NETWORK}/{name}", part=NETWORK, kind=kind, layer=layer, level=level, label=label)


def _link(graph: nx.DiGraph, before: str, name: str) -> None:
    graph.add_edge(f"{NETWORK}/{before}", f"{NETWORK}/{name}", kind="link")

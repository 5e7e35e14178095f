"""The graph of GridNets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import networkx as nx

from nasframe_landmarks.drawing import IMAGE, STEM, Drawing


def gridnet_graph(grids: Iterable[tuple[int, int]], most: int) -> nx.DiGraph:
    """The grids, by streams and columns: ``down1/1`` is the first column's place in the stream of stride 1.

    Args:
        grids: numbers of streams and of columns each way.
        most: columns of the widest grid of the space, after which the columns that lead up begin.
    """
    drawing = Drawing()
    drawing.node(IMAGE, "stem", -1, 1, "image")
    drawing.node(STEM, "stem", 0, 1, "stem")
    drawing.node("logits", "head", 2 * most + 1, 1, "logits")
    drawing.link(IMAGE, STEM, "layers at one stride")
    for streams, columns in grids:
        _grid(drawing, streams, columns, most)
    return drawing.graph


def _grid(drawing: Drawing, streams: int, columns: int, most: int) -> None:
    strides = [2**stream for stream in range(streams)]
    names = [f"{way}{number}" for way in ("down", "up") for number in range(1, columns + 1)]
    layers = [*range(1, columns + 1), *range(most + 1, most + columns + 1)]
    for name, layer in zip(names, layers, strict=True):
        for stride in strides:
            drawing.node(f"{name}/{stride}", "state", layer, stride)
        for above, below in pairwise(strides):
            if name.startswith("down"):
                drawing.link(f"{name}/{above}", f"{name}/{below}", "sub-sampling")
            else:
                drawing.link(f"{name}/{below}", f"{name}/{above}", "up-sampling")
    for before, name in pairwise(names):
        for stride in strides:
            drawing.link(f"{before}/{stride}", f"{name}/{stride}", "residual unit")
    drawing.link(STEM, "down1/1", "layers at one stride")
    drawing.link(f"up{columns}/1", "logits", "layers at one stride")

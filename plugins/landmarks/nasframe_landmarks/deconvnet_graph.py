"""The graph of DeconvNets."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx

from nasframe_landmarks.deconvnet_outline import DOWN, STRIDE, UP
from nasframe_landmarks.drawing import IMAGE, Drawing


def deconvnet_graph() -> nx.DiGraph:
    """Convolutions ``down/1``, ``down/2``, ..., the bottleneck, and transposed convolutions ``up/16``, ``up/8``, ..."""
    drawing = Drawing()
    middle = len(DOWN) + 1
    down, up = [f"down/{2**stage}" for stage in range(len(DOWN))], [f"up/{2**stage}" for stage in range(len(UP))]
    drawing.node(IMAGE, "stem", 0, 1, "image")
    for stage, (before, after) in enumerate(zip(down, up, strict=True)):
        drawing.node(before, "state", stage + 1, 2**stage)
        drawing.node(after, "state", 2 * middle - stage - 1, 2**stage)
        drawing.link(before, after, "pooling indices")
    drawing.node("bottleneck", "state", middle, STRIDE)
    drawing.node("logits", "head", 2 * middle, 1, "logits")
    for before, after in pairwise([*down, "bottleneck"]):
        drawing.link(before, after, "max pooling")
    for before, after in pairwise(["bottleneck", *reversed(up)]):
        drawing.link(before, after, "unpooling")
    drawing.link(IMAGE, down[0], "layers at one stride")
    drawing.link(up[0], "logits", "layers at one stride")
    return drawing.graph

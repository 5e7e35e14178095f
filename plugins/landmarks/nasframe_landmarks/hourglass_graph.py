"""The graph of stacked hourglasses."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx

from nasframe_landmarks.drawing import IMAGE, STEM, Drawing

STRIDE = 4
"""Of what an hourglass gets and gives."""


def hourglass_graph(stacks: int, depth: int) -> nx.DiGraph:
    """Hourglass 1 gets ``in1``, goes down by ``down1/8``, ... and up by ..., ``up1/4``, and gives ``output1``."""
    drawing = Drawing()
    drawing.node(IMAGE, "stem", -1, 1, "image")
    drawing.node(STEM, "stem", 0, STRIDE, "stem")
    drawing.link(IMAGE, STEM, "pooled")
    for number in range(1, stacks + 1):
        _stack(drawing, number, depth)
    return drawing.graph


def _stack(drawing: Drawing, number: int, depth: int) -> None:
    first = 1 + (number - 1) * (2 * depth + 2)
    strides = [STRIDE * 2**level for level in range(depth + 1)]
    down = [f"in{number}", *(f"down{number}/{stride}" for stride in strides[1:])]
    up = [f"up{number}/{stride}" for stride in strides[:-1]]
    output = f"output{number}"
    for rank, (name, stride) in enumerate(zip(down, strides, strict=True)):
        drawing.node(name, "state", first + rank, stride)
    for rank, (name, stride) in enumerate(zip(up, strides, strict=False)):
        drawing.node(name, "state", first + 2 * depth - rank, stride)
        drawing.link(down[rank], name, "skip")
    for before, after in pairwise(down):
        drawing.link(before, after, "pooled")
    for before, after in pairwise([down[-1], *reversed(up)]):
        drawing.link(before, after, "enlarged")
    drawing.node(output, "head", first + 2 * depth + 1, STRIDE, "output")
    drawing.link(up[0], output, "layers at one stride")
    if number == 1:
        drawing.link(STEM, down[0], "layers at one stride")
    else:
        drawing.link(f"in{number - 1}", down[0], "skip")
        drawing.link(f"up{number - 1}/{STRIDE}", down[0], "layers at one stride")
        drawing.link(f"output{number - 1}", down[0], "output, fed back")

"""The graph of full-resolution residual networks."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from nasframe_landmarks.drawing import IMAGE, STEM, Drawing
from nasframe_landmarks.frrn_outline import STAGES
from nasframe_landmarks.options import Variant


def frrn_graph(chosen: Sequence[Variant], among: Sequence[Variant]) -> nx.DiGraph:
    """Both streams: of each unit its output, ``y1/2``, ..., and the sum at full resolution, ``z1``, ...

    Args:
        chosen: the variants to draw: all, or a genotype's.
        among: all of the space, after the longest of which the head stands.
    """
    drawing = Drawing()
    end = 1 + max(sum(stage.units for stage in STAGES[variant]) for variant in among)
    drawing.node(IMAGE, "stem", -2, 1, "image")
    drawing.node(STEM, "stem", -1, 1, "stem")
    drawing.node("z0", "state", 0, 1)
    drawing.node("head", "head", end, 1, "head")
    drawing.node("logits", "head", end + 1, 1, "logits")
    drawing.link(IMAGE, STEM, "layers at one stride")
    drawing.link(STEM, "z0", "residual stream")
    drawing.link("head", "logits", "layers at one stride")
    for variant in chosen:
        _units(drawing, variant)
    return drawing.graph


def _units(drawing: Drawing, variant: Variant) -> None:
    pooled, stride = STEM, 1
    strides = [stage.stride for stage in STAGES[variant] for _ in range(stage.units)]
    for number, wanted in enumerate(strides, start=1):
        unit = f"y{number}/{wanted}"
        drawing.node(unit, "state", number, wanted)
        drawing.node(f"z{number}", "state", number, 1)
        drawing.link(pooled, unit, "layers at one stride" if wanted == stride else "pooled or enlarged")
        drawing.link(f"z{number - 1}", unit, "residual stream, pooled in")
        drawing.link(unit, f"z{number}", "added to the residual stream")
        drawing.link(f"z{number - 1}", f"z{number}", "residual stream")
        pooled, stride = unit, wanted
    drawing.link(pooled, "head", "pooled or enlarged")
    drawing.link(f"z{len(strides)}", "head", "residual stream")

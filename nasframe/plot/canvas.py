"""Figures and their files: the same data gives the same bytes, and no figure is ever half-written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import matplotlib
import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from nasframe.files import atomic
from nasframe.plot.palette import STYLE


@contextmanager
def save_figure(path: Path, width: float, height: float, panels: tuple[int, int] = (1, 1)) -> Iterator[list[Axes]]:
    """Axes to draw on; leaving the block writes the file, whole or not at all.

    Args:
        path: its suffix is the format, ``.svg`` or ``.png``.
        width: of the figure, in inches.
        height: of the figure, in inches.
        panels: rows and columns of axes, yielded row by row.
    """
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        yield list(figure.subplots(*panels, squeeze=False).flat)
        buffer = io.BytesIO()
        kind = path.suffix[1:]
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    atomic.write_bytes(path, buffer.getbuffer())


@lru_cache(maxsize=1024)
def text_width(text: str, size: float) -> float:
    """Width in inches of a text set in ``size`` points."""
    if not text.strip():
        return 0.0
    outline = TextPath((0, 0), text, size=size, prop=FontProperties(family=STYLE["font.family"]))
    return float(outline.get_extents().width) / 72


def labels(graph: nx.DiGraph) -> dict[str, str]:
    """Of each node the short text that stands for it."""
    return {node: readable(str(data.get("label", node))) for node, data in graph.nodes(data=True)}


def readable(name: str) -> str:
    """A name for people: ``sep_3x3`` becomes ``sep 3×3``, ``val_miou`` becomes ``val mIoU``."""
    spaced = re.sub(r"(?<=\d)x(?=\d)", "×", name.replace("_", " "))
    return re.sub(r"\b([a-z]?)iou\b", r"\1IoU", spaced)

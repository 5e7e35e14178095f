"""The picture ``architecture.svg``, and the table of the layers in ``architecture.md``."""

from __future__ import annotations

import networkx as nx

from generating.drawing import draw
from generating.imports import CORE, folder_edges, folder_of
from generating.layers import FOR_PLUGINS, LAYERS
from generating.reading import about

BEGIN, END = "<!-- layers: written by docs/generate.py -->\n\n", "\n<!-- end of layers -->\n"


def arrows() -> nx.DiGraph:
    """Who imports whom, without the arrows that follow from others (the transitive reduction).

    Raises:
        ValueError: some import each other in a circle.
    """
    graph = nx.DiGraph(sorted(folder_edges(CORE)))
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"these import each other in a circle: {nx.find_cycle(graph)}")
    return nx.transitive_reduction(graph)


def picture() -> str:
    """The SVG file."""
    layers = [layer.split() for layer in LAYERS]
    graph = arrows()
    graph.add_nodes_from(name for layer in layers for name in layer)
    return draw(layers, graph, folders(), {folder_of(name) for name in FOR_PLUGINS})


def folders() -> set[str]:
    """The names in the layers that are folders."""
    return {name for layer in LAYERS for name in layer.split() if (CORE / name).is_dir()}


def table() -> str:
    """Each layer, the highest first, with what its folders and modules say of themselves."""
    rows = ["| layer | name | holds |\n| ---: | --- | --- |\n"]
    for number in range(len(LAYERS), 0, -1):
        for index, name in enumerate(sorted(LAYERS[number - 1].split())):
            module = f"{name}.__init__" if name in folders() else name
            shown = f"`{name}/`" if name in folders() else f"`{name}.py`"
            rows.append(f"| {number if index == 0 else ''} | {shown} | {about(module)} |\n")
    return "".join(rows)


def page(text: str) -> str:
    """The page with its table written anew.

    Args:
        text: the page as it is, with the two marks between which the table stands.
    """
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{table()}{END}{after}"

"""Graphs of networks by resolution: nodes with strides, joined by links that say what they carry."""

from __future__ import annotations

from typing import Literal, final

import networkx as nx

from nasframe.graph import NETWORK

IMAGE, STEM = "image", "stem"


@final
class Drawing:
    """A graph under construction, all in the part ``network``."""

    def __init__(self) -> None:
        self.graph = nx.DiGraph()

    def node(
        self, name: str, kind: Literal["stem", "state", "head"], layer: int, stride: int, label: str | None = None
    ) -> None:
        """Add a node; one that is there already stays. Args: label: None: its stride."""
        if f"{NETWORK}/{name}" not in self.graph:
            facts = {"part": NETWORK, "kind": kind, "layer": layer, "level": stride.bit_length() - 1}
            self.graph.add_node(f"{NETWORK}/{name}", **facts, label=label or str(stride))

    def link(self, before: str, name: str, label: str) -> None:
        """Join two nodes. Args: label: what is done on the way, for the legend."""
        self.graph.add_edge(f"{NETWORK}/{before}", f"{NETWORK}/{name}", kind="link", label=label)

"""The questions and the graph; what needs torch is imported where it is needed."""

from functools import cached_property

import networkx as nx
from pydantic import Field

import nasframe
from nasframe.genotype import validate

OPERATIONS = ("conv_3x3", "residual_3x3", "sep_3x3")


class UNet(nasframe.SearchSpace, nasframe.Relaxable):
    """How often the resolution is halved, what each level computes, and which levels have a skip connection.

    Only levels that the depth reaches are asked anything, so networks of different depth have different decisions.
    """

    name = "unet"
    labels = ("pixels",)

    class Options(nasframe.Options):
        depth: int = Field(default=3, ge=2)
        """How often the resolution is halved at most; a search finds from once to so often."""
        filters: int = Field(default=8, ge=1)
        """Channels at full resolution; each level below has twice as many."""

    def decide(self, choose):
        depth = choose("depth", tuple(range(1, self.options.depth + 1)))
        for level in range(depth + 1):
            choose(f"level{level}/operation", OPERATIONS)
        for level in range(depth):
            choose(f"level{level}/skip", (True, False))

    def image_sizes(self):
        return nasframe.ImageSizes(multiple=2**self.options.depth)

    def build(self, genotype, task):
        from nasframe_unet.network import Network

        validate(self, genotype)
        return Network(genotype, self.options.filters, task)

    def relax(self, task, weigh):
        from nasframe_unet.supernet import UNetSupernet

        return UNetSupernet(self, task, weigh)

    def graph(self, genotype=None):
        if genotype is None:
            return self._whole.copy()
        validate(self, genotype)
        depth, graph = genotype["depth"], self._whole.copy()
        graph.remove_nodes_from([node for node, level in graph.nodes(data="of_level") if level > depth])
        graph.remove_nodes_from([f"up{level}" for level in range(depth, self.options.depth)])
        for level in range(depth):
            if level + 1 < depth:
                graph.remove_edge(*self._turn(level + 1))
            if not genotype[f"level{level}/skip"]:
                graph.remove_edge(f"down{level}", f"up{level}")
        for level in range(depth + 1):
            before = f"levels/{level - 1}" if level else "levels/in"
            graph.edges[before, f"levels/{level}"]["operation"] = genotype[f"level{level}/operation"]
        return graph

    @cached_property
    def _whole(self):
        """Down through the levels, up again from where the way turns, and a row of what each level computes."""
        most, graph = self.options.depth, nx.DiGraph(space=self.name)

        def add(node, kind, layer, level, label, part="network", **more):
            graph.add_node(node, part=part, kind=kind, layer=layer, level=level, label=label, of_level=level, **more)

        add("image", "stem", 0, 0, "image")
        for level in range(most + 1):
            add(f"down{level}", "state", level + 1, level, str(1 << level), uses=(f"levels/{level}",))
        for level in reversed(range(most)):
            add(f"up{level}", "state", 2 * most + 1 - level, level, str(1 << level), uses=(f"levels/{level}",))
        add("head", "head", 2 * most + 2, 0, "head")
        graph.add_edges_from([("image", "down0"), ("down0", "down1"), ("up0", "head")], kind="link")
        graph.add_edge(f"down{most}", f"up{most - 1}", kind="link")  # at the lowest level the way turns anyhow
        for level in range(1, most):
            graph.add_edge(*self._turn(level), kind="move", weight=("turn", level - 1, 0))
            graph.add_edge(f"down{level}", f"down{level + 1}", kind="move", weight=("turn", level - 1, 1))
            graph.add_edge(f"up{level}", f"up{level - 1}", kind="link")
        for level in range(most):
            graph.add_edge(
                f"down{level}", f"up{level}", kind="optional", label="skip connection", weight=("skip", level, 0)
            )
        graph.add_node("levels/in", part="levels", kind="input", layer=0, level=0, label="in", of_level=0)
        for level in range(most + 1):
            before, node = list(graph)[-1], f"levels/{level}"
            graph.add_node(
                node, part="levels", kind="block", layer=level + 1, level=0, label=f"1/{1 << level}", of_level=level
            )
            graph.add_edge(before, node, kind="operation", operations=OPERATIONS, weight=("operation", level))
        return graph

    @staticmethod
    def _turn(level):
        """Where the way up begins, if this is the lowest level."""
        return f"down{level}", f"up{level - 1}"

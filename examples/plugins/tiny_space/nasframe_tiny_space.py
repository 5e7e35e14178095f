"""A chain of 3x3 convolutions at full resolution; the search decides each one's dilation rate."""

import networkx as nx

import nasframe
from nasframe.genotype import validate

RATES = {"rate 1": 1, "rate 2": 2, "rate 4": 4, "rate 8": 8}


@nasframe.hookimpl
def nasframe_components():
    return [
        nasframe.Component("space", "tiny-rates", "nasframe_tiny_space:TinyRates", "3x3 convolutions, rates searched")
    ]


class TinyRates(nasframe.SearchSpace):
    name = "tiny-rates"

    class Options(nasframe.Options):
        layers: int = 4
        """How many convolutions."""

    def decide(self, choose):
        for layer in range(self.options.layers):
            choose(f"layer{layer}", tuple(RATES))

    def build(self, genotype, task):
        from torch import nn

        validate(self, genotype)
        layers = [nn.Conv2d(task.in_channels, 12, 3, padding=1), nn.ReLU()]
        for rate in (RATES[answer] for _, answer in genotype.decisions):
            layers += [nn.Conv2d(12, 12, 3, padding=rate, dilation=rate), nn.BatchNorm2d(12), nn.ReLU()]
        return nn.Sequential(*layers, nn.Conv2d(12, task.num_classes, 1))

    def graph(self, genotype=None):
        graph = nx.DiGraph(space=self.name)
        for n in range(self.options.layers + 1):
            graph.add_node(f"n{n}", part="cell", kind="block", layer=n, level=0, label=f"n{n}")
        for n in range(self.options.layers):
            chosen = {"operation": genotype[f"layer{n}"]} if genotype else {}
            graph.add_edge(f"n{n}", f"n{n + 1}", kind="operation", operations=tuple(RATES), **chosen)
        return graph

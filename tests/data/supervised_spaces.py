"""Tiny spaces whose networks return several outputs in training, or what no network may."""

import networkx as nx
import torch
from torch import nn
from torch.nn.functional import interpolate

from nasframe import Auxiliary, ImageSizes, Outputs, Relaxable, SearchSpace
from nasframe.genotype import trace, validate
from nasframe.supernet import Supernet

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
WEIGHT = 0.4


class Space(SearchSpace):
    """One question."""

    def decide(self, choose):
        choose("activation", tuple(ACTIVATIONS))

    def graph(self, genotype=None):
        graph = nx.DiGraph(space=self.name)
        for layer, (node, kind) in enumerate((("image", "input"), ("features", "output"))):
            graph.add_node(node, part="cell", kind=kind, layer=layer, level=0, label=node)
        graph.add_edge("image", "features", kind="operation", operations=tuple(ACTIVATIONS), weight=("activation", 0))
        if genotype is not None:
            graph.edges["image", "features"]["operation"] = genotype["activation"]
        return graph


class AuxiliaryHead(nn.Conv2d, Auxiliary):
    """What training alone uses: 4 * classes weights and classes biases."""


class Headed(Space, Relaxable):
    """A network with an auxiliary head, both at half the image's size and enlarged."""

    name = "headed"

    def build(self, genotype, task):
        validate(self, genotype)
        return HeadedNetwork(task, ACTIVATIONS[genotype["activation"]]())

    def relax(self, task, weigh):
        return HeadedSupernet(self, task, weigh)


class HeadedNetwork(nn.Module):
    def __init__(self, task, activation):
        super().__init__()
        self.task = task
        self.stem = nn.Sequential(nn.Conv2d(task.in_channels, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), activation)
        self.head = nn.Conv2d(4, task.num_classes, 1)
        self.auxiliary = AuxiliaryHead(4, task.num_classes, 1)

    def forward(self, inputs):
        features = self.stem(inputs)
        main = self.fitted(self.head(features), inputs)
        if not self.training:
            return main
        return Outputs(main, ((self.fitted(self.auxiliary(features), inputs), WEIGHT),))

    def fitted(self, output, inputs):
        return interpolate(output, self.task.output_shape(1, inputs.shape[2:])[2:], mode="bilinear")


class HeadedSupernet(Supernet):
    def __init__(self, space, task, weigh):
        super().__init__()
        self.space, self.weigh = space, weigh
        self.alpha = nn.Parameter(1e-3 * torch.randn(1, len(ACTIVATIONS)))
        self.network = HeadedNetwork(task, nn.Identity())
        self.activations = nn.ModuleList(make() for make in ACTIVATIONS.values())

    def arch_parameters(self):
        return [self.alpha]

    def weighed(self, weigh):
        return {"activation": weigh(self.alpha)}

    def derive(self):
        best = tuple(ACTIVATIONS)[int(self.alpha[0].argmax())]
        return trace(self.space, lambda name, options: best)

    def forward(self, inputs):
        weights = self.weigh(self.alpha)[0]
        mixed = sum(weight * make(inputs) for weight, make in zip(weights, self.activations, strict=True))
        return self.network(mixed)


class Stacked(Space):
    """Two stacks at a quarter of the image's size, each with an output of its own; sides are multiples of 4."""

    name = "stacked"

    def image_sizes(self):
        return ImageSizes(4)

    def build(self, genotype, task):
        validate(self, genotype)
        return StackedNetwork(task, ACTIVATIONS[genotype["activation"]]())


class StackedNetwork(nn.Module):
    def __init__(self, task, activation):
        super().__init__()
        self.task = task
        self.stem = nn.Sequential(nn.Conv2d(task.in_channels, 4, 4, stride=4), activation)
        self.heads = nn.ModuleList(nn.Conv2d(4, task.num_classes, 1) for _ in range(2))
        self.back = nn.Conv2d(task.num_classes, 4, 1)

    def forward(self, inputs):
        height, width = inputs.shape[2:]
        assert not height % 4 and not width % 4, f"cannot take {height}x{width}"
        features = self.stem(inputs)
        first = self.heads[0](features)
        last = self.heads[1](features + self.back(first))
        first, last = (
            interpolate(one, self.task.output_shape(1, inputs.shape[2:])[2:], mode="bilinear") for one in (first, last)
        )
        return Outputs(last, ((first, 1.0),)) if self.training else last


class Listing(Space):
    """Its network returns a list in training, as many do."""

    name = "listing"

    def build(self, genotype, task):
        validate(self, genotype)
        return ListingNetwork(task)


class ListingNetwork(nn.Conv2d):
    def __init__(self, task):
        super().__init__(task.in_channels, task.num_classes, 1)

    def forward(self, inputs):
        main = super().forward(inputs)
        return [main, main] if self.training else main

"""Small partners for tests: a relaxable space and a trainable evaluator that run in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import ClassVar, final

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.evaluator import Batch, Candidate, Evaluation, Evaluator, Model, Split, Trainable
from nasframe.genotype import Choose, Genotype, trace, validate
from nasframe.options import Options as BaseOptions
from nasframe.outputs import main_output, total_loss
from nasframe.space import Inheriting, Relaxable, SearchSpace, Switchable, Task, Weigh
from nasframe.supernet import Supernet, SwitchableSupernet
from nasframe.training.finite import require_finite
from nasframe.training.options import TrainingOptions
from nasframe.training.sgd import Training, concluded, fit

__all__ = ["TinyEvaluator", "TinySpace", "TinySupernet", "TinySwitchable"]

OPERATIONS = ("identity", "tanh", "softplus")


def _operation(name: str) -> nn.Module:
    return {"identity": nn.Identity, "tanh": nn.Tanh, "softplus": nn.Softplus}[name]()


@final
class TinySpace(SearchSpace, Relaxable, Switchable, Inheriting):
    """A chain of 1x1 convolutions, each followed by one of three activations."""

    name: ClassVar[str] = "tiny-chain"

    class Options(BaseOptions):
        """How long the chain is."""

        layers: int = 2
        """Number of layers."""

    options: Options

    @override
    def decide(self, choose: Choose) -> None:
        for layer in range(self.options.layers):
            choose(f"layer{layer}", OPERATIONS)

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        validate(self, genotype)
        layers: list[nn.Module] = []
        for layer in range(self.options.layers):
            layers += [
                nn.Conv2d(task.in_channels, task.in_channels, 1),
                _operation(genotype[f"layer{layer}"]),
            ]
        return nn.Sequential(*layers, nn.Conv2d(task.in_channels, task.num_classes, 1))

    @override
    def relax(self, task: Task, weigh: Weigh) -> Supernet:
        return TinySupernet(self, task, weigh)

    @override
    def switchable(self, task: Task) -> SwitchableSupernet:
        return TinySwitchable(self, task)

    @override
    def inherited(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> Mapping[str, Tensor]:
        validate(self, genotype)
        assert isinstance(supernet, TinySupernet | TinySwitchable)
        layers = {f"{2 * layer}": convolution for layer, convolution in enumerate(supernet.convolutions)}
        layers[f"{2 * len(layers)}"] = supernet.head
        return {
            f"{place}.{name}": tensor.detach().clone()
            for place, layer in layers.items()
            for name, tensor in layer.state_dict().items()
        }

    @override
    def one_hot(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> nn.Module:
        assert isinstance(supernet, TinySupernet | TinySwitchable)
        if isinstance(supernet, TinySwitchable):
            supernet.switch(genotype)
            return supernet
        validate(self, genotype)
        operations = [_operation(genotype[f"layer{layer}"]) for layer in range(self.options.layers)]
        pairs = zip(supernet.convolutions, operations, strict=True)
        return nn.Sequential(*(layer for pair in pairs for layer in pair), supernet.head)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        graph = nx.DiGraph(space=self.name, skips=("identity",))
        count = self.options.layers
        for layer in range(count + 1):
            kind = "input" if layer == 0 else "output" if layer == count else "block"
            graph.add_node(f"n{layer}", part="cell", kind=kind, layer=layer, level=0, label=f"n{layer}")
        for layer in range(count):
            graph.add_edge(
                f"n{layer}",
                f"n{layer + 1}",
                kind="operation",
                operations=OPERATIONS,
                weight=("operation", layer),
            )
            if genotype is not None:
                graph.edges[f"n{layer}", f"n{layer + 1}"]["operation"] = genotype[f"layer{layer}"]
        return graph


@final
class TinySupernet(Supernet):
    """All three activations at each layer, mixed."""

    def __init__(self, space: TinySpace, task: Task, weigh: Weigh) -> None:
        super().__init__()
        self.space = space
        self.weigh = weigh
        count = space.options.layers
        self.alpha = nn.Parameter(1e-3 * torch.randn(count, len(OPERATIONS)))
        self.convolutions = nn.ModuleList(nn.Conv2d(task.in_channels, task.in_channels, 1) for _ in range(count))
        self.operations = nn.ModuleList(_operation(name) for name in OPERATIONS)
        self.head = nn.Conv2d(task.in_channels, task.num_classes, 1)

    @override
    def arch_parameters(self) -> list[nn.Parameter]:
        return [self.alpha]

    @override
    def weighed(self, weigh: Weigh) -> Mapping[str, Tensor]:
        return {"operation": weigh(self.alpha)}

    @override
    def derive(self) -> Genotype:
        answers = {f"layer{i}": OPERATIONS[int(row.argmax())] for i, row in enumerate(self.alpha)}
        return trace(self.space, lambda name, options: next(option for option in options if option == answers[name]))

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        state = inputs
        for convolution, weights in zip(self.convolutions, self.weigh(self.alpha), strict=True):
            state = convolution(state)
            state = sum((w * op(state) for w, op in zip(weights, self.operations, strict=True)), torch.zeros(()))
        output: Tensor = self.head(state)
        return output


@final
class TinySwitchable(SwitchableSupernet):
    """The chain with one activation at each layer; all genotypes share the convolutions."""

    def __init__(self, space: TinySpace, task: Task) -> None:
        super().__init__()
        self.space = space
        count = space.options.layers
        self.convolutions = nn.ModuleList(nn.Conv2d(task.in_channels, task.in_channels, 1) for _ in range(count))
        self.norm = nn.BatchNorm2d(task.in_channels)
        self.operations = [_operation(OPERATIONS[0])] * count
        self.head = nn.Conv2d(task.in_channels, task.num_classes, 1)

    @override
    def switch(self, genotype: Genotype) -> None:
        validate(self.space, genotype)
        self.operations = [_operation(genotype[f"layer{layer}"]) for layer in range(self.space.options.layers)]

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        state = inputs
        for convolution, operation in zip(self.convolutions, self.operations, strict=True):
            state = operation(convolution(state))
        output: Tensor = self.head(self.norm(state))
        return output


@final
class TinyEvaluator(Evaluator, Trainable):
    """Pixels of 3-channel noise, labelled by the sign of a smooth function of their channels."""

    name: ClassVar[str] = "tiny-pixels"

    class Options(BaseOptions):
        """How much there is."""

        images: int = 4
        """Number of images in each of the splits weights, arch and val."""
        size: int = 8
        """Height and width in pixels."""
        training: TrainingOptions = TrainingOptions(steps=6, lr=0.1)
        """The recipe."""

    options: Options

    @override
    def prepare(self) -> None:
        self.task = Task(in_channels=3, num_classes=2, size=(self.options.size, self.options.size))

    @override
    def evaluate(self, candidate: Candidate, budget: float = 1.0) -> Evaluation:
        network = candidate.build()
        training = self.training(network, budget)
        fit(training)
        return concluded(training, self.measure(network))

    @override
    def training(self, network: nn.Module, budget: float = 1.0) -> Training:
        return Training(network, self, self.options.training, self.runtime, budget)

    @override
    def batches(self, split: Split, start: int = 0) -> Iterator[Batch]:
        images = self._images(split)
        index = start
        while True:
            yield self._batch(images[2 * index % len(images)], images[(2 * index + 1) % len(images)])
            index += 1

    @override
    def epoch_steps(self, split: Split) -> int:
        return max(1, len(self._images(split)) // 2)

    @override
    def loss(self, model: Model, batch: Batch) -> Tensor:
        return total_loss(model(batch.inputs), lambda output: nn.functional.cross_entropy(output, batch.targets))

    @override
    def measure(self, model: Model) -> Evaluation:
        training = isinstance(model, nn.Module) and model.training
        if isinstance(model, nn.Module):
            model.eval()
        with torch.no_grad():
            hits = [self._hits(model, batch) for batch in islice(self.batches("val"), self.epoch_steps("val"))]
        if isinstance(model, nn.Module):
            model.train(training)
        accuracy = sum(hits) / len(hits)
        return Evaluation(accuracy, {"accuracy": accuracy})

    def _hits(self, model: Model, batch: Batch) -> float:
        """The share of pixels that are labelled right."""
        logits = main_output(model(batch.inputs))
        require_finite(logits, batch.names, model)
        return float((logits.argmax(1) == batch.targets).float().mean())

    def _images(self, split: Split) -> list[str]:
        halves: tuple[Split, ...] = ("weights", "arch") if split == "train" else (split,)
        return [f"{half}/{number}" for half in halves for number in range(self.options.images)]

    def _batch(self, *names: str) -> Batch:
        inputs, targets = [], []
        for name in names:
            split, number = name.split("/")
            rng = np.random.default_rng([self.runtime.seed, ("weights", "arch", "val").index(split), int(number)])
            pixels = rng.standard_normal((3, self.options.size, self.options.size), dtype=np.float32)
            inputs.append(torch.from_numpy(pixels))
            targets.append(torch.from_numpy((np.tanh(pixels[0]) + pixels[1] ** 2 > pixels[2]).astype(np.int64)))
        return Batch(torch.stack(inputs), torch.stack(targets), names)

"""A small space for tests whose blocks take two inputs, also the same one twice: its graph has keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

import networkx as nx
import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.genotype import Choose, Genotype, trace, validate
from nasframe.options import Options as BaseOptions
from nasframe.space import Growing, Relaxable, SearchSpace, Task, Weigh
from nasframe.supernet import Supernet

__all__ = ["TinyBlocks", "TinyBlocksSupernet"]

OPERATIONS = ("identity", "tanh", "softplus")
SIDES = ("left", "right")
INPUTS = ("h0", "h1")


def _operation(name: str) -> nn.Module:
    return {"identity": nn.Identity, "tanh": nn.Tanh, "softplus": nn.Softplus}[name]()


@final
class TinyBlocks(SearchSpace, Relaxable, Growing):
    """A cell as NASNet's: each block joins two operations on earlier states, its output all states that none took."""

    name: ClassVar[str] = "tiny-blocks"

    class Options(BaseOptions):
        """How large the cell is."""

        blocks: int = 2
        """Number of blocks."""

    options: Options

    @override
    def decide(self, choose: Choose) -> None:
        for block in range(self.options.blocks):
            for side in SIDES:
                choose(f"b{block}/{side}/input", self._before(block))
                choose(f"b{block}/{side}/operation", OPERATIONS)
            choose(f"b{block}/combine", ("add", "concat"))

    @override
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        validate(self, genotype)
        return _Cell(self, genotype, task)

    @override
    def relax(self, task: Task, weigh: Weigh) -> Supernet:
        return TinyBlocksSupernet(self, task, weigh)

    @override
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        graph = nx.MultiDiGraph(space=self.name, skips=("identity",))
        blocks = [f"b{block}" for block in range(self.options.blocks)]
        for layer, name in enumerate((*INPUTS, *blocks, "output")):
            kind = "input" if name in INPUTS else "block" if name in blocks else "output"
            graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=layer, level=0, label=name)
        for row, (before, block, side) in enumerate(self.edges()):
            data = {"kind": "operation", "operations": OPERATIONS, "weight": ("operation", row)}
            if genotype is None or genotype[f"{block}/{side}/input"] == before:
                chosen = {} if genotype is None else {"operation": genotype[f"{block}/{side}/operation"]}
                graph.add_edge(f"cell/{before}", f"cell/{block}", side, **data, **chosen)
        for block in blocks:
            ways = ("add", "concat") if genotype is None else genotype[f"{block}/combine"]
            graph.nodes[f"cell/{block}"]["combine"] = ways
        for state in (*INPUTS, *blocks) if genotype is None else self.unused(genotype):
            graph.add_edge(f"cell/{state}", "cell/output", "link", kind="link")
        return graph

    @override
    def growth(self) -> list[SearchSpace]:
        """Block by block."""
        return [*(TinyBlocks(TinyBlocks.Options(blocks=count)) for count in range(1, self.options.blocks)), self]

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """Every operation edge: where it comes from, its block and its side; in the order of the mixing weights."""
        for block in range(self.options.blocks):
            for side in SIDES:
                yield from ((before, f"b{block}", side) for before in self._before(block))

    def unused(self, genotype: Genotype) -> list[str]:
        """The states that no block takes."""
        blocks = range(self.options.blocks)
        taken = {genotype[f"b{block}/{side}/input"] for block in blocks for side in SIDES}
        return [state for state in self._before(self.options.blocks) if state not in taken]

    def _before(self, block: int) -> tuple[str, ...]:
        return (*INPUTS, *(f"b{earlier}" for earlier in range(block)))


@final
class _Cell(nn.Module):
    """The network of one genotype."""

    def __init__(self, space: TinyBlocks, genotype: Genotype, task: Task) -> None:
        super().__init__()
        self.genotype, self.count = genotype, space.options.blocks
        channels = task.in_channels
        self.output = space.unused(genotype)
        self.stems = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in INPUTS)
        joined = [2 if genotype[f"b{block}/combine"] == "concat" else 1 for block in range(self.count)]
        self.blocks = nn.ModuleList(nn.Conv2d(times * channels, channels, 1) for times in joined)
        self.head = nn.Conv2d(channels * len(self.output), task.num_classes, 1)

    @override
    def forward(self, images: Tensor) -> Tensor:
        states = {name: stem(images) for name, stem in zip(INPUTS, self.stems, strict=True)}
        for number, convolution in enumerate(self.blocks):
            name = f"b{number}"
            left, right = (
                _operation(str(self.genotype[f"{name}/{side}/operation"]))(
                    states[self.genotype[f"{name}/{side}/input"]]
                )
                for side in SIDES
            )
            adds = self.genotype[f"{name}/combine"] == "add"
            states[name] = convolution(left + right if adds else torch.cat([left, right], 1))
        logits: Tensor = self.head(torch.cat([states[name] for name in self.output], 1))
        return logits


@final
class TinyBlocksSupernet(Supernet):
    """All operations on all edges, mixed; all blocks add, and the output has them all."""

    def __init__(self, space: TinyBlocks, task: Task, weigh: Weigh) -> None:
        super().__init__()
        self.space = space
        self.weigh = weigh
        self.edges = list(space.edges())
        count, channels = space.options.blocks, task.in_channels
        self.alpha = nn.Parameter(1e-3 * torch.randn(len(self.edges), len(OPERATIONS)))
        self.operations = nn.ModuleList(_operation(name) for name in OPERATIONS)
        self.convolutions = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in range(len(INPUTS) + count))
        self.head = nn.Conv2d(channels * (len(INPUTS) + count), task.num_classes, 1)

    @override
    def arch_parameters(self) -> list[nn.Parameter]:
        return [self.alpha]

    @override
    def weighed(self, weigh: Weigh) -> Mapping[str, Tensor]:
        return {"operation": weigh(self.alpha)}

    @override
    def derive(self) -> Genotype:
        """Of each side of each block the strongest edge, with its strongest operation."""
        weights = self.mixing_weights()["operation"]
        answers: dict[str, str] = {}
        best: dict[str, float] = {}
        for (before, block, side), row in zip(self.edges, weights, strict=True):
            place = f"{block}/{side}"
            if row.max() > best.get(place, -1.0):
                best[place] = row.max()
                answers |= {f"{place}/input": before, f"{place}/operation": OPERATIONS[row.argmax()]}
        return trace(self.space, lambda name, options: next((o for o in options if o == answers.get(name)), options[0]))

    @override
    def forward(self, images: Tensor) -> Tensor:
        states = {name: stem(images) for name, stem in zip(INPUTS, self.convolutions, strict=False)}
        rows = dict(zip(self.edges, self.weigh(self.alpha), strict=True))
        for number, convolution in enumerate(self.convolutions[len(INPUTS) :]):
            block = f"b{number}"
            mixed = [
                w * op(states[before])
                for (before, into, _), weights in rows.items()
                if into == block
                for w, op in zip(weights, self.operations, strict=True)
            ]
            states[block] = convolution(torch.stack(mixed).sum(0))
        logits: Tensor = self.head(torch.cat(list(states.values()), 1))
        return logits

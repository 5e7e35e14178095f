"""The relaxed cell: each block sums the mixed operations on all states before it (DARTS, equations 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast, final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_cells.darts.banks import Bank, bank, by_edge
from nasframe_cells.darts.norms import Norms
from nasframe_cells.darts.operations import avg_pool, max_pool
from nasframe_cells.darts.options import DartsOptions
from nasframe_cells.darts.questions import relaxed_edges
from nasframe_cells.language import INPUTS, Cell

POOLS = {"max_pool_3x3": max_pool, "avg_pool_3x3": avg_pool}


@final
class Fan(nn.Module):
    """The mixed operations on the edges that leave one state.

    A pool, with the batch norm without scale and shift that follows it in the search, is the same on all edges, and is
    computed once; so is the identity.
    """

    def __init__(self, edges: int, channels: int, stride: int, options: DartsOptions) -> None:
        super().__init__()
        self.edges, self.channels, self.stride = edges, channels, stride
        self.banks, self.pools, self.norms = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        self.columns: dict[str, int] = {name: column for column, name in enumerate(options.operations)}
        for name in options.kept_operations:
            made = bank(name, edges, channels, stride, options)
            if made is not None:
                self.banks[name] = made
            elif name in POOLS:
                self.pools[name] = POOLS[name](channels, stride, nn.Identity)
                self.norms[name] = Norms(channels, options, affine=False)

    @override
    def forward(self, state: Tensor, weights: Tensor) -> Tensor:
        """(N, C, H, W), (E, K) -> (N, E, C, H', W')."""
        active = functional.relu(state)
        found: Tensor | None = None
        for name, one in self.banks.items():
            scale = weights[:, self.columns[name]].repeat_interleave(self.channels)
            term = one(active, scale)
            found = term if found is None else found + term
        total = None if found is None else by_edge(found, self.edges)
        for name, shared in self._shared(state):
            scale = weights[:, self.columns[name], None, None, None]
            values = shared().unsqueeze(1)
            total = values * scale if total is None else torch.addcmul(total, values, scale.to(values.dtype))
        assert total is not None, "there are operations beside none"
        return total

    def one(self, state: Tensor, edge: int, operation: str) -> Tensor:
        """One operation on one edge, (N, C, H, W) -> (N, C, H', W')."""
        if operation in self.banks:
            return self._bank(operation).one(functional.relu(state), edge)
        shared: Callable[[], Tensor] = dict(self._shared(state))[operation]
        return shared()

    def tensors(self, edge: int, operation: str) -> Iterator[tuple[str, Tensor]]:
        """The tensors of one operation on one edge, by their names in a derived network; none of pools and skips."""
        return self._bank(operation).tensors(edge) if operation in self.banks else iter(())

    def _bank(self, operation: str) -> Bank:
        return cast(Bank, self.banks[operation])

    def _shared(self, state: Tensor) -> Iterator[tuple[str, Callable[[], Tensor]]]:
        """By operation, what makes the one tensor that all edges have of it."""
        for name, pool in self.pools.items():
            yield name, lambda name=name, pool=pool: self.norms[name](pool(state))  # type: ignore[misc]
        if "skip" in self.columns and "skip" not in self.banks:
            yield "skip", lambda: state


@final
class MixedCell(nn.Module):
    """All cells at once, or one of them."""

    def __init__(self, channels: int, stride: int, options: DartsOptions) -> None:
        super().__init__()
        self.blocks = options.blocks
        edges = [out_edges(options.blocks, state) for state in range(len(INPUTS) + options.blocks - 1)]
        self.fans = nn.ModuleList(
            Fan(count, channels, stride if state < len(INPUTS) else 1, options) for state, count in enumerate(edges)
        )

    @override
    def forward(self, before_last: Tensor, last: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """Prepared inputs -> all blocks.

        Args:
            before_last: (N, C, H, W).
            last: (N, C, H, W).
            weights: of each state's edges, (E, K), see ``by_state``.

        Returns:
            (N, B·C, H', W').
        """
        first, second, *others = zip(self.fans, weights, strict=True)
        coming: Tensor = first[0](before_last, first[1]) + second[0](last, second[1])  # of each block, what it sums
        blocks = [coming[:, 0]]
        for fan, mixing in others:
            coming = coming[:, 1:] + fan(blocks[-1], mixing)
            blocks.append(coming[:, 0])
        return torch.cat(blocks, dim=1)

    def one(self, before_last: Tensor, last: Tensor, cell: Cell) -> Tensor:
        """Prepared inputs (N, C, H, W) twice -> (N, B·C, H', W') of one cell."""
        states = [before_last, last]
        for state, block in enumerate(cell.blocks, start=len(INPUTS)):
            left, right = (
                self.fan(edge.input).one(states[edge.input], edge_number(edge.input, state), edge.operation)
                for edge in block.edges
            )
            states.append(left + right)
        return torch.cat(states[len(INPUTS) :], dim=1)

    def fan(self, state: int) -> Fan:
        """The edges that leave a state."""
        return cast(Fan, self.fans[state])


def out_edges(blocks: int, state: int) -> int:
    """How many edges leave a state: one to each later block."""
    return blocks - max(0, state - len(INPUTS) + 1)


def edge_number(state: int, block: int) -> int:
    """Which of the edges that leave a state enters a block, itself given as a state."""
    return block - max(state + 1, len(INPUTS))


def by_state(blocks: int) -> list[list[int]]:
    """For each state but the last, the rows of alphas of the edges that leave it."""
    edges = relaxed_edges(blocks)
    return [
        [row for row, edge in enumerate(edges) if edge.source == state] for state in range(len(INPUTS) + blocks - 1)
    ]

"""How much memory a network takes on a CPU, in inference and in training, found with fake tensors: no memory is used.

Fake tensors have shapes and a device but no data, so the operations that are counted are those that the device would
do, a plug-in's own kernels among them. Every tensor that one makes is counted until nothing refers to it any more, as
an allocator would; what the kernels use besides (workspaces, fragmentation, the framework itself) is not.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from nasframe.outputs import total_loss


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    weights: int
    """Of parameters and buffers."""
    inference: int
    """Peak of a forward pass without gradients, weights included."""
    activations: int
    """What a forward pass in training keeps for the backward pass."""
    training: int
    """Peak of a step of SGD with momentum: weights, gradients, momentum, activations, what is computed with."""


def memory(
    build: Callable[[], nn.Module], inputs: tuple[int, ...], loss: Callable[[Tensor], Tensor] | None = None
) -> Memory:
    """The memory of a network or a supernet.

    Args:
        build: makes it; called for fake tensors.
        inputs: their shape, (N, C, H, W).
        loss: of one output; None: mean cross-entropy of every pixel. Of several outputs it is the weighted sum.

    Raises:
        RunError: the network returns neither a tensor nor ``Outputs``.
    """
    with FakeTensorMode(), torch.device("cpu"):
        network = build()
        weights = sum(_size(tensor) for tensor in (*network.parameters(), *network.buffers()))
        with torch.no_grad(), Live() as plain:
            network.eval()(torch.empty(inputs))
        with Live() as live:
            found = network.train()(torch.empty(inputs))
            kept = live.now
            lost = total_loss(found, loss or _cross_entropy)
            if lost.requires_grad:  # not so where nothing has weights
                lost.backward()  # type: ignore[no-untyped-call]
    sizes = [_size(tensor) for tensor in network.parameters() if tensor.requires_grad]
    learned = sum(sizes)
    # The peak is in the backward pass or, for a network of many weights and few pixels, in the update after it, which
    # computes with one parameter at a time.
    step = max(live.peak, learned + max(sizes, default=0))
    return Memory(weights, weights + plain.peak, kept, weights + learned + step)


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that operations have made and that are still alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.peak = 0
        self._known: set[int] = set()

    @override
    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in given:
                self._note(tensor)
        return out

    def _note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def _cross_entropy(logits: Tensor) -> Tensor:
    targets = torch.zeros((logits.shape[0], *logits.shape[2:]), dtype=torch.int64, device=logits.device)
    return nn.functional.cross_entropy(logits, targets)


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()

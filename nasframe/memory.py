"""How much memory a network takes, in inference and in training, found on the meta device: no memory is used.

Every tensor that an operation makes is counted until nothing refers to it any more, as an allocator would; what the
kernels use besides (workspaces, fragmentation, the framework itself) is not.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten


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
        build: makes it; called on the meta device.
        inputs: their shape, (N, C, H, W).
        loss: of the logits; None: mean cross-entropy of every pixel.
    """
    with torch.device("meta"):
        network = build()
        weights = sum(_size(tensor) for tensor in (*network.parameters(), *network.buffers()))
        with torch.no_grad(), Imagined() as plain:
            network.eval()(torch.empty(inputs))
        with Imagined() as live:
            logits = network.train()(torch.empty(inputs))
            kept = live.now
            (loss or _cross_entropy)(logits).backward()  # type: ignore[no-untyped-call]
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

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        given = _storages((args, kwargs))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in given:
                self.note(tensor)
        return out

    @final
    def note(self, tensor: Tensor) -> None:
        """Count a tensor's storage until it goes."""
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


class Imagined(Live):  # type: ignore[no-untyped-call]
    """``Live`` for the meta device: what an operation made once of such tensors is not worked out again.

    For a supernet, whose tens of thousands of calls are mostly alike, that is ten times as fast.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[Any, tuple[list[tuple[Any, Any, dict[str, Any]] | None], Any]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if _aliases(func):
            return super().__torch_dispatch__(func, types, args, kwargs)
        key = (func, _described(args), _described(kwargs))
        if key not in self._made:
            out = super().__torch_dispatch__(func, types, args, kwargs)
            leaves, structure = tree_flatten(out)
            if all(leaf is None or isinstance(leaf, Tensor) for leaf in leaves) and _all_new(leaves, (args, kwargs)):
                self._made[key] = ([None if leaf is None else _form(leaf) for leaf in leaves], structure)
            return out
        forms, structure = self._made[key]
        made = [None if form is None else torch.empty_strided(form[0], form[1], **form[2]) for form in forms]
        for tensor in made:
            if tensor is not None:
                self.note(tensor)
        return tree_unflatten(made, structure)


@cache
def _aliases(func: Any) -> bool:
    """Whether an operation writes to a tensor or returns a view of one."""
    schema = func._schema
    return any(one.alias_info is not None for one in (*schema.arguments, *schema.returns))


def _described(value: Any) -> Any:
    """All of an argument that the form of a result may depend on, to be looked up."""
    if isinstance(value, Tensor):
        return (value.shape, value.stride(), value.dtype, value.device)
    if isinstance(value, Mapping):
        return tuple((name, _described(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_described, value))
    return (type(value), value)


def _form(tensor: Tensor) -> tuple[Any, Any, dict[str, Any]]:
    return tensor.shape, tensor.stride(), {"dtype": tensor.dtype, "device": tensor.device}


def _storages(tree: Any) -> set[int]:
    return {leaf.untyped_storage()._cdata for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)}


def _all_new(leaves: list[Any], given: Any) -> bool:
    """Whether each tensor has a storage of its own, which no given one has."""
    found = _storages(leaves)
    return len(found) == sum(leaf is not None for leaf in leaves) and not found & _storages(given)


def _cross_entropy(logits: Tensor) -> Tensor:
    targets = torch.zeros((logits.shape[0], *logits.shape[2:]), dtype=torch.int64, device=logits.device)
    return nn.functional.cross_entropy(logits, targets)


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()

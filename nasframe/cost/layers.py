"""What each layer of a network costs, by two conventions of counting, on the meta device.

``conv_linear``: multiply-adds of convolutions and linear layers, nothing else: what papers mostly mean, and what
``nasframe.cost.counting`` counts. ``all_ops``: besides these, one operation for each output element of a batch norm, an
activation, a sum or any other element-wise operation, and of a bias; for each of a pooling as many as its window has
pixels; for each of a bilinear resizing four; for a mean over the image one for each input element; for other products
of matrices their multiply-adds. Copying, cutting, padding and joining are free in both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from typing_extensions import override

Convention = Literal["conv_linear", "all_ops"]
PER_OUTPUT = {"upsample_bilinear2d": 4, "_softmax": 3, "_log_softmax": 3}
"""Operations for each output element, where it is not one."""
REDUCTIONS = ("mean", "sum", "amax", "cumsum", "_adaptive_avg_pool2d")


@dataclass(frozen=True)
class LayerCost:
    """One module of a network, with all that is inside it where the table goes no deeper."""

    name: str
    kind: str
    """Its class."""
    params: int
    """Trainable parameters."""
    conv_linear: int
    all_ops: int
    activations: int
    """Bytes of all tensors that its operations make in one forward pass."""


def layer_costs(network: nn.Module, shape: tuple[int, ...], depth: int | None = None) -> list[LayerCost]:
    """The layers in the order in which they are first used; what no layer does stands under the empty name.

    Args:
        network: on the meta device.
        shape: of the input.
        depth: how many parts the names have at most; None: down to the innermost modules.
    """
    kinds = {name: type(module).__name__ for name, module in network.named_modules()}
    counter = _Counter()
    with _told(network, counter), torch.no_grad(), torch.device("meta"), counter:
        network.eval()(torch.empty(shape))
    own = {
        name: sum(p.numel() for p in module.parameters(recurse=False) if p.requires_grad)
        for name, module in network.named_modules()
    }
    rows: dict[str, list[int]] = {}
    for name in (*counter.found, *(name for name, params in own.items() if params)):
        rows.setdefault(_cut(name, depth), [0, 0, 0, 0])
    for name, params in own.items():
        if params:
            rows[_cut(name, depth)][0] += params
    for name, amounts in counter.found.items():
        row = rows[_cut(name, depth)]
        row[1:] = [total + amount for total, amount in zip(row[1:], amounts, strict=True)]
    return [LayerCost(name, kinds.get(name, ""), *amounts) for name, amounts in rows.items() if any(amounts)]


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes for each module what the operations cost that run in it and in no module inside it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.modules: list[tuple[str, nn.Module]] = []
        self.found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    @override
    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name, module = self.modules[-1] if self.modules else ("", None)
        amounts = self.found[name]
        products = _multiply_adds(func, args, dict(kwargs or {}), out)
        if "convolution" in str(func) or isinstance(module, nn.Linear):
            amounts[0] += products
        amounts[1] += products or _operations(func, args, out)
        if products and _has_bias(func, args):
            amounts[1] += _first(out).numel()
        if not _is_free(func):
            amounts[2] += sum(tensor.numel() * tensor.element_size() for tensor in _tensors(out))
        return out


@contextmanager
def _told(network: nn.Module, counter: _Counter) -> Iterator[None]:
    """The counter follows which modules the forward pass is in."""
    hooks = []
    for name, module in network.named_modules():

        def enter(module: nn.Module, inputs: Any, name: str = name) -> None:
            counter.modules.append((name, module))

        def leave(module: nn.Module, inputs: Any, output: Any) -> None:
            counter.modules.pop()

        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _multiply_adds(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> int:
    """Of convolutions and products of matrices; 0 of anything else."""
    count = flop_registry.get(func.overloadpacket)
    return int(count(*args, **kwargs, out_val=out)) // 2 if count else 0


def _operations(func: Any, args: tuple[Any, ...], out: Any) -> int:
    """By the convention ``all_ops``, of what is no product."""
    name = func.overloadpacket.__name__
    if _is_free(func) or not _tensors(out):
        return 0
    if "pool2d" in name and name not in REDUCTIONS:
        window = args[1] if isinstance(args[1], list | tuple) else [args[1]]
        return _first(out).numel() * math.prod(window) ** (2 if len(window) == 1 else 1)
    if name in REDUCTIONS:
        return int(args[0].numel())
    return _first(out).numel() * PER_OUTPUT.get(name, 1)


def _is_free(func: Any) -> bool:
    """Whether an operation computes nothing: views, copies, new tensors, places."""
    name = func.overloadpacket.__name__
    if name in ("clone", "copy_"):
        return True
    if name in PER_OUTPUT or name in REDUCTIONS or "pool2d" in name or "norm" in name:
        return False
    counted: bool = torch.Tag.pointwise in func.tags or func.overloadpacket in flop_registry
    return not counted


def _has_bias(func: Any, args: tuple[Any, ...]) -> bool:
    if "convolution" in str(func):
        return len(args) > 2 and args[2] is not None
    return bool(func.overloadpacket.__name__ == "addmm")


def _tensors(out: Any) -> list[Tensor]:
    return [value for value in (out if isinstance(out, list | tuple) else [out]) if isinstance(value, Tensor)]


def _first(out: Any) -> Tensor:
    return _tensors(out)[0]


def _cut(name: str, depth: int | None) -> str:
    return name if depth is None else ".".join(name.split(".")[:depth])

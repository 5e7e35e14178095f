"""What each layer of a network costs, by two conventions of counting, on the meta device.

``conv_linear``: multiply-adds of convolutions and linear layers, nothing else: what papers mostly mean, and what
``nasframe.cost.counting`` sums. ``all_ops``: besides these, one operation for each output element of a batch norm, an
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
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from typing_extensions import override

from nasframe.outputs import auxiliary_names

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


def layer_costs(
    network: nn.Module, *shapes: tuple[int, ...], depth: int | None = None, auxiliary: bool = False
) -> list[LayerCost]:
    """The layers in the order in which they are first used; what no layer does stands under the empty name.

    Args:
        network: on the meta device.
        shapes: of its inputs.
        depth: how many parts the names have at most; None: down to the innermost modules.
        auxiliary: whether the parameters of ``Auxiliary`` submodules count; their operations never do, for a prediction
            does without them.
    """
    counter = _Counter()
    with _follow(network, counter), torch.no_grad(), torch.device("meta"), counter:
        network.eval()(*(torch.empty(shape) for shape in shapes))
    kinds = {name: type(module).__name__ for name, module in network.named_modules()}
    params = _own_parameters(network, auxiliary=auxiliary)
    rows: dict[str, list[int]] = {}
    for name in (*counter.found, *params):
        row = rows.setdefault(_cut(name, depth), [0, 0, 0, 0])
        amounts = (params.pop(name, 0), *counter.found.pop(name, (0, 0, 0)))
        row[:] = [total + amount for total, amount in zip(row, amounts, strict=True)]
    return [LayerCost(name, kinds.get(name, ""), *amounts) for name, amounts in rows.items() if any(amounts)]


def _own_parameters(network: nn.Module, *, auxiliary: bool) -> dict[str, int]:
    """How many trainable parameters each module has itself; those of two modules are the first's."""
    left_out = () if auxiliary else tuple(f"{name}." for name in auxiliary_names(network))
    own: dict[str, int] = defaultdict(int)
    known: set[int] = set()
    for name, parameter in network.named_parameters(remove_duplicate=False):
        if parameter.requires_grad and id(parameter) not in known and not name.startswith(left_out):
            known.add(id(parameter))
            own[name.rpartition(".")[0]] += parameter.numel()
    return own


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes for each module what the operations cost that run in it and in no module inside it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inside = [""]
        self.found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, name: str) -> None:
        """The operations that follow are this module's."""
        self.inside.append(name)

    def leave(self, module: nn.Module, output: Any) -> None:
        """The operations that follow are again those of the module around this one."""
        name = self.inside.pop()
        if isinstance(module, nn.Linear):
            # Here and not by its product, which cannot be told from products of matrices that do not count.
            self.found[name][0] += output.numel() * module.in_features

    @override
    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if torch.is_inference_mode_enabled():
            # Only here do operations arrive that are made of others, a convolution among them.
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = func(*args, **kwargs)
        self._note(_operation(func), args, kwargs, out)
        return out

    def _note(self, operation: _Operation, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        amounts = self.found[self.inside[-1]]
        products = _multiply_adds(operation, args, kwargs, out)
        if operation.is_convolution:
            amounts[0] += products
        amounts[1] += products or _operations(operation, args, out)
        if products and _has_bias(operation, args):
            amounts[1] += _first(out).numel()
        if not operation.is_free:
            amounts[2] += sum(tensor.numel() * tensor.element_size() for tensor in _tensors(out))


@contextmanager
def _follow(network: nn.Module, counter: _Counter) -> Iterator[None]:
    """The counter follows which module the forward pass is in."""
    hooks = []
    for name, module in network.named_modules():

        def enter(module: nn.Module, inputs: Any, name: str = name) -> None:
            counter.enter(name)

        def leave(module: nn.Module, inputs: Any, output: Any) -> None:
            counter.leave(module, output)

        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class _Operation:
    """What is known of an operation of torch without its arguments."""

    name: str
    flops: Any
    """The function that counts two for each multiply-add; None: it multiplies no matrices."""
    is_convolution: bool
    is_free: bool
    """It computes nothing: a view, a copy, a new tensor, places."""


@cache
def _operation(func: Any) -> _Operation:
    name = func.overloadpacket.__name__
    flops = flop_registry.get(func.overloadpacket)
    computes = name in PER_OUTPUT or name in REDUCTIONS or "pool2d" in name or "norm" in name
    is_free = name in ("clone", "copy_") or not (computes or torch.Tag.pointwise in func.tags or flops)
    return _Operation(name, flops, "convolution" in name, is_free)


def _multiply_adds(operation: _Operation, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> int:
    """Of convolutions and products of matrices; 0 of anything else."""
    return int(operation.flops(*args, **kwargs, out_val=out)) // 2 if operation.flops else 0


def _operations(operation: _Operation, args: tuple[Any, ...], out: Any) -> int:
    """By the convention ``all_ops``, of what is no product."""
    name = operation.name
    if operation.is_free or not _tensors(out):
        return 0
    if "pool2d" in name and name not in REDUCTIONS:
        window = args[1] if isinstance(args[1], list | tuple) else [args[1]]
        return _first(out).numel() * math.prod(window) ** (2 if len(window) == 1 else 1)
    if name in REDUCTIONS:
        return int(args[0].numel())
    return _first(out).numel() * PER_OUTPUT.get(name, 1)


def _has_bias(operation: _Operation, args: tuple[Any, ...]) -> bool:
    if operation.is_convolution:
        return len(args) > 2 and args[2] is not None
    return operation.name == "addmm"


def _tensors(out: Any) -> list[Tensor]:
    return [value for value in (out if isinstance(out, list | tuple) else [out]) if isinstance(value, Tensor)]


def _first(out: Any) -> Tensor:
    return _tensors(out)[0]


def _cut(name: str, depth: int | None) -> str:
    return name if depth is None else ".".join(name.split(".")[:depth])

"""The state of a stacked supernet as that of a plain one, and back: the same numbers under other names."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nasframe_autodeeplab.stacked.stacking import Origin, origins
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet

State = dict[str, Tensor]


def to_plain(supernet: AutoDeepLabSupernet, state: Mapping[str, Tensor]) -> State:
    """The state of ``supernet``, which is stacked, for a supernet with ``implementation: plain``."""
    stacked = _origins(supernet)
    plain: State = {}
    for name, tensor in state.items():
        if name not in stacked:
            plain[name] = tensor
            continue
        origin = stacked[name]
        plain |= zip(origin.names, tensor.flatten(0, origin.axes - 1).unbind(), strict=True)
    counters = [name.removesuffix("running_mean") for name in plain if name.endswith("running_mean")]
    return {f"{name}num_batches_tracked": torch.tensor(0) for name in counters} | plain


def from_plain(supernet: AutoDeepLabSupernet, state: Mapping[str, Tensor]) -> State:
    """The state of a supernet with ``implementation: plain`` for ``supernet``, which is stacked."""
    stacked = _origins(supernet)
    converted: State = {}
    for name, own in supernet.state_dict().items():
        if name in stacked:
            converted[name] = torch.stack([state[plain] for plain in stacked[name].names]).view(own.shape)
        else:
            converted[name] = state[name]
    return converted


def _origins(supernet: AutoDeepLabSupernet) -> dict[str, Origin]:
    """By the names in the supernet's state, with the whole names of the plain tensors."""
    return {
        f"nodes.{state}.{name}": Origin(tuple(f"nodes.{state}.{plain}" for plain in origin.names), origin.axes)
        for state, node in supernet.nodes.items()
        for name, origin in origins(node).items()
    }

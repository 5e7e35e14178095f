"""The tensors of logits of a supernet: which stands behind which array of mixing weights, and new values for them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from nasframe import CapabilityError
from nasframe.supernet import Supernet


def logits_by_name(supernet: Supernet, asking: str) -> dict[str, nn.Parameter]:
    """The tensors of logits, by the names of the mixing weights.

    Args:
        asking: who needs them, for the message.

    Raises:
        CapabilityError: the mixing weights are not those of one tensor of logits each.
    """
    arrays = supernet.mixing_weights()
    logits = dict(zip(arrays, supernet.arch_parameters(), strict=False))
    shapes = {name: array.shape for name, array in arrays.items()}
    told = {name: tuple(tensor.shape) for name, tensor in logits.items()}
    if shapes != told or len(shapes) != len(supernet.arch_parameters()):
        raise CapabilityError(
            f"{asking} sets each array of mixing weights by a tensor of logits of its shape; this supernet has "
            f"arrays {shapes} and logits {[tuple(one.shape) for one in supernet.arch_parameters()]}"
        )
    return logits


@torch.no_grad()
def set_to(parameters: Iterable[nn.Parameter], values: Iterable[Tensor]) -> None:
    """Write these values into the parameters."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)

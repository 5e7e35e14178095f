"""What a network returns: one tensor, or in training a main output and weighted extra ones.

In eval mode every network returns one tensor. In training mode it may return ``Outputs`` instead: auxiliary heads, or
every stack of a stacked hourglass. An evaluator writes its criterion for one output; ``total_loss`` applies it to all.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from nasframe.errors import RunError

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Auxiliary", "Outputs", "auxiliary_names", "main_output", "total_loss"]

EXPECTED = (
    "a tensor, or in training mode nasframe.Outputs(main, extra) with pairs of an output and its weight in the loss"
)


class Outputs(NamedTuple):
    """What a network may return in training mode: several outputs, each of the shape of the task's output.

    The network enlarges an output that it predicts at a lower resolution, as it does with its main one: so one
    criterion serves all of them, and what it takes is counted as the network's.
    """

    main: Tensor
    """What it returns in eval mode; its weight in the loss is 1."""
    extra: tuple[tuple[Tensor, float], ...]
    """Further outputs, each of the shape of ``main``, with their weights in the loss."""


class Auxiliary(ABC):  # noqa: B024  it says something of a module, and asks for no method
    """A submodule that a network uses in training mode alone, such as an auxiliary head.

    Mark it by a second base: ``class Head(nn.Module, Auxiliary)``. What it holds is trained and saved like all
    else, but its parameters do not count as the network's unless asked for, and exported networks leave it out. It is
    an attribute of a module that does not call it in eval mode.
    """


def auxiliary_names(network: nn.Module) -> list[str]:
    """The names of a network's ``Auxiliary`` submodules, without those inside another one."""
    names: list[str] = []
    for name, module in network.named_modules():
        if isinstance(module, Auxiliary) and not name.startswith(tuple(f"{outer}." for outer in names)):
            names.append(name)
    return names


def main_output(found: Tensor | Outputs) -> Tensor:
    """The main one of what a network has returned.

    Raises:
        RunError: it has returned something else than a tensor or ``Outputs``.
    """
    from torch import Tensor

    main = found.main if isinstance(found, Outputs) else found
    if isinstance(main, Tensor):
        return main
    raise RunError(f"the network returned {described(found)}; expected {EXPECTED}")


def total_loss(found: Tensor | Outputs, criterion: Callable[[Tensor], Tensor]) -> Tensor:
    """The loss of all that a network has returned: that of the main output, plus each extra one's times its weight.

    Args:
        found: what the network returned.
        criterion: an output -> its loss, a scalar on the graph.

    Raises:
        RunError: the network has returned something else than a tensor or ``Outputs``.
    """
    loss = criterion(main_output(found))
    for output, weight in found.extra if isinstance(found, Outputs) else ():
        loss = loss + weight * criterion(output)
    return loss


def described(found: object) -> str:
    """What a network returned, in words: ``a tensor of (2, 5, 8, 8)``, ``a dict of main and aux``."""
    from torch import Tensor

    if isinstance(found, Tensor):
        return f"a tensor of {tuple(found.shape)}"
    if isinstance(found, dict):
        return f"a dict of {', '.join(map(str, found))}"
    if isinstance(found, Outputs):
        return "nasframe.Outputs"
    if isinstance(found, list | tuple):
        return f"a {type(found).__name__} of {len(found)}: {', '.join(map(described, found))}"
    return f"a value of the type {type(found).__name__}"

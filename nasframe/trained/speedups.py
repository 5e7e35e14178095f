"""Faster forms of a trained network: the same function, but for the rounding of its sums."""

from __future__ import annotations

import copy
import os
import shlex
import shutil
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast, final

from nasframe.errors import NasframeError

if TYPE_CHECKING:
    from torch import Tensor, nn

COMPILERS = {"darwin": "clang++", "win32": "cl"}
"""That torch calls where ``CXX`` names none; elsewhere g++."""


@final
@dataclass(frozen=True)
class Speedups:
    """Which of them are wanted; they go together."""

    fold_batch_norm: bool = False
    """Batch norms that follow a convolution become part of it, see ``folding``."""
    channels_last: bool = False
    """The channels of a pixel lie side by side in memory, which many convolutions read faster."""
    compile: bool = False
    """``torch.compile``: seconds to minutes at the first input, and again when sizes change."""

    @property
    def names(self) -> list[str]:
        """Those that are wanted, in words."""
        return [field.name.replace("_", " ") for field in fields(self) if getattr(self, field.name)]

    def require(self) -> None:
        """See that there is what they need.

        Raises:
            NasframeError: compiling is wanted, and there is no compiler.
        """
        wanted = os.environ.get("CXX") or COMPILERS.get(sys.platform, "g++")
        if self.compile and shutil.which(shlex.split(wanted)[0]) is None:
            raise NasframeError(
                f"torch.compile calls the C++ compiler {wanted!r}, which is not there; install one, name one by the "
                "environment variable CXX, or leave --compile out"
            )

    def applied(self, network: nn.Module, backend: str = "inductor") -> nn.Module:
        """A copy of a network in eval mode; the network itself if nothing is wanted.

        Args:
            backend: of ``torch.compile``.
        """
        import torch

        from nasframe.trained.folding import fold_batch_norm

        if not self.names:
            return network
        faster = fold_batch_norm(network).network if self.fold_batch_norm else copy.deepcopy(network).eval()
        if self.channels_last:
            faster = faster.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            faster.register_forward_pre_hook(_channels_last)
        if self.compile:
            return cast("nn.Module", torch.compile(faster, backend=backend))
        return faster


def _channels_last(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a module is called with, its pictures with their channels last."""
    import torch

    def converted(tensor: Tensor) -> Tensor:
        return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor

    return tuple(converted(given) for given in inputs)

"""How exactly numbers are computed: the type inside autocast, and the loss scaling that goes with it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import torch
import torch.utils.deterministic

from nasframe.evaluator import Runtime

if TYPE_CHECKING:
    pass

__all__ = ["autocast", "grad_scaler"]

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def autocast(runtime: Runtime) -> AbstractContextManager[object]:
    """The context in which forward passes and losses are computed; float32: no context."""
    if runtime.precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(runtime.device).type, dtype=DTYPES[runtime.precision])


def grad_scaler(runtime: Runtime) -> torch.amp.GradScaler:
    """The loss scaler that float16 needs; in other precisions it does nothing."""
    return torch.amp.GradScaler(torch.device(runtime.device).type, enabled=runtime.precision == "float16")

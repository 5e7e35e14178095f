"""Starting a training from weights in a file, as far as they match, and saying what did not."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasframe.errors import RunError, RunFolderError
from nasframe.runfolder import checkpoint

SHOWN = 5
SHOWN_MISFITS = 8


@dataclass(frozen=True)
class Start:
    """What of a file's tensors a network took over."""

    file: Path
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    """In the network, but not in the file: these start as they were initialised."""
    unknown: tuple[str, ...]
    """In the file, but not in the network."""
    other_shape: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    """In both, but with another shape (the file's, the network's); as if missing."""

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        shapes = {name: [list(found), list(wanted)] for name, (found, wanted) in self.other_shape.items()}
        names = {"matched": self.matched, "missing": self.missing, "unknown": self.unknown}
        return {"file": str(self.file), **{key: list(value) for key, value in names.items()}, "other_shape": shapes}

    def lines(self) -> list[str]:
        """Sentences for people."""
        total = len(self.matched) + len(self.missing) + len(self.other_shape)
        lines = [f"{self.file}: {len(self.matched)} of the network's {total} tensors start from it"]
        if self.missing:
            lines.append(f"  {len(self.missing)} are missing in it: {_some(self.missing)}")
        if self.other_shape:
            shapes = [f"{name} ({_size(a)}, not {_size(b)})" for name, (a, b) in self.other_shape.items()]
            lines.append(f"  {len(shapes)} have another shape there: {_some(shapes)}")
        if self.unknown:
            lines.append(f"  {len(self.unknown)} of its tensors have no place in the network: {_some(self.unknown)}")
        return lines


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name; of a checkpoint of a retraining, those of the network.

    Raises:
        RunFolderError: it is neither.
    """
    state = checkpoint.read_state(path)
    if state is None:
        return read_weights(path)
    network = state.get("network")
    if isinstance(network, dict):
        return network
    raise RunFolderError(f"{path} is a checkpoint without a network; give one of a retraining, or a file of weights")


def start_from(network: nn.Module, path: Path) -> Start:
    """Copy the tensors that match by name and shape into the network.

    Raises:
        RunFolderError: the file cannot be read as weights.
        RunError: none matches.
    """
    found, wanted = read_tensors(path), network.state_dict()
    common = [name for name in wanted if name in found]
    matched = tuple(name for name in common if found[name].shape == wanted[name].shape)
    shapes = {name: (tuple(found[name].shape), tuple(wanted[name].shape)) for name in common if name not in matched}
    missing = tuple(name for name in wanted if name not in found)
    start = Start(path, matched, missing, tuple(name for name in found if name not in wanted), shapes)
    if not any(wanted[name].is_floating_point() for name in matched):
        raise RunError(
            "no weight of the file matches the network's by name and shape, so nothing would start from it:\n"
            + "\n".join(start.lines())
        )
    with torch.no_grad():
        for name in matched:
            wanted[name].copy_(found[name])
    return start


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU.

    Raises:
        RunFolderError: it cannot be read or holds something else.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunFolderError(
            f"{path} cannot be read as weights ({reason}); expected tensors by name, as retraining writes them to "
            "retrain/weights.pt (a file in checkpoints/ is none)"
        ) from error
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise RunFolderError(f"{path} holds a {type(weights).__name__}; expected tensors by name: a state_dict")
    return dict(weights)


def misfit(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """How tensors differ from the wanted ones in names or shapes; empty: not at all."""
    shapes = [
        f"{name} ({_shape(found[name])} instead of {_shape(tensor)})"
        for name, tensor in wanted.items()
        if name in found and found[name].shape != tensor.shape
    ]
    lists = {
        "missing": [name for name in wanted if name not in found],
        "unknown": [name for name in found if name not in wanted],
        "of another shape": shapes,
    }
    return "; ".join(f"{len(names)} {what}: {_listed(names)}" for what, names in lists.items() if names)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_MISFITS]) + (
        f" and {len(names) - SHOWN_MISFITS} more" if len(names) > SHOWN_MISFITS else ""
    )

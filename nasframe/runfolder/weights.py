"""Files of weights: read, compared with a network, and taken over as far as they match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, final

import torch
from torch import Tensor, nn

from nasframe.errors import FileError, RunError, listed
from nasframe.files.words import quantity
from nasframe.runfolder import checkpoint, torch_file


@final
@dataclass(frozen=True)
class Match:
    """How the tensors of a file fit those of a network: by name and shape."""

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    """In the network, but not in the file."""
    unknown: tuple[str, ...]
    """In the file, but not in the network."""
    other_shape: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    """In both, but with another shape: the file's, the network's."""

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        shapes = {name: [list(found), list(wanted)] for name, (found, wanted) in self.other_shape.items()}
        names = {"matched": self.matched, "missing": self.missing, "unknown": self.unknown}
        return {**{key: list(value) for key, value in names.items()}, "other_shape": shapes}

    def faults(self) -> list[str]:
        """What does not fit, as ``2 missing: a, b``; empty: all fits."""
        shapes = [f"{name} ({_size(a)} instead of {_size(b)})" for name, (a, b) in self.other_shape.items()]
        kinds = {"missing": self.missing, "unknown": self.unknown, "of another shape": shapes}
        return [f"{len(names)} {what}: {listed(names)}" for what, names in kinds.items() if names]

    def lines(self, file: Path) -> list[str]:
        """What a network takes over from a file, and what does not fit, for people."""
        total = len(self.matched) + len(self.missing) + len(self.other_shape)
        head = f"{file}: {len(self.matched)} of the network's {quantity(total, 'tensor')} start from it"
        return [head, *(f"  {fault}" for fault in self.faults())]


def match(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> Match:
    """Compare the tensors of a network with those of a file."""
    common = [name for name in wanted if name in found]
    matched = tuple(name for name in common if found[name].shape == wanted[name].shape)
    shapes = {name: (tuple(found[name].shape), tuple(wanted[name].shape)) for name in common if name not in matched}
    missing = tuple(name for name in wanted if name not in found)
    return Match(matched, missing, tuple(name for name in found if name not in wanted), shapes)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU.

    Raises:
        FileError: it cannot be read or holds something else.
    """
    try:
        weights = torch_file.load(path)
    except ValueError as error:
        raise FileError(
            f"{path} cannot be read as weights ({error}); expected tensors by name, as retraining writes "
            "them to retrain/weights.pt (a file in checkpoints/ is none)"
        ) from error
    if not _is_state_dict(weights):
        raise FileError(f"{path} holds a {type(weights).__name__}; expected tensors by name: a state_dict")
    return dict(weights)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name; of a checkpoint of a retraining, those of the network.

    Raises:
        FileError: it is neither.
    """
    state = checkpoint.read_state(path)
    if state is None:
        return read_weights(path)
    network = state.get("network")
    if _is_state_dict(network):
        return network
    raise FileError(f"{path} is a checkpoint without a network; give one of a retraining, or a file of weights")


def start_from(network: nn.Module, path: Path) -> Match:
    """Copy the tensors that match by name and shape into the network; the others stay as they were initialised.

    Raises:
        FileError: the file cannot be read as weights.
        RunError: none matches.
    """
    found, wanted = read_tensors(path), network.state_dict()
    result = match(wanted, found)
    if not any(wanted[name].is_floating_point() for name in result.matched):
        raise RunError(
            "no weight of the file matches the network's by name and shape, so nothing would start from it:\n"
            + "\n".join(result.lines(path))
        )
    with torch.no_grad():
        for name in result.matched:
            wanted[name].copy_(found[name])
    return result


def _is_state_dict(found: object) -> TypeGuard[dict[str, Tensor]]:
    return isinstance(found, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    )


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"

"""Files of weights: read, compared with a network, and taken over as far as they match."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard, final

import torch
from torch import Tensor, nn

from nasframe.errors import FileError, RunError, listed
from nasframe.files.words import first_line, quantity
from nasframe.runfolder import checkpoint, torch_file

logger = logging.getLogger(__name__)
_ZIP, _PICKLE = b"PK", b"\x80"
_FOLDER = 0x10
"""The bit of a zip file's part that makes it a folder, which torch reads as zeros, whatever its checksum."""


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
    share: float | None = None
    """Of the network's parameters, number by number, those that matched; None: it was not asked."""

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        shapes = {name: [list(found), list(wanted)] for name, (found, wanted) in self.other_shape.items()}
        names = {"matched": self.matched, "missing": self.missing, "unknown": self.unknown}
        share = {} if self.share is None else {"share": self.share}
        return {**{key: list(value) for key, value in names.items()}, "other_shape": shapes, **share}

    def faults(self) -> list[str]:
        """What does not fit, as ``2 missing: a, b``; empty: all fits."""
        shapes = [f"{name} ({_size(a)} instead of {_size(b)})" for name, (a, b) in self.other_shape.items()]
        kinds = {"missing": self.missing, "unknown": self.unknown, "of another shape": shapes}
        return [f"{len(names)} {what}: {listed(names)}" for what, names in kinds.items() if names]

    @property
    def tensors(self) -> int:
        """How many the network has."""
        return len(self.matched) + len(self.missing) + len(self.other_shape)

    def lines(self, source: str) -> list[str]:
        """What a network takes over from a file or a supernet, and what does not fit, for people."""
        head = f"{source}: {len(self.matched)} of the network's {quantity(self.tensors, 'tensor')} start from it"
        share = "" if self.share is None else f", {self.share:.0%} of its parameters"
        return [head + share, *(f"  {fault}" for fault in self.faults())]


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
    _require_whole(path)
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


def _require_whole(path: Path) -> None:
    """See that each part of a file has its CRC-32, as torch wrote it; torch does not look at it when it reads.

    Raises:
        FileError: one has not.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(len(_ZIP))
    except OSError:
        return  # which reading tells
    if begins != _ZIP:
        if begins[:1] != _PICKLE:
            raise FileError(
                f"{path} cannot be read as weights (torch did not write it, or it is damaged); expected tensors by "
                "name, as retraining writes them to retrain/weights.pt"
            )
        logger.warning("%s has no checksums, as torch before 1.6 wrote such files: damage cannot be noticed", path)
        return
    damaged = damaged_part(path)
    if damaged is not None:
        raise FileError(
            f"{path} is damaged ({damaged}: its checksum differs); put a whole one back, or train the network again"
        )


def damaged_part(path: Path) -> str | None:
    """What in a zip file, as torch writes it, has not its CRC-32 or could not be checked; None: nothing."""
    try:
        with zipfile.ZipFile(path) as parts:
            folders = [part.filename for part in parts.infolist() if part.external_attr & _FOLDER]
            return folders[0] if folders else parts.testzip()
    except (*(OSError, ValueError, RuntimeError, EOFError, LookupError), zipfile.BadZipFile, zlib.error) as error:
        return first_line(error)


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


def compare(network: nn.Module, found: Mapping[str, Tensor], source: str) -> Match:
    """How tensors fit a network, which may be on the meta device, with the share of its parameters that they are.

    Args:
        source: what the tensors are of, in the error.

    Raises:
        RunError: none matches.
    """
    wanted, parameters = network.state_dict(), dict(network.named_parameters())
    result = match(wanted, found)
    if not any(wanted[name].is_floating_point() for name in result.matched):
        raise RunError(
            f"no weight of {source} matches the network's by name and shape, so nothing would start from it:\n"
            + "\n".join(result.lines(source))
        )
    taken = sum(parameters[name].numel() for name in result.matched if name in parameters)
    whole = sum(parameter.numel() for parameter in parameters.values())
    return replace(result, share=taken / whole if whole else 0.0)


def start_from(network: nn.Module, found: Mapping[str, Tensor], source: str) -> Match:
    """Copy the tensors that match by name and shape into the network; the others stay as they were initialised.

    Raises:
        RunError: none matches.
    """
    wanted, result = network.state_dict(), compare(network, found, source)
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

"""Backbones that start from a file of ImageNet weights, torchvision's or timm's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from nasframe.errors import FileError, listed
from nasframe.files.words import quantity

CLASSIFIERS = ("fc.", "head.", "classifier.", "aux_classifier.")
"""What the names of tensors begin with that belong to no backbone."""
AROUND = ("module.", "backbone.")
"""What the names of a backbone's tensors may begin with: in parallel training, in torchvision's DeepLabv3."""
COUNTER = "num_batches_tracked"
"""Of a batch norm, which files of old do not have."""


def start_from(network: nn.Module, file: str, name: str) -> None:
    """Copy the tensors of a file into a backbone: all of them, or it is refused.

    Raises:
        FileError: the file cannot be read, or lacks tensors of the backbone, or has them in another shape.
    """
    found, wanted = backbone_tensors(_read(Path(file))), network.state_dict()
    missing = [key for key in wanted if key not in found and not key.endswith(COUNTER)]
    other = [
        f"{key} ({_shape(found[key])} instead of {_shape(tensor)})"
        for key, tensor in wanted.items()
        if key in found and found[key].shape != tensor.shape
    ]
    faults = [
        f"{quantity(len(names), 'tensor')} {what}: {listed(names)}"
        for what, names in (("missing", missing), ("of another shape", other))
        if names
    ]
    if faults:
        raise FileError(
            f"space.weights: {file} does not hold the weights of {name}: {'; '.join(faults)}. Expected a state_dict of "
            "torchvision's or timm's network of that name, and the width 1"
        )
    with torch.no_grad():
        for key, tensor in wanted.items():
            if key in found:
                tensor.copy_(found[key])


def backbone_tensors(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the backbone, by the names that they have in one that stands alone."""
    tensors = {}
    for key, tensor in found.items():
        for prefix in AROUND:
            key = key.removeprefix(prefix)
        if not key.startswith(CLASSIFIERS):
            tensors[key] = tensor
    return tensors


def _read(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickling and the file system raise
        raise FileError(
            f"space.weights: {path} cannot be read ({type(error).__name__}: {str(error).splitlines()[0]}); expected a "
            "state_dict that torch saved, such as torchvision's or timm's file of the backbone"
        ) from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise FileError(f"space.weights: {path} holds a {type(found).__name__}; expected tensors by name: a state_dict")
    return dict(found)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a number"

"""A network as a file that other programs can run: ONNX, or torch's exported program."""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from nasframe.errors import FileError, NasframeError, RunError
from nasframe.evaluator import Model
from nasframe.files import atomic
from nasframe.files.words import first_line
from nasframe.outputs import main_output
from nasframe.training.finite import require_finite

INPUT, OUTPUT = "image", "logits"
MOST_BATCH, MOST_PIXELS = 4096, 16384
"""The largest batch and side that a file with dynamic sizes takes."""
EXAMPLE = (97, 130)
"""Height and width with which a network for all sizes is traced; any other would give the same file."""
TOLERANCE = 1e-4
"""Largest difference between the logits of a file and of the network, relative to the largest logit (at least 1)."""


def traced(network: nn.Module, channels: int, size: tuple[int, int] | None = None) -> ExportedProgram:
    """The network as a graph of operations; takes batches of any size.

    Args:
        network: in eval mode, on the CPU.
        channels: of its input.
        size: height and width of the only images that it takes; None: any from 2 pixels on.

    Raises:
        RunError: it cannot be traced.
    """
    dims: dict[int, Any] = {0: Dim("batch", max=MOST_BATCH)}
    if size is None:
        dims |= {2: Dim("height", min=2, max=MOST_PIXELS), 3: Dim("width", min=2, max=MOST_PIXELS)}
    example = torch.zeros(2, channels, *(size or EXAMPLE))
    try:
        with _quiet(), torch.no_grad():
            return torch.export.export(network, (example,), dynamic_shapes=(dims,))
    except Exception as error:  # the exporter raises many kinds, and the network's own code any
        sizes = "for images of every size" if size is None else f"for images of {size[0]}x{size[1]} pixels"
        advice = "; fix the size by --size HxW" if size is None else ""
        raise RunError(f"the network cannot be traced {sizes}: {first_line(error)}{advice}") from error


def write_program(program: ExportedProgram, path: Path) -> None:
    """Write a program for ``torch.export.load``."""
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    atomic.write_bytes(path, buffer.getbuffer())


def write_onnx(program: ExportedProgram, path: Path, facts: Mapping[str, str] | None = None) -> None:
    """Write a program as ONNX, with the input ``image`` and the output ``logits``.

    Args:
        facts: stored in the file as its metadata.

    Raises:
        NasframeError: the packages for ONNX are not installed.
        RunError: torch cannot express an operation of the network in ONNX.
    """
    require("onnx", "onnxscript")
    try:
        with _quiet():
            made = torch.onnx.export(
                program, (), dynamo=True, input_names=[INPUT], output_names=[OUTPUT], verbose=False
            )
    except Exception as error:  # as in ``traced``
        raise RunError(f"the network cannot be written as ONNX: {first_line(error)}") from error
    assert made is not None, "without a file name torch returns the program"
    model = made.model_proto
    _name_dimensions(model)
    for key, value in (facts or {}).items():
        model.metadata_props.add(key=key, value=value)
    atomic.write_bytes(path, model.SerializeToString())


def difference(path: Path, network: nn.Module, shapes: Sequence[tuple[int, ...]]) -> float:
    """How far an ONNX file in onnxruntime is from the network on random images, relative to the largest logit.

    Raises:
        NasframeError: onnxruntime is not installed.
        RunError: it refuses the file, or what either says is not finite.
    """
    model = onnx_model(path)
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for shape in shapes:
        images = torch.randn(shape, generator=generator)
        with torch.no_grad():
            found, expected = main_output(model(images)), network(images)
        require_finite(found, _names(shape), model)
        require_finite(expected, _names(shape), network)
        largest = max(largest, relative_difference(found, expected))
    return largest


def require_sound(network: nn.Module, shape: tuple[int, ...]) -> None:
    """See that what a network says of random images is finite.

    Raises:
        RunError: it is not.
    """
    with torch.no_grad():
        found = network(torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    require_finite(found, _names(shape), network)


def _names(shape: tuple[int, ...]) -> list[str]:
    """What random images are called in messages."""
    return [f"a random image of {shape[-2]}x{shape[-1]} pixels"] * shape[0]


def onnx_model(path: Path) -> Model:
    """An ONNX file in onnxruntime, as a model that an evaluator can measure.

    Raises:
        NasframeError: onnxruntime is not installed.
        RunError: it refuses the file; so may the model, given images.
        FileError: (the model, given images) they are of another size than the file takes.
    """
    runtime = require("onnxruntime")[0]
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()

    def run(images: Tensor) -> Tensor:
        _require_size(path, session.get_inputs()[0].shape, tuple(images.shape))
        try:
            found = session.run([OUTPUT], {INPUT: images.cpu().numpy()})[0]
        except Exception as error:  # onnxruntime's errors have no common base of their own
            raise RunError(f"onnxruntime cannot run {path}: {first_line(error)}") from error
        return torch.from_numpy(found).to(images.device)

    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise RunError(f"onnxruntime cannot read {path}: {first_line(error)}") from error
    return run


def _require_size(path: Path, taken: Sequence[int | str], given: tuple[int, ...]) -> None:
    """See that a file takes images of a shape.

    Args:
        taken: of its input; a name where any number is.

    Raises:
        FileError: it does not.
    """
    if len(taken) == len(given) and all(
        isinstance(one, str) or one in (None, other) for one, other in zip(taken, given, strict=True)
    ):
        return
    shapes = [" x ".join(map(str, shape)) for shape in (taken, given)]
    way_out = ""
    if len(given) == 4:
        size = f"{given[2]}x{given[3]}"
        way_out = f". Export it again with --size {size}, or without --size for images of any size"
        if all(isinstance(one, int) and one <= other for one, other in zip(taken[2:], given[2:], strict=True)):
            way_out += f", or show it windows of its size by --window {taken[2]},{taken[3]}"
    raise FileError(
        f"{path} takes an input of {shapes[0]}, and was given {shapes[1]} (batch x channels x height x width){way_out}"
    )


def relative_difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference of two tensors, relative to the largest value of the second, at least 1."""
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


def require(*packages: str) -> list[Any]:
    """Import packages of the extra ``onnx``.

    Raises:
        NasframeError: one is not installed.
    """
    modules = []
    for package in packages:
        try:
            modules.append(importlib.import_module(package))
        except ImportError as error:
            raise NasframeError(
                f"the package {package!r} is not installed ({error}); ONNX needs it: pip install 'nasframe[onnx]'"
            ) from error
    return modules


def _name_dimensions(model: Any) -> None:
    """Call the dynamic sizes of the input and the output what they are; torch calls them s34 and the like."""
    names: dict[str, str] = {}
    for value in (*model.graph.input, *model.graph.output):
        for place, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param and place < 4:
                names.setdefault(dim.dim_param, ("batch", "channels", "height", "width")[place])
                dim.dim_param = names[dim.dim_param]
    del model.graph.value_info[:]  # hints about what is inside, in the old names


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on its own code and on packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)

"""``nasframe export``: a run's network as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nasframe.cli.output import set_option, size_of
from nasframe.errors import FileError, RunError
from nasframe.plugin.registry import Registry
from nasframe.space import ImageSizes, SearchSpace, size_misfits

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

    from nasframe.space import Task


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--onnx", "onnx_file", type=click.Path(path_type=Path), help="Write ONNX to this file.")
@click.option("--torch-export", "program_file", type=click.Path(path_type=Path), help="Write a torch.export program.")
@click.option("--fold-batch-norm", "fold", is_flag=True, help="Fold batch norms into the convolutions before them.")
@click.option("--size", callback=size_of, metavar="HxW", help="Take images of this size only; default: of any size.")
@set_option
@click.pass_obj
def export(
    registry: Registry,
    folder: Path,
    onnx_file: Path | None,
    program_file: Path | None,
    fold: bool,
    size: tuple[int, int] | None,
    overrides: tuple[str, ...],
) -> None:
    """Write a run's retrained network as ONNX or for torch.export, with a model card beside it."""
    if onnx_file is None and program_file is None:
        raise click.UsageError("give --onnx FILE, --torch-export FILE or both")
    from nasframe.trained.finding import find_saved

    saved = find_saved(folder, registry, overrides)
    from nasframe.trained import export as exporting
    from nasframe.trained.building import build_network
    from nasframe.trained.folding import fold_batch_norm, without_auxiliary
    from nasframe.trained.model_card import card, write_card

    _require_size(saved.space, size)
    if onnx_file is not None:
        exporting.require("onnx", "onnxscript")  # before anything that takes time
    task = _task(folder)
    network = without_auxiliary(build_network(saved, task))
    facts: dict[str, Any] = card(folder, saved.record, task, saved.seed)
    files: dict[str, Any] = {"size": "x".join(map(str, size)) if size else "any", "batch": "any"}
    if fold:
        result = fold_batch_norm(network)
        network = result.network
        files["batch norms"] = f"{result.folded} folded, {len(result.left)} left"
    exporting.require_sound(network, _shapes(task, size)[0])
    program = exporting.traced(network, task.in_channels, size)
    if program_file is not None:
        exporting.write_program(program, program_file)
        files["torch.export"] = program_file.name
        click.echo(f"Wrote {program_file}")
    if onnx_file is not None:
        found = _write_onnx(program, onnx_file, network, _shapes(task, size))
        files |= {"onnx": onnx_file.name, **found}
        click.echo(f"Wrote {onnx_file}" + "".join(f"; {key}: {value}" for key, value in found.items()))
    for file in filter(None, (program_file, onnx_file)):
        write_card({**facts, "files": files}, file)


def _require_size(space: SearchSpace, size: tuple[int, int] | None) -> None:
    """See that the file can take images of a size, or of any.

    Raises:
        FileError: it cannot, as the space's networks do not.
    """
    taken = space.image_sizes()
    if size is None and taken != ImageSizes():
        raise FileError(
            f"networks of space {space.name!r} take {taken.described()}, so that no file takes images of any size; fix "
            "one by --size HxW"
        )
    if size is not None and (misfits := size_misfits(space, {"--size": size})):
        raise FileError("; ".join(misfits))


def _write_onnx(
    program: ExportedProgram, path: Path, network: nn.Module, shapes: list[tuple[int, ...]]
) -> dict[str, str]:
    """Write the file and compare it with the network in onnxruntime, where that is installed."""
    from nasframe.errors import NasframeError
    from nasframe.trained import export as exporting

    exporting.write_onnx(program, path)
    try:
        exporting.require("onnxruntime")
    except NasframeError:
        return {"checked": "no, onnxruntime is not installed"}
    found = exporting.difference(path, network, shapes)
    if not found <= exporting.TOLERANCE:
        raise RunError(
            f"{path} differs from the network by {found:.2g} of the largest logit in onnxruntime; expected at most "
            f"{exporting.TOLERANCE:g}. Do not use it"
        )
    return {"largest difference in onnxruntime": f"{found:.1e}"}


def _shapes(task: Task, size: tuple[int, int] | None) -> list[tuple[int, ...]]:
    """On which inputs the file is compared: batches of one and two, odd sizes where any is taken."""
    first, second = (size, size) if size else ((65, 97), (100, 131))
    return [(1, task.in_channels, *first), (2, task.in_channels, *second)]


def _task(folder: Path) -> Task:
    from nasframe.runfolder.reading import RunReader

    task = RunReader(folder).task()
    if task is None:
        raise RunError(f"{folder} does not say what its network has to do: task.json is lost. Put it back")
    return task

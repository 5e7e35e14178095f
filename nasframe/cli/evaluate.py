"""``nasframe evaluate``: the score of a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from nasframe.cli.networks import EXISTING, PATH, Chosen, inference_options, network_options, require, speed_options
from nasframe.cli.output import format_option, say
from nasframe.evaluator import Differentiable, Evaluation, Evaluator
from nasframe.files.evaluations import as_text, require_free, write
from nasframe.files.fingerprints import changes
from nasframe.inference import Inference, Inferring
from nasframe.plugin.registry import Registry
from nasframe.run.progress import show_progress
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader
from nasframe.trained.speedups import Speedups

if TYPE_CHECKING:
    from nasframe.trained.finding import Saved


@click.command()
@network_options
@click.option("--split", default="val", show_default=True, help="On which part of the data.")
@inference_options
@speed_options
@click.option("--onnx", type=EXISTING, help="Measure this file, exported from the network, in onnxruntime instead.")
@click.option("--output", type=PATH, help="Also write evaluation.json and the tables as CSV into this folder.")
@click.option("--force", is_flag=True, help="Overwrite an evaluation in that folder.")
@format_option
@click.pass_obj
def evaluate(
    registry: Registry,
    *,
    chosen: Chosen,
    split: str,
    inference: Inference,
    speedups: Speedups,
    onnx: Path | None,
    output: Path | None,
    force: bool,
    format_: Literal["table", "json"],
) -> None:
    """Measure the trained network of a RUN on whole images.

    RUN is the folder of a run. An experiment file will do, with --genotype and --weights.
    """
    if onnx is not None and speedups.names:
        raise click.UsageError(
            f"--onnx measures a file, which cannot be changed: leave out {', '.join(speedups.names)}"
        )
    if output is not None and not force:
        require_free(output)
    saved = chosen.find(registry)
    if split == "val" and inference == Inference():
        require(saved, Differentiable, "evaluate", registry)
    else:
        require(saved, Inferring, "evaluate with --split, --window, --scales or --mirror", registry)
    result = _measure(saved, split, inference, speedups, onnx)
    about = _about(saved, speedups, onnx)
    if output is not None:
        write(output, result, about)
    click.echo(as_text(result, about, format_))


def _measure(saved: Saved, split: str, inference: Inference, speedups: Speedups, onnx: Path | None) -> Evaluation:
    from nasframe.run.device import set_numerics
    from nasframe.trained.building import build_trained
    from nasframe.trained.export import onnx_model

    trained = build_trained(saved)
    model = speedups.applied(trained.network) if onnx is None else onnx_model(onnx)
    evaluator = trained.problem.evaluator
    _note_other_data(saved, evaluator)
    with set_numerics(saved.run, trained.problem.runtime.device), show_progress("evaluate") as progressing:
        if isinstance(evaluator, Inferring):
            return evaluator.measure_with(model, inference, split, progressing)
        assert isinstance(evaluator, Differentiable), "checked before"
        return evaluator.measure(model)


def _note_other_data(saved: Saved, evaluator: Evaluator) -> None:
    """Say how the data differ from those of the run, if it is known."""
    files = RunLayout(saved.source)
    before = RunReader(saved.source).mapping(files.data).get("retrain") if saved.source.is_dir() else None
    for line in changes(before, evaluator.fingerprint()) if before else ():
        say(f"note: the data are not those of the run: {line}")


def _about(saved: Saved, speedups: Speedups, onnx: Path | None) -> dict[str, Any]:
    return {
        "run": str(saved.source),
        **({"weights": str(saved.weights)} if onnx is None else {"onnx": str(onnx)}),
        "space": saved.record.genotype.space,
        "evaluator": saved.evaluator.component.name,
        **({"speedups": speedups.names} if speedups.names else {}),
    }

"""``nasframe predict``: images to pictures of what is where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nasframe.cli.networks import PATH, Chosen, inference_options, network_options, require, speed_options
from nasframe.errors import DataError
from nasframe.files.words import quantity
from nasframe.inference import Inference, PictureKind, Predicting
from nasframe.plugin.registry import Registry
from nasframe.run.progress import show_progress
from nasframe.trained.image_files import (
    ImageFile,
    Labelling,
    find_faults,
    find_image_files,
    plan_jobs,
    require_absent,
    require_sound,
    skipped,
)
from nasframe.trained.speedups import Speedups

if TYPE_CHECKING:
    from torch import nn

    from nasframe.evaluator import Runtime
    from nasframe.inference import Predictor
    from nasframe.trained.finding import Saved


SKIPPED = 1
"""The exit code where images were not labelled."""


@click.command()
@network_options
@click.option("--images", "given", multiple=True, type=PATH, help="An image or a folder of images; may be repeated.")
@click.option("--split", help="The images of this split of the network's own data; test too.")
@click.option("--output", required=True, type=PATH, help="Folder for the pictures.")
@click.option("--color", is_flag=True, help="Also write a picture of one colour a class.")
@click.option("--overlay", is_flag=True, help="Also write the colours over the image.")
@inference_options
@speed_options
@click.option("--force", is_flag=True, help="Overwrite pictures.")
@click.option("--skip-bad", is_flag=True, help="Label the others where images cannot be read; the exit code is then 1.")
@click.pass_obj
def predict(
    registry: Registry,
    *,
    chosen: Chosen,
    given: tuple[Path, ...],
    split: str | None,
    output: Path,
    color: bool,
    overlay: bool,
    inference: Inference,
    speedups: Speedups,
    force: bool,
    skip_bad: bool,
) -> None:
    """Label images with the trained network of a RUN.

    RUN is the folder of a run. An experiment file will do, with --genotype and --weights. Each image gives a picture of
    labels of its own size; with --images FOLDER the pictures lie in the same folders below --output.
    """
    if bool(given) == (split is not None):
        raise click.UsageError("give either --images or --split")
    kinds: list[PictureKind] = ["labels"]
    kinds += ["color"] if color else []
    kinds += ["overlay"] if overlay else []
    found = find_image_files(given, output)
    saved = chosen.find(registry)
    require(saved, Predicting, "predict", registry)
    predictor, runtime = _predictor(saved)
    images = found if split is None else [ImageFile(path) for path in predictor.images(split)]
    jobs = plan_jobs(images, predictor, kinds, output)
    faults = find_faults(jobs, predictor)
    require_sound(faults, len(jobs), skip=skip_bad)
    jobs = [job for job in jobs if job.image not in faults]
    if not force:
        require_absent(jobs)
    from nasframe.run.device import set_numerics
    from nasframe.trained.building import build_network

    network = speedups.applied(build_network(saved, predictor.task).to(runtime.device))
    with set_numerics(saved.run, runtime.device):
        late = _label(predictor, network, jobs, inference, skip_bad=skip_bad)
    click.echo(f"Labelled {quantity(len(jobs) - len(late), 'image')}: {output}")
    faults = {**faults, **late}
    if faults:
        click.echo(skipped(faults), err=True)
        raise SystemExit(SKIPPED)


def _predictor(saved: Saved) -> tuple[Predictor, Runtime]:
    from nasframe.trained.building import runtime_of

    where = runtime_of(saved)
    cls = saved.evaluator.cls
    assert issubclass(cls, Predicting), "checked before"
    return cls.predictor(saved.evaluator.options, where), where


def _label(
    predictor: Predictor, network: nn.Module, jobs: Sequence[Labelling], inference: Inference, *, skip_bad: bool
) -> dict[Path, str]:
    """Predict and write the files of all jobs; why some could not be, by image, where they are to be skipped.

    Raises:
        DataError: an image that was sound before cannot be read any more, and is not to be skipped.
    """
    from nasframe.files import atomic

    faults: dict[Path, str] = {}
    with show_progress("predict") as progressing:
        done = 0
        while done < len(jobs):
            left = jobs[done:]
            pictures = predictor.predict(network, [job.image for job in left], [*left[0].outputs], inference)
            try:
                for job, contents in zip(left, pictures, strict=True):
                    for kind, path in job.outputs.items():
                        atomic.write_bytes(path, contents[kind])
                    done += 1
                    progressing(done, len(jobs))
            except DataError as error:
                if not skip_bad:
                    raise DataError(
                        f"{error}\n{done} of {quantity(len(jobs), 'image')} had been labelled; --skip-bad --force "
                        "labels all but those that cannot be read"
                    ) from error
                faults[jobs[done].image] = str(error)
                done += 1
    return faults

"""``nasframe score``: the score of label-id pictures on disk, whoever made them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from nasframe.files.evaluations import as_text, require_free, write
from nasframe.run.progress import show_progress

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option(
    "--root",
    required=True,
    type=FOLDER,
    envvar="CITYSCAPES_DATASET",
    show_envvar=True,
    help="Folder of the data set; holds gtFine.",
)
@click.option("--split", default="val", show_default=True, help="Which labels to score against.")
@click.option(
    "--labels",
    type=click.Choice(["label_ids", "train_ids"]),
    default="label_ids",
    show_default=True,
    help="Which label files to read; predictions always hold label ids.",
)
@click.option("--predictions", required=True, type=FOLDER, help="Folder with one PNG of label ids for each frame.")
@click.option("--output", type=FOLDER, help="Also write evaluation.json and the tables as CSV into this folder.")
@click.option("--force", is_flag=True, help="Overwrite an evaluation in that folder.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def score(
    *,
    root: Path,
    split: str,
    labels: Literal["label_ids", "train_ids"],
    predictions: Path,
    output: Path | None,
    force: bool,
    form: Literal["table", "json"],
) -> None:
    """Score predicted label-id pictures by the official rules of Cityscapes."""
    from nasframe_cityscapes.id_pictures import Truth, score_pictures

    if output is not None and not force:
        require_free(output)
    with show_progress("score") as progressing:
        result = score_pictures(Truth(Path(os.path.expanduser(root)), split, labels), predictions, progressing)
    about = {"root": str(root), "split": split, "predictions": str(predictions)}
    if output is not None:
        write(output, result, about)
    click.echo(as_text(result, about, form))

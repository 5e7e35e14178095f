"""From the events of a run to TensorBoard's files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasframe.files import yaml_text
from nasframe.runfolder.layout import RunLayout

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
ENDS = ("finished", "stopped", "failed")


def write(event: Mapping[str, Any]) -> None:
    """Add one event of a run to its files."""
    run, phase, step = RunLayout(Path(event["folder"])), event["phase"], event["step"]
    kind = event["event"]
    if kind == "resumed":
        _drop_later(run.folder, phase, step)
    writer = _writer(run.folder, phase)
    if kind == "started":
        writer.add_text("experiment", _code(run.experiment.read_text(encoding="utf-8"), "yaml"), 0)
    elif kind in ("step", "evaluation"):
        prefix = "final/" if kind == "evaluation" else ""
        for name, value in event["metrics"].items():
            writer.add_scalar(f"{prefix}{name}", value, step)
    elif kind == "genotype":
        text = yaml_text.dump(event["genotype"])
        writer.add_text("genotype", _code(text, "yaml"), step)
    if kind == "evaluation":
        writer.add_hparams(_options(run), {"score": event["score"]}, run_name="options")
        _pictures(writer, run, step)
    if kind in ENDS or kind == "checkpoint":
        writer.flush()
    if kind in ENDS:
        writer.close()
        _writer.cache_clear()


@lru_cache(maxsize=4)
def _writer(folder: Path, phase: str) -> SummaryWriter:
    """One writer for each phase."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / FOLDER / phase))


def _drop_later(folder: Path, phase: str, step: int) -> None:
    """Tell TensorBoard to forget what was written behind the checkpoint."""
    from torch.utils.tensorboard import SummaryWriter

    place = str(folder / FOLDER / phase)
    SummaryWriter(place, purge_step=step + 1).close()


def _pictures(writer: SummaryWriter, run: RunLayout, step: int) -> None:
    from matplotlib.image import imread

    for path in sorted(run.pictures.glob("*.png")):
        writer.add_image(f"pictures/{path.stem}", imread(path)[..., :3], step, dataformats="HWC")


def _options(run: RunLayout) -> dict[str, Any]:
    """The experiment's values under dotted names; lists as text, for TensorBoard takes none."""
    experiment = yaml_text.read_mapping(run.experiment)
    parts = {key: experiment.get(key) for key in ("seed", "space", "evaluator", "strategy", "retrain")}
    return dict(_flat(parts, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield name, json.dumps(value)
    elif value is not None:
        yield name, value


def _code(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"

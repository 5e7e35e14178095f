"""The settings of a run: where it is written, how often, and on which device it computes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nasframe.errors import PluginError
from nasframe.files.yaml_text import Faults, Value
from nasframe.options import Options
from nasframe.plugin.engine import Engine
from nasframe.plugin.registry import Registry


class RunOptions(Options):
    """Settings of the run itself; none of them belongs to a component."""

    folder: str = Field("runs", min_length=1)
    """Folder under which the run's own folder is made; relative to where the command is started."""
    search_cpu_minutes: float | None = Field(None, gt=0)
    """Processor minutes, of all threads and workers, after which the search ends at its next step, as if it had no
    more; what was found until then is taken. null: it does all its steps."""
    checkpoint_minutes: float = Field(5, ge=0)
    """Minutes between two checkpoints; 0: after every step."""
    keep_checkpoints: int = Field(2, ge=1)
    """How many of the latest checkpoints of a phase are kept."""
    snapshots: int = Field(100, ge=0)
    """About how many snapshots of the architecture parameters are kept over the whole search."""
    pictures: int = Field(4, ge=0)
    """How many pictures of the retrained network's predictions are written, where the evaluator can draw them."""
    trackers: tuple[str, ...] = ()
    """Names of plug-ins that are to write this run's events elsewhere too, such as tensorboard."""
    device: str = Field("auto", min_length=1)
    """Torch device, such as cpu or cuda:0; auto: the first of CUDA, MPS and CPU that is there."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number type inside autocast; float32: no autocast; auto: on CUDA bfloat16, or float16 where the GPU lacks it,
    else float32."""
    deterministic: bool = True
    """Whether only deterministic kernels are used, so that a resumed run is bit-equal to an uninterrupted one."""
    threads: int | None = Field(None, ge=1, le=4096)
    """Number of torch's CPU threads, in each worker where there are several; null: torch's own default, which workers
    share out among them."""
    workers: int = Field(1, ge=1)
    """How many candidates of a search are evaluated at a time, each in a worker of its own; 1: in the run's own
    process, where ``engine`` is process."""
    engine: str = "process"
    """What workers are; process: processes on this machine; ``nasframe plugins --kind engine`` lists all that are
    installed."""
    address: str | None = Field(None, min_length=1)
    """Where the engine has its workers, such as HOST:PORT of a cluster; null: the engine's own choice."""
    outstanding: int | None = Field(None, ge=1)
    """How many candidates are asked for before the first of them is told; null: as many as workers. The history of a
    search depends on this number, and not on the number of workers."""


def read_engine(run: Value, registry: Registry, faults: Faults) -> type[Engine] | None:
    """The engine that the settings of a run name; None: it is wrong.

    Args:
        run: the mapping of the settings, as it was written.
    """
    written = run.members.get("engine")
    name = RunOptions.model_fields["engine"].default if written is None else written.data
    if not isinstance(name, str):  # which the check of the settings says
        return None
    try:
        return registry.get("engine", name).value
    except PluginError as error:
        known = name in registry.names("engine")
        way_out = "" if known else ". Install the plug-in that offers it, or take an installed one"
        faults.add(written.place if written else run.place, "run.engine", f"{error}{way_out}")
        return None

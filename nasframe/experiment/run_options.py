"""The settings of a run: where it is written, how often, and on which device it computes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nasframe.options import Options


class RunOptions(Options):
    """Settings of the run itself; none of them belongs to a component."""

    folder: str = Field("runs", min_length=1)
    """Folder under which the run's own folder is made; relative to where the command is started."""
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
    threads: int | None = Field(None, ge=1)
    """Number of torch's CPU threads, in each worker where there are several; null: torch's own default, which workers
    share out among them."""
    workers: int = Field(1, ge=1)
    """How many candidates of a search are evaluated at a time, each in a worker of its own; 1: in the run's own
    process, unless ``engine`` is ray."""
    engine: Literal["process", "ray"] = "process"
    """What workers are: processes on this machine, or Ray's actors, wherever Ray has room."""
    address: str | None = Field(None, min_length=1)
    """Of a Ray cluster: auto, HOST:PORT or ray://HOST:PORT; null: Ray is started here and ends with the run."""
    outstanding: int | None = Field(None, ge=1)
    """How many candidates are asked for before the first of them is told; null: as many as workers. The history of a
    search depends on this number, and not on the number of workers."""

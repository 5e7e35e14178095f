"""The plug-in: writes the events of a run for TensorBoard, where the run asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasframe import hookimpl

PLUGIN_NAME = "tensorboard"
"""What ``run.trackers`` calls it."""


@hookimpl
def nasframe_event(event: Mapping[str, Any]) -> None:
    """Write the event, if the run's trackers name this one."""
    if PLUGIN_NAME not in event.get("trackers", ()):
        return
    from nasframe_tensorboard.writing import write

    write(event)

"""The three hooks by which a plug-in extends nasframe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from nasframe.plugin.component import Component

hookspec = pluggy.HookspecMarker("nasframe")
hookimpl = pluggy.HookimplMarker("nasframe")
"""Marks a function of a plug-in as the hook of its name."""


@hookspec
def nasframe_components() -> Iterable[Component]:
    """The components that the plug-in offers; must import none of them."""
    raise NotImplementedError


@hookspec
def nasframe_commands(cli: click.Group) -> None:
    """Add sub-commands to the command line."""


@hookspec
def nasframe_event(event: Mapping[str, Any]) -> None:
    """Called with each record of ``events.jsonl`` (step, checkpoint, genotype, failure, …) as it is written.

    Args:
        event: the record, and besides ``folder``, the run's, and ``trackers``, the names in ``run.trackers``: a plug-in
            that writes for others to look at does so only if its own name is among them.
    """

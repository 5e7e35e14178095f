"""The plug-in: an engine whose workers are actors of Ray, on this machine or on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The engine; it is imported when it is used."""
    yield Component("engine", "ray", "nasframe_ray.actors:RayActors", "actors of Ray, on this machine or a cluster")

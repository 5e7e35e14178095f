"""Which street scenes to draw."""

from __future__ import annotations

from pydantic import Field

from nasframe import Options


class SceneOptions(Options):
    """Street scenes drawn from a seed; equal options give equal pictures."""

    train: int = Field(default=96, ge=2)
    """Frames of ``train``."""
    val: int = Field(default=24, ge=1)
    """Frames of ``val``, in cities of their own."""
    cities: int = Field(default=4, ge=1, le=12)
    """Cities of ``train``; a city has its own camera, light, buildings and traffic."""
    height: int = Field(default=128, ge=32)
    """Height of a frame in pixels."""
    width: int = Field(default=256, ge=32)
    """Width of a frame in pixels."""
    seed: int = Field(default=0, ge=0)
    """What the scenes are drawn from; apart from the experiment's seed, so that runs share their data."""

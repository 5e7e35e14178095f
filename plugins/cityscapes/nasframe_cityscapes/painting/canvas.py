"""A pinhole camera in a street, and the canvas that it exposes: colours, label ids and depth, drawn together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Points = npt.NDArray[np.float64]
Color = tuple[float, float, float]
"""Red, green, blue, 0 to 255; values outside are cut off."""

TYRE: Color = (24, 24, 26)
NEAR = 2.0
"""Nothing nearer than so many metres is drawn; it would lie below the picture."""
DETAIL = 0.3
"""Details are left out where so many metres are less than a pixel."""
FAR = 120.0
"""Nothing farther than so many metres is drawn, but for the skyline; from there on the ground is level."""


@dataclass(frozen=True)
class Camera:
    """Looks along z (forward); x is to the right, y up, in metres; the ground has y = 0 below the camera."""

    height: int
    """Of the canvas in pixels."""
    width: int
    focal: float
    """Focal length in pixels."""
    horizon: float
    """Row of the horizon in pixels."""
    eye: float
    """Height above the ground in metres."""
    roll: float = 0.0
    """Radians."""
    bend: float = 0.0
    """The street bends: x moves by so much times z squared."""
    slope: float = 0.0
    """The street rises or falls: y moves by so much times z squared."""

    def project(self, points: Points) -> Points:
        """World, (..., 3) -> columns and rows in pixels, (..., 2)."""
        z = np.maximum(points[..., 2], NEAR)
        reach = np.minimum(z, FAR) ** 2
        scale = self.focal / z
        across = scale * (points[..., 0] + self.bend * reach)
        down = scale * (self.eye - points[..., 1] - self.slope * reach)
        sine, cosine = math.sin(self.roll), math.cos(self.roll)
        pixels = np.empty((*z.shape, 2))
        pixels[..., 0] = self.width / 2 + cosine * across - sine * down
        pixels[..., 1] = self.horizon + sine * across + cosine * down
        return pixels

    def pixels(self, metres: float, z: float) -> float:
        """Size in the picture of something at a distance."""
        return self.focal * metres / max(z, NEAR)


@final
@dataclass
class Canvas:
    """What is painted later hides what was painted before."""

    camera: Camera
    colors: Image.Image = field(init=False)
    labels: Image.Image = field(init=False)
    depth: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        size = (self.camera.width, self.camera.height)
        self.colors = Image.new("RGB", size)
        self.labels = Image.new("L", size)
        self.depth = Image.new("F", size)
        self._on = [ImageDraw.Draw(layer) for layer in (self.colors, self.labels, self.depth)]

    def polygon(self, points: Points | Sequence[Sequence[float]], color: Color, label: int | None = None) -> None:
        """Fill a polygon given in the world, (N, 3); without a label it is a detail of what lies below."""
        corners = np.asarray(points, dtype=np.float64)
        z = float(corners[:, 2].sum()) / len(corners)
        if label is not None or self.camera.pixels(DETAIL, z) > 1:
            self.outline(self.camera.project(corners), color, label, z)

    def outline(self, corners: Points, color: Color, label: int | None, z: float) -> None:
        """Fill a polygon given in pixels, (N, 2), at a distance."""
        flat = corners.ravel().tolist()
        self._on[0].polygon(flat, fill=rgb(color))
        if label is not None:
            self._on[1].polygon(flat, fill=label)
            self._on[2].polygon(flat, fill=z)

    def mark(self, corners: Points, label: int, z: float) -> None:
        """Label a polygon given in pixels without painting it."""
        flat = corners.ravel().tolist()
        self._on[1].polygon(flat, fill=label)
        self._on[2].polygon(flat, fill=z)

    def quads(self, corners: Points, colors: npt.NDArray[np.float64]) -> None:
        """Fill many details of four corners, (N, 4, 3), each in its colour, (N, 3)."""
        pixels = self.camera.project(corners).reshape(len(corners), 8).tolist()
        for flat, color in zip(pixels, np.clip(colors, 0, 255).astype(int).tolist(), strict=True):
            self._on[0].polygon(flat, fill=tuple(color))


def rgb(color: Color) -> tuple[int, int, int]:
    """A colour as pillow takes it."""
    red, green, blue = (min(255, max(0, int(part))) for part in color)
    return red, green, blue


def tint(color: Color, factor: float) -> Color:
    """A darker or lighter colour."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def facing(shape: Sequence[tuple[float, float]], at: tuple[float, float], z: float) -> Points:
    """A flat shape of (x, y) in metres that faces the camera, standing at (x, y) in the distance z."""
    return np.array([(at[0] + dx, at[1] + dy, z) for dx, dy in shape])


def disc(radius: tuple[float, float], corners: int = 12) -> list[tuple[float, float]]:
    """An ellipse round the origin by its half axes in metres."""
    turns = [2 * math.pi * corner / corners for corner in range(corners)]
    return [(radius[0] * math.cos(turn), radius[1] * math.sin(turn)) for turn in turns]


def rectangle(width: float, height: float) -> list[tuple[float, float]]:
    """A rectangle that stands on the origin, centred."""
    half = width / 2
    return [(-half, 0), (-half, height), (half, height), (half, 0)]

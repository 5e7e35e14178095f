"""Cars, seen from one end and one flank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasframe_cityscapes.classes import ID
from nasframe_cityscapes.painting.canvas import TYRE, Canvas, Color, Points, disc, tint

GLASS: Color = (38, 46, 56)
PAINTS: tuple[Color, ...] = (
    (205, 207, 210),
    (158, 161, 165),
    (92, 95, 100),
    (34, 35, 38),
    (150, 28, 30),
    (34, 56, 112),
    (70, 92, 74),
    (176, 160, 128),
)

Flat = Sequence[tuple[float, float]]
"""A shape on the flank: share of the length from the end that faces us, height in metres."""
SIDE: Flat = [(0, 0.28), (0, 0.86), (0.1, 0.98), (0.25, 1.42), (0.62, 1.45), (0.79, 1.0), (1, 0.84), (1, 0.28)]
SIDE_GLASS: Flat = [(0.17, 1.0), (0.28, 1.35), (0.6, 1.37), (0.73, 1.0)]

Deep = Sequence[tuple[float, float, float]]
"""A shape of the end: share of half the width from the middle, height in metres, share of the length."""
ROOF: Deep = [(-0.7, 1.42, 0.25), (-0.66, 1.45, 0.62), (0.66, 1.45, 0.62), (0.7, 1.42, 0.25)]
PILLARS: Deep = [(-0.92, 0.95, 0.08), (-0.7, 1.43, 0.25), (0.7, 1.43, 0.25), (0.92, 0.95, 0.08)]
WINDOW: Deep = [(-0.8, 0.99, 0.09), (-0.63, 1.37, 0.23), (0.63, 1.37, 0.23), (0.8, 0.99, 0.09)]
BODY: Deep = [(-1, 0.25, 0), (-1, 0.82, 0), (-0.92, 0.97, 0.06), (0.92, 0.97, 0.06), (1, 0.82, 0), (1, 0.25, 0)]


@dataclass(frozen=True)
class Shape:
    """Where a car stands and how large it is, in metres."""

    x: float
    z: float
    """Of the end that faces us."""
    length: float
    half: float
    """Half of its width."""
    rise: float
    """What heights are multiplied by."""

    def flank(self, shape: Flat, x: float) -> Points:
        """A shape on the side at x, in the world."""
        return np.array([(x, y * self.rise, self.z + share * self.length) for share, y in shape])

    def end(self, shape: Deep) -> Points:
        """A shape of the end, in the world."""
        return np.array(
            [(self.x + dx * self.half, y * self.rise, self.z + share * self.length) for dx, y, share in shape]
        )

    def slab(self, left: float, width: float, low: float, high: float) -> Points:
        """A rectangle on the end, in the world."""
        return self.end([(left, low, 0), (left, high, 0), (left + width, high, 0), (left + width, low, 0)])


def car(canvas: Canvas, x: float, z: float, *, oncoming: bool, rng: np.random.Generator) -> None:
    """A car whose nearer end is at z, driving away or towards us."""
    paint = PAINTS[rng.integers(len(PAINTS))]
    shape = Shape(x, z, rng.uniform(3.9, 4.6), rng.uniform(0.84, 0.92), rng.uniform(0.97, 1.12))
    _paint_flank(canvas, shape, paint)
    _paint_end(canvas, shape, paint, (236, 232, 210) if oncoming else (176, 22, 20))


def _paint_flank(canvas: Canvas, shape: Shape, paint: Color) -> None:
    """The side that we see: the one towards the middle of the picture."""
    middle = shape.x + canvas.camera.bend * shape.z**2
    x = shape.x - shape.half if middle > 0 else shape.x + shape.half
    canvas.polygon(shape.flank(SIDE, x), tint(paint, 0.78), ID["car"])
    canvas.polygon(shape.flank(SIDE_GLASS, x), tint(GLASS, 0.9))
    for axle in (0.19, 0.81):
        wheel = [(axle + dx / shape.length, 0.31 / shape.rise + dy) for dx, dy in disc((0.32, 0.31), 10)]
        canvas.polygon(shape.flank(wheel, x), TYRE, ID["car"])


def _paint_end(canvas: Canvas, shape: Shape, paint: Color, lamp: Color) -> None:
    """The end that faces us, from the wheels up to the roof."""
    for left in (-0.92, 0.62):
        canvas.polygon(shape.slab(left, 0.3, 0, 0.4), TYRE, ID["car"])
    canvas.polygon(shape.end(ROOF), tint(paint, 1.1), ID["car"])
    canvas.polygon(shape.end(PILLARS), paint, ID["car"])
    canvas.polygon(shape.end(WINDOW), GLASS)
    canvas.polygon(shape.end(BODY), paint, ID["car"])
    canvas.polygon(shape.slab(-1, 2, 0.25, 0.42), tint(paint, 0.5))
    for left in (-0.97, 0.63):
        canvas.polygon(shape.slab(left, 0.34, 0.62, 0.8), lamp)
    canvas.polygon(shape.slab(-0.26, 0.52, 0.46, 0.58), (214, 214, 200))

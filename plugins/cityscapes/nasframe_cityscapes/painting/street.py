"""The street itself: ground with markings and shadows, houses with windows, greenery, the far end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from nasframe_cityscapes.classes import ID
from nasframe_cityscapes.painting.canvas import FAR, NEAR, Canvas, Color, Points, facing, rectangle, tint
from nasframe_cityscapes.painting.style import City, Colors

SKYLINE = 160.0
"""Distance in metres of the last roofs and trees, where the ground ends."""


@dataclass(frozen=True)
class Street:
    """Its plan in metres; x is measured from the camera."""

    left: float
    """x of the road's left edge."""
    right: float
    pavement: float
    """Width of each pavement."""
    crossing: tuple[float, float] | None
    """From where to where a side street crosses, in z."""
    zebra: float | None
    """z at which a zebra crossing begins."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Street:
        """A street at random; the camera drives in the right half of the road."""
        half = rng.uniform(4.2, 6.2)
        middle = -rng.uniform(0.3, 0.5) * half
        start = rng.uniform(16, 60)
        crossing = (start, start + rng.uniform(7, 11)) if rng.random() < 0.5 else None
        zebra = rng.uniform(9, 24) if rng.random() < 0.3 else None
        return cls(middle - half, middle + half, rng.uniform(2.2, 4.5), crossing, zebra)

    @property
    def middle(self) -> float:
        """x of the middle of the road."""
        return (self.left + self.right) / 2

    def blocked(self, start: float, end: float) -> bool:
        """Whether a lot from start to end would stand in the side street."""
        return self.crossing is not None and start < self.crossing[1] and end > self.crossing[0]


def strip(left: float, right: float, start: float, end: float, height: float = 0.0) -> Points:
    """A band along the ground, (N, 3), with enough corners to follow a bend."""
    steps = np.geomspace(max(start, NEAR), max(end, NEAR + 0.1), 2 + int(abs(end - start) > 4) * 14)
    sides = [np.column_stack([np.full_like(steps, x), np.full_like(steps, height), steps]) for x in (left, right)]
    return np.concatenate([sides[0], sides[1][::-1]])


def paint_ground(canvas: Canvas, street: Street, city: City, rng: np.random.Generator) -> None:
    """Pavements, road, kerbs and markings."""
    wide = street.pavement + 0.4
    paving, asphalt = city.paving, city.asphalt
    canvas.polygon(strip(-90, 90, NEAR, SKYLINE), tint(paving, 0.9), ID["sidewalk"])
    if street.crossing:
        canvas.polygon(strip(-90, 90, *street.crossing), asphalt, ID["road"])
    for edge, outer in ((street.left, street.left - wide), (street.right, street.right + wide)):
        canvas.polygon(strip(outer, edge, NEAR, SKYLINE), paving)
        canvas.polygon(strip(edge - 0.15, edge + 0.15, NEAR, SKYLINE), tint(paving, 1.14))
    if street.crossing:
        canvas.polygon(strip(-90, 90, *street.crossing), asphalt)
    canvas.polygon(strip(street.left, street.right, NEAR, SKYLINE), asphalt, ID["road"])
    _markings(canvas, street, rng)


def _markings(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    white: Color = tuple(np.array([196, 196, 190]) * rng.uniform(0.75, 1.1))
    dash, gap = rng.choice([(3.0, 3.0), (2.0, 4.0), (6.0, 4.0)])
    for start in np.arange(NEAR + rng.uniform(0, dash + gap), FAR, dash + gap):
        if not street.blocked(start, start + dash):
            canvas.polygon(strip(street.middle - 0.08, street.middle + 0.08, start, start + dash), white)
    if rng.random() < 0.6:
        for edge in (street.left + 2.1, street.right - 2.1):
            canvas.polygon(strip(edge - 0.06, edge + 0.06, NEAR, street.crossing[0] if street.crossing else FAR), white)
    if street.zebra is not None:
        for left in np.arange(street.left + 0.4, street.right - 0.5, 1.0):
            canvas.polygon(strip(left, left + 0.5, street.zebra, street.zebra + 3), white)


def paint_house(
    canvas: Canvas, side: int, front: float, span: tuple[float, float], city: City, rng: np.random.Generator
) -> None:
    """A house whose front stands at x = front along the street.

    Args:
        canvas: where to.
        side: -1: left of the street, 1: right.
        front: x in metres.
        span: z from where to where.
        city: its colours.
        rng: draws the rest.
    """
    floors = int(rng.integers(2, 7))
    height = 3.1 * floors + rng.uniform(0.6, 1.4)
    wall: Color = tuple(city.facades[rng.integers(len(city.facades))] + rng.normal(0, 8))
    deep = front + side * 14
    start, end = span
    label = ID["building"]
    gable = [(front, 0, start), (front, height, start), (deep, height, start), (deep, 0, start)]
    canvas.polygon(gable, tint(wall, rng.uniform(0.72, 0.95)), label)
    canvas.polygon(_upright(front, 0, height, start, end), wall, label)
    canvas.polygon(_upright(front, height - 0.5, height, start, end), tint(wall, 0.72))
    if rng.random() < 0.5:
        canvas.polygon(_upright(front, 0, 2.9, start, end), tint(wall, rng.uniform(0.6, 1.15)))
    _front_windows(canvas, front, span, floors, wall, rng)
    _gable_windows(canvas, front, side, start, floors, rng)


def _upright(x: float, low: float, high: float, start: float, end: float) -> Points:
    """A wall along the street, (N, 3), with enough corners to follow a bend."""
    steps = np.linspace(start, end, 6)
    rims = [np.column_stack([np.full_like(steps, x), np.full_like(steps, y), steps]) for y in (low, high)]
    return np.concatenate([rims[0], rims[1][::-1]])


def _front_windows(
    canvas: Canvas, x: float, span: tuple[float, float], floors: int, wall: Color, rng: np.random.Generator
) -> None:
    pitch = rng.uniform(2.2, 3.4)
    columns = np.arange(span[0] + 0.6, span[1] - 1.2, pitch)
    if not len(columns) or canvas.camera.pixels(1.2, span[0]) < 2:
        return
    size = rng.uniform(0.45, 0.6) * pitch, rng.uniform(1.3, 1.9)
    places = [(z, 3.1 * floor + 0.9) for floor in range(1, floors) for z in columns]
    places += [(z, 0.5) for z in columns]
    low_left = np.array([(x, y, z) for z, y in places])
    ground = low_left[:, 1] < 0.6
    wide = np.where(ground, 0.75 * pitch, size[0])
    tall = np.where(ground, 2.0, size[1])
    for grow, colors in ((0.14, np.tile(np.array(wall) * 1.2, (len(places), 1))), (0.0, _glass(len(places), rng))):
        canvas.quads(_wall_quads(low_left, wide, tall, grow), colors)


def _wall_quads(low_left: Points, wide: Points, tall: Points, grow: float) -> Points:
    """Rectangles on a wall along the street, (N, 4, 3)."""
    x, y, z = low_left.T
    bottom, top, near, far = y - grow, y + tall + grow, z - grow, z + wide + grow
    corners = [(x, bottom, near), (x, top, near), (x, top, far), (x, bottom, far)]
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def _gable_windows(canvas: Canvas, front: float, side: int, z: float, floors: int, rng: np.random.Generator) -> None:
    if canvas.camera.pixels(1.2, z) < 2 or rng.random() < 0.3:
        return
    places = [(front + side * out, 3.1 * floor + 1.0) for floor in range(floors) for out in (2.2, 5.4, 8.6, 11.8)]
    quads = np.stack([facing(rectangle(1.1, 1.5), place, z) for place in places])
    canvas.quads(quads, _glass(len(places), rng))


def _glass(count: int, rng: np.random.Generator) -> Colors:
    """Panes: most dark, some with the sky or a light in them."""
    dark = np.array([44, 52, 62]) * rng.uniform(0.6, 1.5, (count, 1))
    bright = np.array([178, 186, 190]) * rng.uniform(0.7, 1.1, (count, 1))
    return np.where(rng.random((count, 1)) < 0.8, dark, bright)


def paint_greenery(
    canvas: Canvas, side: int, front: float, span: tuple[float, float], green: Color, rng: np.random.Generator
) -> None:
    """A garden or a park behind a hedge: bushes heaped up along the street."""
    for z in np.sort(rng.uniform(*span, 12))[::-1]:
        out, tall = front + side * rng.uniform(0.5, 7), rng.uniform(1.2, 5.5)
        turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = rng.uniform(0.85, 1.15, 14)
        blob = np.column_stack([tall * 0.7 * radius * np.cos(turns), tall * (0.5 + 0.55 * radius * np.sin(turns))])
        canvas.polygon(facing(blob.tolist(), (out, 0), z), tint(green, rng.uniform(0.6, 1.15)), ID["vegetation"])


def paint_skyline(canvas: Canvas, city: City, rng: np.random.Generator) -> None:
    """Far roofs and trees along the horizon."""
    for x in rng.permutation(np.arange(-150, 150, 11.0)):
        wide = rng.uniform(10, 24)
        if rng.random() < 0.6:
            wall: Color = tuple(city.facades[rng.integers(len(city.facades))] * 0.85)
            canvas.polygon(facing(rectangle(wide, rng.uniform(5, 17)), (x, 0), SKYLINE), wall, ID["building"])
        else:
            turns = np.linspace(0, np.pi, 9)
            tall = rng.uniform(5, 12)
            hill = np.column_stack([wide / 2 * np.cos(turns), tall * np.sin(turns) ** 0.6])
            canvas.polygon(facing(hill.tolist(), (x, 0), SKYLINE), tint(city.green, 0.8), ID["vegetation"])


def paint_shadows(canvas: Canvas, shadows: list[Points], brightness: float) -> None:
    """Darken the ground under polygons in the world."""
    mask = Image.new("L", canvas.colors.size, 255)
    pen = ImageDraw.Draw(mask)
    for shadow in shadows:
        pen.polygon(canvas.camera.project(shadow).ravel().tolist(), fill=int(255 * brightness))
    dark = Image.composite(canvas.colors, Image.new("RGB", mask.size), mask)
    canvas.colors.paste(dark)

"""One street scene: what stands where, painted from far to near."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from nasframe_cityscapes.classes import ID
from nasframe_cityscapes.painting import things
from nasframe_cityscapes.painting.canvas import FAR, Canvas, Points
from nasframe_cityscapes.painting.car import car
from nasframe_cityscapes.painting.light import BLANK, develop
from nasframe_cityscapes.painting.street import (
    Street,
    paint_greenery,
    paint_ground,
    paint_house,
    paint_shadows,
    paint_skyline,
    strip,
)
from nasframe_cityscapes.painting.style import City, Light

VERSION = 1
"""Raised whenever the same seed would give another picture."""
OVERSAMPLED = 2
"""A scene is painted so many times larger than its frame, so that edges are smooth."""

Picture = npt.NDArray[np.uint8]
Thing = tuple[float, Callable[[], None]]
"""The distance behind which everything is painted before it, and how to paint it. For a house that is its far end: what
stands beside it on the pavement hides it."""


def paint_scene(seed: int, city: int, number: int, size: tuple[int, int]) -> tuple[Picture, Picture]:
    """A frame and its label ids.

    Args:
        seed: of the whole set.
        city: its number; frames of a city share its looks.
        number: of the frame.
        size: height and width in pixels.

    Returns:
        (H, W, 3) and (H, W).
    """
    look = City.draw(np.random.default_rng([seed, city]))
    rng = np.random.default_rng([seed, city, number + 1])
    large = size[0] * OVERSAMPLED, size[1] * OVERSAMPLED
    light, street = Light.draw(rng), Street.draw(rng)
    canvas = Canvas(look.camera(large, rng))
    _paint_sky(canvas)
    paint_skyline(canvas, look, rng)
    paint_ground(canvas, street, look, rng)
    placed = _lots(canvas, street, look, light, rng)
    small, feet = _things(canvas, street, look, rng)
    paint_shadows(canvas, [*placed[1], *feet], light.shadow)
    for _, paint in sorted(placed[0] + small, key=lambda thing: -thing[0]):
        paint()
    if look.bonnet:
        _paint_bonnet(canvas, light)
    labels = np.asarray(canvas.labels)[OVERSAMPLED // 2 :: OVERSAMPLED, OVERSAMPLED // 2 :: OVERSAMPLED]
    return develop(canvas, light, OVERSAMPLED, rng), np.ascontiguousarray(labels)


def _paint_sky(canvas: Canvas) -> None:
    camera = canvas.camera
    corners = np.array([[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]], dtype=float)
    canvas.outline(corners, BLANK, ID["sky"], 0.0)


def _paint_bonnet(canvas: Canvas, light: Light) -> None:
    """The car that carries the camera: void, as in Cityscapes."""
    camera = canvas.camera
    turns = np.linspace(np.pi, 2 * np.pi, 24)
    across = camera.width * (0.5 + 0.62 * np.cos(turns))
    down = camera.height * (1.02 + 0.11 * np.sin(turns))
    canvas.outline(np.column_stack([across, down]), (46, 48, 54), ID["ego vehicle"], 1.0)
    gleam = np.column_stack([across, down + camera.height * 0.012])[6:-6]
    top = np.column_stack([across, down])[6:-6]
    canvas.outline(np.concatenate([top, gleam[::-1]]), light.zenith, None, 1.0)


def _lots(
    canvas: Canvas, street: Street, look: City, light: Light, rng: np.random.Generator
) -> tuple[list[Thing], list[Points]]:
    """Houses and greenery along both sides, and the shadows that houses throw."""
    found: list[Thing] = []
    shadows: list[Points] = []
    for side, edge in ((-1, street.left), (1, street.right)):
        front = edge + side * street.pavement
        start = rng.uniform(3, 9)
        while start < FAR:
            end = start + rng.uniform(7, 19)
            if street.blocked(start - 1, end + 1):
                start = street.crossing[1] + 1 if street.crossing else end
                continue
            if rng.random() < 0.74:
                found.append((end, partial(paint_house, canvas, side, front, (start, end), look, rng)))
                if side * light.sun < 0:  # the shadow falls towards the road
                    shadows.append(strip(front, front + light.sun * 12, start, end))
            elif rng.random() < 0.75:
                setback = front + side * 1.0
                found.append((end, partial(paint_greenery, canvas, side, setback, (start, end), look.green, rng)))
            start = end + rng.choice([0.0, 0.0, rng.uniform(0, 4)])
    return found, shadows


def _things(canvas: Canvas, street: Street, look: City, rng: np.random.Generator) -> tuple[list[Thing], list[Points]]:
    """Everything small, and the shadows at its feet."""
    found: list[Thing] = []
    feet: list[Points] = []

    def place(paint: Callable[[], None], x: float, z: float, half: float, length: float) -> None:
        found.append((z, paint))
        feet.append(strip(x - half, x + half, z - 0.15, z + length))

    for x, z, oncoming in _cars(street, look, rng):
        place(partial(car, canvas, x, z, oncoming=oncoming, rng=rng), x, z, 1.05, 4.3)
    for x, z in _walkers(street, look, rng):
        place(partial(things.person, canvas, x, z, rng), x, z, 0.4, 0.5)
    for _ in range(rng.poisson(1.6 * look.crowd)):
        x, z = rng.uniform(street.left + 1, street.right - 1), rng.uniform(6, 34)
        place(partial(things.rider, canvas, x, z, rng), x, z, 0.7, 0.3)
    for side, edge in ((-1, street.left), (1, street.right)):
        x = edge + side * 0.7
        for z in np.arange(rng.uniform(5, 16), 90, rng.uniform(16, 28)):
            found.append((z, partial(things.lamp_post, canvas, x, z, look.metal, rng)))
        for z in rng.uniform(6, 60, rng.poisson(2.2)):
            found.append((z, partial(things.sign, canvas, x, z, look.metal, rng)))
        for z in np.arange(rng.uniform(7, 14), 90, rng.uniform(7, 11)):
            if rng.random() < look.trees and not street.blocked(z - 2, z + 2):
                place(partial(things.tree, canvas, x + side * 0.4, z, look.green, rng), x, z, 1.4, 2.0)
    return found, feet


def _cars(street: Street, look: City, rng: np.random.Generator) -> list[tuple[float, float, bool]]:
    """x, z and whether it comes towards us: parked along both kerbs, and driving."""
    cars = []
    for x, oncoming in ((street.left + 1.05, True), (street.right - 1.05, False)):
        busy = rng.uniform(0.1, 0.7) * look.crowd
        for z in np.arange(rng.uniform(5, 11), 80, 5.9):
            if rng.random() < busy and not street.blocked(z - 1, z + 5):
                cars.append((x, float(z + rng.uniform(-0.4, 0.4)), oncoming))
    lane = (street.right - street.left) / 4
    for x, oncoming in ((street.middle + 0.75 * lane, False), (street.middle - 0.75 * lane, True)):
        z = rng.uniform(9, 30)
        while z < 90 and rng.random() < 0.65 * look.crowd:
            cars.append((x + rng.uniform(-0.25, 0.25), float(z), oncoming))
            z += rng.uniform(9, 35)
    return cars


def _walkers(street: Street, look: City, rng: np.random.Generator) -> list[tuple[float, float]]:
    """x and z of people: in groups on the pavements, some on the road."""
    walkers = []
    for _ in range(rng.poisson(4 * look.crowd)):
        edge, side = ((street.left, -1), (street.right, 1))[rng.integers(2)]
        x, z = edge + side * rng.uniform(1.0, street.pavement - 0.4), rng.uniform(6, 45)
        for _ in range(rng.integers(1, 4)):
            walkers.append((float(x + rng.uniform(-0.6, 0.6)), float(z + rng.uniform(-0.8, 0.8))))
    crossing = street.zebra + 1.5 if street.zebra is not None else rng.uniform(10, 45)
    for _ in range(rng.poisson(1.8 if street.zebra is not None else 0.3)):
        walkers.append((rng.uniform(street.left, street.right), crossing + rng.uniform(-1, 1)))
    return walkers

"""The small things in a street: people, riders, trees, poles, signs; each stands on the ground at (x, z)."""

from __future__ import annotations

import math

import numpy as np

from nasframe_cityscapes.classes import ID
from nasframe_cityscapes.painting.canvas import TYRE, Canvas, Color, disc, facing, rectangle, tint

CLOTHES: tuple[Color, ...] = (
    (40, 42, 52),
    (110, 112, 118),
    (170, 40, 44),
    (58, 84, 132),
    (190, 184, 170),
    (66, 96, 66),
    (206, 150, 60),
    (120, 70, 110),
)
SKINS: tuple[Color, ...] = ((224, 186, 160), (190, 142, 112), (128, 88, 66))


def person(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    """Someone who stands or walks."""
    tall = rng.uniform(1.5, 1.9)
    coat, trousers = (CLOTHES[k] for k in rng.integers(len(CLOTHES), size=2))
    skin = SKINS[rng.integers(len(SKINS))]
    stride = rng.uniform(0.02, 0.22)
    label = ID["person"]
    for foot, shade in ((-stride, 0.8), (stride, 1.0)):
        leg = [(foot - 0.08, 0), (-0.13, 0.5 * tall), (0.13, 0.5 * tall), (foot + 0.08, 0)]
        canvas.polygon(facing(leg, (x, 0), z), tint(trousers, shade * 0.8), label)
    swing = rng.uniform(0.05, 0.16)
    arms = [
        (-0.2, 0.8 * tall),
        (-0.22 - swing, 0.46 * tall),
        (-0.12, 0.48 * tall),
        (0.12, 0.48 * tall),
        (0.22 + swing, 0.46 * tall),
        (0.2, 0.8 * tall),
    ]
    canvas.polygon(facing(arms, (x, 0), z), tint(coat, 0.85), label)
    torso = [
        (-0.17, 0.45 * tall),
        (-0.23, 0.82 * tall),
        (-0.07, 0.87 * tall),
        (0.07, 0.87 * tall),
        (0.23, 0.82 * tall),
        (0.17, 0.45 * tall),
    ]
    canvas.polygon(facing(torso, (x, 0), z), coat, label)
    canvas.polygon(facing(disc((0.105, 0.13)), (x, 0.92 * tall), z), skin, label)
    hair = [(-0.11, 0.93 * tall), (-0.08, tall), (0.08, tall), (0.11, 0.93 * tall)]
    canvas.polygon(facing(hair, (x, 0), z), tint(skin, 0.35), label)


def rider(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    """A cyclist, seen at some angle."""
    turn = rng.uniform(0.25, 1.0) * rng.choice([-1, 1])  # 1: from the side, towards the right
    coat, trousers = (CLOTHES[k] for k in rng.integers(len(CLOTHES), size=2))
    skin = SKINS[rng.integers(len(SKINS))]
    camera = canvas.camera
    for hub in (-0.52 * turn, 0.52 * turn):
        rim = camera.project(facing(disc((0.35 * abs(turn) + 0.03, 0.35), 14), (x + hub, 0.35), z))
        tyre = camera.project(facing(disc((0.27 * abs(turn), 0.28), 14), (x + hub, 0.35), z))
        canvas.mark(rim, ID["bicycle"], z)
        canvas.outline(np.concatenate([rim, rim[:1], tyre[:1], tyre[::-1]]), TYRE, None, z)
    frame = [(-0.52, 0.33), (-0.2, 0.8), (0.4, 0.85), (0.52, 0.33), (0.44, 0.33), (0.0, 0.4), (-0.4, 0.38)]
    canvas.polygon(facing([(turn * dx, y) for dx, y in frame], (x, 0), z), tint(coat, 0.5), ID["bicycle"])

    def part(shape: list[tuple[float, float]], color: Color) -> None:
        # Seen from behind, a body is still so wide.
        middle = sum(dx for dx, _ in shape) / len(shape)
        turned = [(turn * dx + math.copysign(0.1, turn * (dx - middle)), y) for dx, y in shape]
        canvas.polygon(facing(turned, (x, 0), z), color, ID["rider"])

    part([(-0.28, 0.95), (0.02, 0.35), (0.14, 0.35), (-0.02, 0.98)], tint(trousers, 0.85))
    part([(-0.32, 0.88), (-0.1, 1.45), (0.16, 1.45), (0.0, 0.9)], coat)
    part([(0.02, 1.38), (0.4, 0.95), (0.48, 0.98), (0.16, 1.42)], tint(coat, 0.85))
    canvas.polygon(facing(disc((0.12, 0.15)), (x + 0.12 * turn, 1.6), z), skin, ID["rider"])
    canvas.polygon(facing(disc((0.13, 0.08)), (x + 0.12 * turn, 1.7), z), tint(coat, 0.7), ID["rider"])


def tree(canvas: Canvas, x: float, z: float, green: Color, rng: np.random.Generator) -> None:
    """A street tree; its crown is a heap of blobs, darker below."""
    label, tall = ID["vegetation"], rng.uniform(2.2, 3.2)
    canvas.polygon(facing([(-0.16, 0), (-0.1, tall), (0.1, tall), (0.16, 0)], (x, 0), z), (78, 62, 48), label)
    crown = rng.uniform(1.3, 2.2)
    spots = sorted((rng.uniform(0, 1.9 * crown), rng.uniform(-1, 1)) for _ in range(9))
    for up, sideways in spots:
        radius = crown * rng.uniform(0.45, 0.7)
        width = crown * (1 - 0.4 * up / (1.9 * crown))
        shade = 0.62 + 0.5 * up / (1.9 * crown) + rng.uniform(-0.08, 0.08)
        middle = (x + sideways * width * 0.7, tall + up * 0.75)
        wobble = [(dx * rng.uniform(0.85, 1.15), dy * rng.uniform(0.85, 1.15)) for dx, dy in disc((radius, radius))]
        canvas.polygon(facing(wobble, middle, z), tint(green, shade), label)


def lamp_post(canvas: Canvas, x: float, z: float, grey: Color, rng: np.random.Generator) -> None:
    """A lamp on a post, its arm over the road."""
    tall, reach = rng.uniform(4.5, 7.5), -np.sign(x) * rng.uniform(0.8, 1.8)
    canvas.polygon(facing(rectangle(0.15, tall), (x, 0), z), grey, ID["pole"])
    arm = [(0, tall - 0.08), (reach, tall + 0.2), (reach, tall + 0.32), (0, tall + 0.06)]
    canvas.polygon(facing(arm, (x, 0), z), tint(grey, 0.9), ID["pole"])
    canvas.polygon(facing(disc((0.32, 0.1), 8), (x + reach, tall + 0.2), z), tint(grey, 1.4))


def sign(canvas: Canvas, x: float, z: float, grey: Color, rng: np.random.Generator) -> None:
    """A traffic sign on its pole: triangle, disc or plate; sometimes we see its back."""
    tall = rng.uniform(2.1, 2.7)
    canvas.polygon(facing(rectangle(0.1, tall), (x, 0), z), grey, ID["pole"])
    kind = rng.integers(5)
    outer, inner = [
        ((178, 26, 30), (232, 232, 228)),
        ((178, 26, 30), (232, 232, 228)),
        ((32, 72, 156), (40, 88, 180)),
        ((222, 190, 40), (232, 206, 60)),
        (grey, tint(grey, 0.8)),
    ][kind]
    shapes = {0: [(-0.48, -0.3), (0, 0.5), (0.48, -0.3)], 3: [(-0.4, 0), (0, 0.4), (0.4, 0), (0, -0.4)]}
    shape = shapes.get(
        int(kind), disc((0.4, 0.4)) if kind != 2 else [(-0.38, -0.38), (-0.38, 0.38), (0.38, 0.38), (0.38, -0.38)]
    )
    canvas.polygon(facing(shape, (x, tall + 0.2), z), outer, ID["traffic sign"])
    canvas.polygon(facing([(0.68 * dx, 0.68 * dy) for dx, dy in shape], (x, tall + 0.2), z), inner)

"""From flat colours to a photograph: sky, texture, haze, exposure, the sensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from nasframe_cityscapes.classes import ID
from nasframe_cityscapes.painting.canvas import Canvas, Color
from nasframe_cityscapes.painting.style import Light

Field = npt.NDArray[np.float32]

BLANK = (200, 200, 200)
"""What the canvas has where the sky will be."""
TEXTURE = np.full(256, 0.05, dtype=np.float32)
"""How rough a label id looks: the standard deviation of its brightness."""
TEXTURE[[ID["vegetation"], ID["sky"], ID["road"], ID["sidewalk"]]] = 0.28, 0.0, 0.055, 0.075


def soft_noise(shape: tuple[int, int], cell: tuple[int, int], rng: np.random.Generator) -> Field:
    """Smooth noise between -1 and 1, (H, W), about as coarse as a cell (rows, columns) of pixels."""
    coarse = rng.uniform(-1, 1, (shape[0] // cell[0] + 2, shape[1] // cell[1] + 2)).astype(np.float32)
    picture = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def sky(shape: tuple[int, int], horizon: float, light: Light, rng: np.random.Generator) -> Field:
    """A gradient from the zenith down to the horizon, with clouds, (H, W, 3)."""
    height, width = shape
    down = np.clip(np.arange(height, dtype=np.float32) / horizon, 0, 1)[:, None, None]
    clear = _triple(light.zenith) * (1 - down) + _triple(light.skyline) * down
    cell = max(2, height // 8), max(2, width // 6)
    cloud = soft_noise(shape, cell, rng) + 0.5 * soft_noise(shape, (cell[0] // 2 + 1, cell[1] // 2 + 1), rng)
    cover = np.clip(cloud * 0.9 + 2 * light.clouds - 1.2, 0, 1)[..., None]
    white = _triple(light.skyline) * 0.4 + np.float32(238) * 0.6
    return np.asarray(clear * (1 - 0.8 * cover) + white * 0.8 * cover, dtype=np.float32)


def develop(canvas: Canvas, light: Light, factor: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The finished photograph, reduced by a whole factor, (H, W, 3)."""
    labels, depth = (
        np.asarray(layer)[factor // 2 :: factor, factor // 2 :: factor] for layer in (canvas.labels, canvas.depth)
    )
    shape = labels.shape[0], labels.shape[1]
    colors = np.asarray(canvas.colors.reduce(factor), dtype=np.float32)
    grain = rng.standard_normal(shape, dtype=np.float32)
    leaves = 0.5 * grain + 0.8 * soft_noise(shape, (2, 2), rng)
    patches = 0.07 * soft_noise(shape, (shape[0] // 12 + 1, shape[1] // 8 + 1), rng)
    colors *= (1 + TEXTURE[labels] * leaves + patches)[..., None]
    haze = 1 - np.exp(-depth / np.float32(light.haze))[..., None]
    colors += haze * (_triple(light.skyline) - colors)
    above = canvas.labels.point(lambda label: 255 * (label == ID["sky"])).reduce(factor)
    share = np.asarray(above, dtype=np.float32)[..., None] / 255
    colors += share * (sky(shape, canvas.camera.horizon / factor, light, rng) - _triple(BLANK))
    exposed = colors * _triple(light.gain) * _vignette(*shape)
    noise = rng.standard_normal(colors.shape, dtype=np.float32) * np.float32(light.noise)
    photograph: npt.NDArray[np.uint8] = np.clip(exposed + noise, 0, 255).astype(np.uint8)
    return photograph


def _triple(color: Color) -> Field:
    return np.array(color, dtype=np.float32)


def _vignette(height: int, width: int) -> Field:
    """Lenses are darker towards the corners, (H, W, 1)."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return np.asarray(1 - 0.1 * (rows**2 + columns**2), dtype=np.float32)[..., None]

"""What is common to a city, and what is common to a frame, drawn from seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasframe_cityscapes.painting.canvas import Camera, Color

Colors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class City:
    """Camera and looks that all frames of a city share."""

    focal: float
    """Focal length over the width of a frame."""
    horizon: float
    """Row of the horizon over the height of a frame."""
    eye: float
    """Height of the camera in metres."""
    bonnet: bool
    """Whether the car that carries the camera shows its bonnet."""
    facades: Colors
    """Colours of houses, (N, 3)."""
    green: Color
    asphalt: Color
    paving: Color
    metal: Color
    """Of posts."""
    trees: float
    """Trees along a side: the chance of each place."""
    crowd: float
    """How many people and cars, about 1."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> City:
        """A city at random."""
        # Houses come in the greys and browns of streets, pavements and cars: colour alone tells little.
        base = rng.uniform(70, 215, (6, 1)) * np.array([[1.0, 0.97, 0.93]])
        grey = rng.uniform(70, 112)
        return cls(
            focal=rng.uniform(0.78, 0.98),
            horizon=rng.uniform(0.4, 0.5),
            eye=rng.uniform(1.25, 1.75),
            bonnet=bool(rng.random() < 0.5),
            facades=base + rng.normal(0, 14, (6, 3)) * [1.0, 0.7, 1.2],
            green=(rng.uniform(62, 100), rng.uniform(86, 116), rng.uniform(38, 62)),
            asphalt=(grey, grey * rng.uniform(0.98, 1.02), grey * rng.uniform(0.98, 1.08)),
            paving=(grey * 1.4 + rng.uniform(-6, 10), grey * 1.35, grey * rng.uniform(1.22, 1.38)),
            metal=(rng.uniform(56, 140),) * 3,
            trees=rng.uniform(0.15, 0.6),
            crowd=rng.uniform(0.6, 1.4),
        )

    def camera(self, size: tuple[int, int], rng: np.random.Generator) -> Camera:
        """The camera of a frame of a size (H, W); the street bends and tilts a little."""
        height, width = size
        return Camera(
            height=height,
            width=width,
            focal=self.focal * width,
            horizon=(self.horizon + rng.uniform(-0.02, 0.02)) * height,
            eye=self.eye,
            roll=rng.normal(0, 0.012),
            bend=rng.normal(0, 0.0011),
            slope=rng.uniform(-0.00006, 0.0002),  # a steeper fall would hide the ground behind itself
        )


@dataclass(frozen=True)
class Light:
    """Sun, sky and exposure of a frame."""

    zenith: Color
    skyline: Color
    """Colour of the sky at the horizon, and of the haze."""
    gain: Color
    """What red, green and blue are multiplied by."""
    sun: float
    """Where shadows fall: metres to the right for each metre of height."""
    shadow: float
    """Brightness within a shadow; 1: there are none."""
    haze: float
    """Distance in metres at which two thirds of a thing's colour are lost."""
    clouds: float
    """From 0 to 1."""
    noise: float
    """Standard deviation of the sensor's noise, of 255."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Light:
        """A time of day and a weather at random."""
        zenith, skyline, warmth, shadow = [
            ((86, 130, 190), (188, 206, 222), (1.03, 1.0, 0.96), 0.55),  # a clear day
            ((168, 172, 178), (206, 208, 210), (0.97, 1.0, 1.03), 0.9),  # overcast
            ((104, 122, 164), (234, 202, 170), (1.09, 0.99, 0.87), 0.62),  # late sun
            ((120, 150, 186), (220, 220, 214), (1.0, 1.0, 1.0), 0.68),  # thin cloud
        ][rng.integers(4)]
        exposure = rng.uniform(0.7, 1.2)
        cast = rng.normal(1, 0.03, 3)
        red, green, blue = exposure * np.array(warmth) * cast
        return cls(
            zenith=zenith,
            skyline=skyline,
            gain=(float(red), float(green), float(blue)),
            sun=float(rng.choice([-1, 1]) * rng.uniform(0.25, 1.1)),
            shadow=shadow + rng.uniform(-0.05, 0.05),
            haze=rng.uniform(160, 600),
            clouds=rng.uniform(0, 1),
            noise=rng.uniform(2, 6),
        )

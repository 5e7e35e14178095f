"""How a trained network for a dense task is asked: on the whole image or by windows, at which scales, mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

Size = tuple[int, int]


@final
@dataclass(frozen=True)
class Inference:
    """The default asks once, on the whole image as it is."""

    window: Size | None = None
    """Height and width in pixels of the windows that the network sees; overlapping logits are averaged. None: the
    whole image. A side that is longer than the image's is cut to it."""
    stride: Size | None = None
    """Pixels from a window to the next, down and to the right; None: two thirds of the window."""
    scales: tuple[float, ...] = (1.0,)
    """The image is shown at each of these sizes, relative to its own; probabilities are averaged."""
    mirror: bool = False
    """Whether each scale is also shown mirrored left to right, and averaged too."""

    def __post_init__(self) -> None:
        """Raises: ValueError: the values do not go together."""
        if not self.scales or any(not scale > 0 for scale in self.scales):
            raise ValueError(f"scales are {self.scales}; expected one or more numbers above 0")
        if self.window is None:
            if self.stride is not None:
                raise ValueError(f"a stride of {_text(self.stride)} needs a window")
            return
        if min(self.window) < 1 or min(self.steps) < 1:
            raise ValueError(f"window {_text(self.window)} and stride {_text(self.steps)}: expected 1 pixel or more")
        if any(step > side for step, side in zip(self.steps, self.window, strict=True)):
            raise ValueError(
                f"the stride {_text(self.steps)} is larger than the window {_text(self.window)}, so pixels between "
                "windows would be seen by none"
            )

    @property
    def steps(self) -> Size:
        """The stride; two thirds of the window, rounded up, where none was given."""
        if self.stride is not None or self.window is None:
            return self.stride or (1, 1)
        return -(-2 * self.window[0] // 3), -(-2 * self.window[1] // 3)

    @property
    def passes(self) -> int:
        """How many answers are averaged for a pixel, windows apart."""
        return len(self.scales) * (2 if self.mirror else 1)

    def conditions(self) -> dict[str, Any]:
        """Plain data for people."""
        windows = f"windows of {_text(self.window)} every {_text(self.steps)} pixels" if self.window else "whole image"
        return {"input": windows, "scales": list(self.scales), "mirrored": self.mirror}


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"

"""What a trained network is asked: a dense task's inference, predictions of images, pictures of what it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from nasframe.evaluator import Differentiable, Evaluation, EvaluatorCapability, Model, Runtime
from nasframe.outputs import main_output
from nasframe.space import ImageSizes, Size, Task

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Progressing = Callable[[int, int], None]
"""Called now and then with how many of how many are done."""

PictureKind = Literal["labels", "color", "overlay"]
"""``labels``: the labels themselves, for programs; ``color``: one colour a class; ``overlay``: that over the image."""


@final
@dataclass(frozen=True)
class Inference:
    """How a network for a dense task is asked; the default: once, on the whole image as it is."""

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


class Inferring(Differentiable):
    """Measuring a model of a dense task by windows, at several scales, mirrored."""

    @abstractmethod
    def measure_with(self, model: Model, inference: Inference, split: str, progressing: Progressing) -> Evaluation:
        """The score on all of a split; with ``Inference()`` on ``val`` it is the one of ``measure``.

        Raises:
            DataError: there is no such split, or it has no labels to score on.
        """


class Predictor(ABC):
    """Labels images, which need not belong to any data set; needs no data but them."""

    task: Task

    @abstractmethod
    def images(self, split: str) -> Sequence[Path]:
        """The images of a split of the evaluator's own data, with labels or without.

        Raises:
            DataError: there are none.
        """

    @abstractmethod
    def name(self, image: Path, kind: PictureKind) -> str:
        """What the predicted picture of an image is called, such as ``street_labelIds.png`` for ``street.jpg``."""

    def fault(self, image: Path) -> str:
        """Why an image cannot be labelled, as a sentence that names it; empty: it can. Called in threads.

        All images are looked at before any is labelled. Default: nothing is known beforehand.
        """
        return ""

    @abstractmethod
    def predict(
        self, model: Model, images: Sequence[Path], kinds: Collection[PictureKind], inference: Inference
    ) -> Iterator[Mapping[PictureKind, bytes]]:
        """For each image in turn the contents of its picture files, at the image's own size.

        Raises:
            DataError: an image cannot be read.
        """


class Predicting(EvaluatorCapability):
    """Labelling images by a network that the evaluator trained."""

    @classmethod
    @abstractmethod
    def predictor(cls, options: Any, runtime: Runtime) -> Predictor:
        """What labels images as an evaluator with these options would; no data is looked for."""


class Illustrating(EvaluatorCapability):
    """Drawing what a model does."""

    @abstractmethod
    def pictures(self, model: Model, count: int) -> Iterator[tuple[str, np.ndarray]]:
        """Named pictures, (H, W, 3) uint8: for a dense task image, truth and prediction side by side."""


def padded(model: Model, sizes: ImageSizes, stride: int = 1) -> Callable[[Tensor], Tensor]:
    """A model of a dense task for images of every size: what it says of the padding is cut off.

    Images are padded on the right and below, with 0, which is the mean of normalised ones. The main output alone is
    returned.

    Args:
        sizes: which the model takes.
        stride: of the task.

    Returns:
        (N, C, H, W) of any size -> (N, classes, H / stride, W / stride), rounded up.
    """

    def ask(inputs: Tensor) -> Tensor:
        from torch.nn.functional import pad

        height, width = inputs.shape[-2:]
        below, right = sizes.enlarged((height, width))
        if (below, right) == (height, width):
            return main_output(model(inputs))
        found = main_output(model(pad(inputs, (0, right - width, 0, below - height))))
        return found[..., : -(-height // stride), : -(-width // stride)]

    return ask


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"

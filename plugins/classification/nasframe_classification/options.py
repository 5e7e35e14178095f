"""The settings of the evaluator, and what is known of each data set before it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator
from typing_extensions import override

from nasframe import AbsolutePath, Options, Size
from nasframe.files.words import quantity
from nasframe.training.options import TrainingOptions

Data = Literal["digits", "cifar10", "cifar100", "folder"]
Pixels = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]


class Known(NamedTuple):
    """What is known of a data set before it is read."""

    channels: int
    size: Size | None
    """Height and width in pixels; None: of every size."""
    mean: tuple[float, ...]
    """Of each channel, from 0 to 1."""
    std: tuple[float, ...]


IMAGENET = Known(3, None, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KNOWN: dict[Data, Known] = {
    # Of all 1,797 digits, as they are read here.
    "digits": Known(1, (8, 8), (0.3053,), (0.3759,)),
    # As DARTS normalises CIFAR-10; those of CIFAR-100 are of its 50,000 training images.
    "cifar10": Known(3, (32, 32), (0.49139968, 0.48215827, 0.44653124), (0.24703233, 0.24348505, 0.26158768)),
    "cifar100": Known(3, (32, 32), (0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762)),
    "folder": IMAGENET,
}
OFFICIAL = "official"


class ClassificationOptions(Options):
    """Which images, how they vary in training, and how they are learned and scored. The defaults are for the digits."""

    data: Data = "digits"
    """``digits``: the 1,797 handwritten digits of scikit-learn, grey images of 8x8 pixels; ``cifar10``, ``cifar100``:
    their "python version"; ``folder``: a folder ``train`` with a folder of images for each class."""
    root: AbsolutePath | None = None
    """The folder of ``cifar10``, ``cifar100`` or ``folder``; ``~`` is your home, and a relative path starts where the
    command is started. Of CIFAR the unpacked folder or the one that holds it. The digits come with scikit-learn."""
    size: Pixels | tuple[Pixels, Pixels] | None = None
    """Size in pixels at which networks see images: one number for a square, or [height, width]. None: as the images
    are; a ``folder`` needs it."""
    fitting: Literal["resize", "pad"] = "resize"
    """How an image comes to ``size``. ``resize``: enlarged or reduced until it covers it, and its middle is taken;
    ``pad``: as it is, in the middle of black."""
    colour: Literal["rgb", "grey"] = "rgb"
    """What the images of a ``folder`` are read as."""
    val: Share | Name = 0.2
    """``val``: about this share of each class of ``train``, the same whatever the experiment's seed; of a ``folder``
    also the name of the folder beside ``train``. (NASNet, PNAS and AmoebaNet: 0.1, 5,000 images of CIFAR-10.)"""
    holdout: Share | Name | None = "official"
    """What is set aside for the final score alone, which no search and no training sees. ``official``: what the data
    set sets aside: CIFAR's test batch, a folder ``test`` where there is one, a fifth of the digits. A number: about
    that share of each class of ``train``, the same whatever the seed; of a ``folder`` also the name of a folder beside
    ``train``; None: nothing."""
    select_on: Literal["arch", "val"] = "arch"
    """What a search scores on. ``arch``: it sees ``train`` alone: candidates are trained on the half ``weights`` and
    scored on the half ``arch``, as DARTS uses the two. ``val``: they are trained on ``train`` and scored on ``val``, as
    NASNet does, which is then no fair measure of what was selected on it; the holdout is."""
    score: Literal["accuracy", "loss"] = "accuracy"
    """Which metric is the score: what a search and ``keep_best`` choose by. ``loss``: the score is minus the mean
    cross-entropy. Both are always measured."""
    crop_padding: int = Field(default=0, ge=0)
    """A training image is padded with so many black pixels on each side, and a part of its own size is cut out at
    random; 4 is usual for CIFAR, 0: none."""
    flip: float = Field(default=0.0, ge=0, le=1)
    """Probability that a training image is mirrored left to right; 0.5 is usual for CIFAR, and digits want none."""
    cutout: int = Field(default=0, ge=0)
    """Side in pixels of a square that is blanked in every training image, its middle anywhere in it (DeVries and
    Taylor, 2017, arXiv 1708.04552); DARTS: 16, 0: none."""
    mean: tuple[float, ...] | None = None
    """Mean of each channel (0 to 1) that is taken off every image; None: the data set's, of a ``folder`` ImageNet's."""
    std: tuple[Positive, ...] | None = None
    """Standard deviation of each channel (0 to 1) by which every image is divided; None: as for ``mean``."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each target that is spread evenly over all classes in the training's loss (Szegedy et al., 2016, section
    7); 0.1 is usual for ImageNet. The metric ``loss`` is without it."""
    batch: int = Field(default=64, ge=1)
    """Images in a batch."""
    eval_batch: int = Field(default=256, ge=1)
    """Images that are scored at once; changes speed and memory only."""
    memory_mb: int = Field(default=4096, ge=1)
    """Memory for the images, in MiB: all are held in it, on the device, as they are (8 bits a channel). More are
    refused."""
    workers: int = Field(default=2, ge=0)
    """Threads that decode the images of a ``folder`` when a run begins; 0: none. No number depends on it."""
    training: TrainingOptions = TrainingOptions(epochs=20, lr=0.1, schedule="cosine", weight_decay=3e-4)
    """How a network is trained from scratch."""

    @model_validator(mode="after")
    def _check_root(self) -> Self:
        if (self.root is None) != (self.data == "digits"):
            found = "root is given" if self.root else f"data: {self.data} has no root"
            raise ValueError(f"{found}; the digits come with scikit-learn, cifar10, cifar100 and folder want a root")
        if self.data == "folder" and self.size is None:
            raise ValueError("data: folder needs a size: the pixels at which networks see images, such as size: 64")
        for option in ("val", "holdout"):
            value = getattr(self, option)
            if isinstance(value, str) and self.data != "folder" and not (option == "holdout" and value == OFFICIAL):
                raise ValueError(
                    f"{option}: {value} names a folder, and {self.data} has none; expected a share, like 0.2"
                )
        return self

    @model_validator(mode="after")
    def _check_pixels(self) -> Self:
        own = KNOWN[self.data].size
        if own and self.fitting == "pad" and any(side < least for side, least in zip(self.shown, own, strict=True)):
            raise ValueError(f"size {_text(self.shown)} is smaller than the images, {_text(own)}, and pad cuts nothing")
        for option in ("mean", "std"):
            value = getattr(self, option)
            if value is not None and len(value) != self.channels:
                raise ValueError(
                    f"{option} has {quantity(len(value), 'number')} for {quantity(self.channels, 'channel')}"
                )
        return self

    @override
    def lighter(self, phase: Literal["search", "retrain"]) -> Iterator[dict[str, Any]]:
        """Half the batch, in retraining with as many more to an update, so that it sees as much."""
        if self.batch > 1:
            half = self.batch // 2
            more = {"training.accumulate": self.training.accumulate * (self.batch // half)}
            yield {"batch": half, **(more if phase == "retrain" else {})}

    @property
    def shown(self) -> Size:
        """Height and width at which networks see images."""
        if self.size is None:
            own = KNOWN[self.data].size
            assert own is not None, "a folder has a size"
            return own
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def channels(self) -> int:
        """1 of grey images, 3 of others."""
        return 1 if self.data == "folder" and self.colour == "grey" else KNOWN[self.data].channels

    @property
    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel; of grey ones from a folder ImageNet's, averaged."""
        known = KNOWN[self.data]
        mean, std = (
            values if len(values) == self.channels else (sum(values) / len(values),)
            for values in (known.mean, known.std)
        )
        return self.mean or mean, self.std or std


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"

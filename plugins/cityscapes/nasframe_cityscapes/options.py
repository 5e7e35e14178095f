"""The settings that both evaluators share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from nasframe import AbsolutePath, Options
from nasframe.training.options import TrainingOptions

Pixels = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Colour = tuple[float, float, float]
_SHRUNK_BY, _SMALLEST_CROP = 0.75, 33


class HardPixelOptions(Options):
    """Learning from hard pixels alone (OHEM); the defaults are mmsegmentation's."""

    threshold: Annotated[float, Field(gt=0, le=1)] | None = 0.7
    """A pixel is hard if its true class gets less than this probability. None: only the ``fewest`` hardest pixels of an
    image are, the bootstrapped cross-entropy of FRRN (CVPR 2017, section 4)."""
    fewest: int = Field(default=100_000, ge=1)
    """Pixels of an image that are learned from at least, the hardest first; void ones do not count. (A crop of 769
    has 591,361; for smaller crops give less.)"""


class ColourJitterOptions(Options):
    """By how much a training crop's light and colours vary; the names and meanings are torchvision's."""

    brightness: Share = 0.0
    """The picture is multiplied by a factor, drawn uniformly from 1 - this to 1 + this."""
    contrast: Share = 0.0
    """So is each pixel's distance from the picture's mean grey."""
    saturation: Share = 0.0
    """So is each pixel's distance from its own grey."""
    gamma: float = Field(default=0.0, ge=0, lt=0.7)
    """Before all these, the picture (0 to 1) is taken to the power log(0.5 + z) / log(0.5 - z), where z is drawn
    uniformly from minus to plus this / sqrt(2): darker or lighter, with the ends unchanged (FRRN, CVPR 2017: 0.05)."""


class SegmentationOptions(Options):
    """How frames are read, cropped, learned and scored. The defaults are Auto-DeepLab's search (section 4.1)."""

    reduce: int = Field(default=2, ge=1)
    """Divide width and height of every frame by this before all else (the paper: 2). The score is still taken at
    the labels' own size: predictions are enlarged, labels never reduced."""
    crop: Pixels | tuple[Pixels, Pixels] = 321
    """Size of a training crop in pixels after ``reduce``: one number for a square, or [height, width]. Frames
    smaller than it are padded: the image with its mean, the label with void."""
    scale: tuple[Positive, Positive] = (1.0, 1.0)
    """Range of the random enlargement of a training frame before the crop; [0.5, 2.0] is usual, [1, 1]: none."""
    flip: float = Field(default=0.0, ge=0, le=1)
    """Probability that a training crop is mirrored left to right. (The paper names no flips.)"""
    translate: int = Field(default=0, ge=0)
    """A training crop is shifted by up to so many pixels down or up, right or left; what comes in is its mirror image,
    with the label void. For crops of whole frames, which random places do not vary (FRRN: 20)."""
    colour_jitter: ColourJitterOptions | None = None
    """How a training crop's light and colours vary; None: not at all (the paper names none). Where other places or
    hours are scored than were trained on, networks of several seeds agree better with it; 0.4 of each is usual."""
    batch: int = Field(default=2, ge=1)
    """Crops in a batch."""
    halves: Literal["frame", "block", "city"] = "frame"
    """How ``train`` is halved into ``weights`` and ``arch``: ``frame``: frames at random (the paper; neighbours in a
    video leak); ``block``: blocks of neighbouring frames of a city; ``city``: whole cities."""
    block: int = Field(default=20, ge=1)
    """Frames in a block, where ``halves`` is ``block``."""
    select_on: Literal["arch", "val"] = "arch"
    """What a search scores on. ``arch``: it sees ``train`` alone: candidates are trained on the half ``weights`` and
    scored on the half ``arch``, as DARTS uses the two. ``val``: they are trained on ``train`` and scored on ``val``,
    which is then no fair measure of what was selected on it: set a ``holdout`` aside."""
    score: Literal["miou", "category_miou", "class_accuracy", "pixel_accuracy", "frequency_weighted_iou", "loss"] = (
        "miou"
    )
    """Which metric is the score: what a search and ``keep_best`` choose by. ``nasframe signal`` says by which of them
    genotypes can be told apart. ``loss``: the score is minus the mean cross-entropy of the pixels that are not void,
    weighted as in the training (``class_weights``); the metric ``loss`` is measured only then, all others always."""
    val_from_train: float | None = Field(default=None, gt=0, lt=1)
    """``val`` is about this share of ``train``, in whole groups of ``halves``, the same whatever the experiment's seed;
    None: it is the folder of that name. For data whose ``val`` is one short clip: seeds of one network differ less on
    frames of many places, and so fewer trainings tell two networks apart."""
    holdout: Annotated[float, Field(gt=0, lt=1)] | Annotated[str, Field(min_length=1)] | None = None
    """Frames for the final score alone, which no search and no training sees. A number: about that share of ``val``, in
    whole groups of ``halves``, the same whatever the experiment's seed; a name: that split, a folder beside ``train``
    and ``val``; None: nothing is set aside."""
    mean: Colour = (0.485, 0.456, 0.406)
    """Mean of red, green and blue (0 to 1) that is taken off every image; default: ImageNet's."""
    std: tuple[Positive, Positive, Positive] = (0.229, 0.224, 0.225)
    """Standard deviation of red, green and blue (0 to 1) by which every image is divided; default: ImageNet's."""
    class_weights: Literal["none", "inverse_log"] = "none"
    """Weight of a class in the loss. ``inverse_log``: 1 / ln(1.02 + its share of the training pixels) (ENet), 0 where
    it never occurs."""
    ohem: HardPixelOptions | None = None
    """Learn from hard pixels alone; None: from all that are not void. ``{}``: with its defaults."""
    eval_batch: int = Field(default=1, ge=1)
    """Whole frames that are scored at once; changes speed and memory only."""
    val_frames: int | None = Field(default=None, ge=1)
    """Score only so many frames of ``val``, evenly spaced, for quick runs; None: all. The metric ``frames`` tells."""
    instance_iou: bool = False
    """Also compute the instance score (iIoU) of the eight classes that have instances; needs instanceIds files."""
    workers: int = Field(default=2, ge=0)
    """Threads that read ahead; 0: none. No number depends on it."""
    cache_mb: int = Field(default=512, ge=0)
    """Memory for decoded frames, in MiB; frames beyond it are decoded anew each time."""
    decoded_cache: AbsolutePath | None = None
    """Folder for decoded frames instead, made on first use and shared by runs; ``~`` is your home. For data that do not
    fit in memory: four bytes a pixel on disk, 6.2 GB for Cityscapes' train and 1.8 GB for val at reduce 2."""
    training: TrainingOptions = TrainingOptions()
    """How a network is trained from scratch."""

    @model_validator(mode="after")
    def _check_scale(self) -> Self:
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale is [{self.scale[0]}, {self.scale[1]}]; the smaller number comes first")
        return self

    @override
    def lighter(self, phase: Literal["search", "retrain"]) -> Iterator[dict[str, Any]]:
        """Half the batch, in retraining with as many more to an update, so that it sees as much; then smaller crops."""
        if self.batch > 1:
            half = self.batch // 2
            more = {"training.accumulate": self.training.accumulate * (self.batch // half)}
            yield {"batch": half, **(more if phase == "retrain" else {})}
        sides = [shrunk(side) for side in self.crop_size]
        if sides != list(self.crop_size):
            yield {"crop": sides[0] if isinstance(self.crop, int) else sides}

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of a crop."""
        return (self.crop, self.crop) if isinstance(self.crop, int) else self.crop


def shrunk(side: int) -> int:
    """A smaller side of 32·n + 1 pixels, which strided networks like; no less than 33."""
    return max(min(side, _SMALLEST_CROP), int(side * _SHRUNK_BY - 1) // 32 * 32 + 1)

"""The two evaluators: real frames in the Cityscapes layout, and street scenes drawn from a seed.

Both train a network by pixel cross-entropy and score it on whole frames of ``val``, by default by mean IoU. They
differ only in where the frames come from. This module is light: torch and pillow are imported when an evaluator is
constructed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from pydantic import Field
from typing_extensions import override

from nasframe import (
    AbsolutePath,
    Batch,
    Candidate,
    DataError,
    Evaluation,
    Evaluator,
    HoldsOut,
    Illustrating,
    Inference,
    Inferring,
    Labels,
    Model,
    Predicting,
    Predictor,
    Progressing,
    Runtime,
    Size,
    Split,
    Stepper,
    Trainable,
)
from nasframe.training.options import TrainingOptions
from nasframe_cityscapes.options import Pixels, Positive, SegmentationOptions
from nasframe_cityscapes.scenes import SceneOptions

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from nasframe_cityscapes.source import Source


class StreetEvaluator(Evaluator, Trainable, Inferring, HoldsOut, Predicting, Illustrating, ABC):
    """Mean IoU of the 19 Cityscapes classes; abstract: a final class says where the frames lie."""

    labels: ClassVar[Labels | None] = "pixels"

    options: SegmentationOptions

    @staticmethod
    @abstractmethod
    def source(options: Any) -> Source:
        """Where the frames lie that the options name; they are there when it returns."""

    @final
    @override
    def prepare(self) -> None:
        """Find, check and split the frames."""
        from nasframe_cityscapes.segmentation import Segmentation

        try:
            self._segmentation = Segmentation(self.source(self.options), self.options, self.runtime)
        except OSError as error:  # a folder of the data may not be looked into, or a disk fails
            raise DataError(f"{error.filename or 'the data'} cannot be read ({error.strerror or error})") from error
        self.task = self._segmentation.task
        if self.options.score == "loss":
            self.failing_score = -math.log(self.task.num_classes)  # an even guess, however classes are weighted

    @final
    @override
    def evaluate(self, candidate: Candidate, budget: float = 1.0) -> Evaluation:
        """Train the candidate's network from scratch and measure it.

        The result follows from the candidate, the budget and the runtime's seed: every candidate starts from the
        same random numbers.
        """
        from nasframe.training.seeding import seed_all
        from nasframe.training.sgd import concluded, fit

        seed_all(self.runtime.seed, "build")
        network = candidate.build()
        training = self.training(network, budget)
        fit(training, self.runtime.seed)
        return concluded(training, self.measure(network))

    @final
    @classmethod
    @override
    def input_sizes(cls, options: SegmentationOptions) -> Mapping[str, Size]:
        """The training crop; whole frames are padded to what networks take."""
        return {"a training crop": options.crop_size}

    @final
    @override
    def training(self, network: nn.Module, budget: float = 1.0) -> Stepper:
        """SGD by the option ``training``, on ``train``."""
        from nasframe.training.sgd import Training

        return Training(network, self, self.options.training, self.runtime, budget)

    @final
    @override
    def batches(self, split: Split, start: int = 0) -> Iterator[Batch]:
        """Random crops, (N, 3, h, w), with train ids, (N, h, w); of ``val``: the middle of each frame, in order."""
        return self._segmentation.batches(split, start)

    @final
    @override
    def epoch_steps(self, split: Split) -> int:
        """How many batches make one pass over the split."""
        return self._segmentation.epoch_steps(split)

    @final
    @override
    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean cross-entropy of the pixels that are not void."""
        return self._segmentation.loss(model, batch)

    @final
    @override
    def measure(self, model: Model) -> Evaluation:
        """The score on ``val``, whole frames, single scale; by default mean IoU over the classes present."""
        return self._segmentation.measure(model)

    @final
    @override
    def measure_holdout(self, model: Model) -> Evaluation | None:
        """``measure`` on the frames that the option ``holdout`` sets aside."""
        return self._segmentation.measure_holdout(model)

    @final
    @override
    def measure_with(self, model: Model, inference: Inference, split: str, progressing: Progressing) -> Evaluation:
        """The score on a split; with the instance score if there are instance ids."""
        return self._segmentation.measure_with(model, inference, split, progressing)

    @final
    @classmethod
    @override
    def predictor(cls, options: SegmentationOptions, runtime: Runtime) -> Predictor:
        """Label-id pictures as the Cityscapes server wants them, and colours; looks at no data."""
        from nasframe_cityscapes.prediction import StreetPredictor

        return StreetPredictor(partial(cls.source, options), options, runtime)

    @final
    @override
    def pictures(self, model: Model, count: int) -> Iterator[tuple[str, np.ndarray]]:
        """Image, truth and prediction side by side, of evenly spaced frames of ``val``."""
        return self._segmentation.pictures(model, count)

    @final
    @override
    def record(self) -> Mapping[str, Any]:
        """Which frames are in which part, and how they are read."""
        return self._segmentation.record()

    @final
    @override
    def remarks(self) -> Sequence[str]:
        """Images that are both trained on and scored on."""
        return self._segmentation.remarks()

    @final
    @override
    def fingerprint(self) -> Mapping[str, str]:
        """Of every image and label the size and, where the option ``check`` is ``all``, the SHA-256."""
        return self._segmentation.fingerprint()


@final
class Cityscapes(StreetEvaluator):
    """Frames in the Cityscapes layout: Cityscapes itself, or any set stored like it."""

    name = "cityscapes"

    class Options(SegmentationOptions):
        """The defaults are Auto-DeepLab's search; its retraining wants reduce 1, crop 769, scale [0.5, 2], flip 0.5."""

        root: AbsolutePath
        """Folder that holds ``leftImg8bit`` and ``gtFine``; ``~`` is your home, and a relative path starts where the
        command is started."""
        labels: Literal["label_ids", "train_ids"] = "label_ids"
        """Which label files to read: ``*_labelIds.png``, as Cityscapes comes, or ``*_labelTrainIds.png``."""
        check: Literal["all", "headers", "none"] = "all"
        """What to look at before anything is trained. ``all``: decode every image and label once (minutes for the
        whole of Cityscapes; remembered, so the next start is quick); ``headers``: sizes and kinds; ``none``."""

    options: Options

    @staticmethod
    @override
    def source(options: Options) -> Source:
        """The folder that the options name."""
        from nasframe_cityscapes.source import Source

        return Source(Path(options.root), options.labels, options.check)


@final
class Streets(StreetEvaluator):
    """Street scenes drawn from a seed, for machines without data: nothing is downloaded.

    The scenes are written once, in the Cityscapes layout, into the cache folder (``NASFRAME_CACHE``, else
    ``XDG_CACHE_HOME/nasframe``, else ``~/.cache/nasframe``) and then read like any other data set.
    """

    name = "streets"

    class Options(SegmentationOptions):
        """Small scenes, small crops, whole cities apart."""

        scenes: SceneOptions = SceneOptions()
        """What is drawn."""
        reduce: int = Field(default=1, ge=1)
        """Divide width and height of every frame by this before all else."""
        crop: Pixels | tuple[Pixels, Pixels] = (97, 161)
        """Size of a training crop in pixels after ``reduce``: one number for a square, or [height, width]."""
        scale: tuple[Positive, Positive] = (0.75, 1.5)
        """Range of the random enlargement of a training frame before the crop; [1, 1]: none."""
        flip: float = Field(default=0.5, ge=0, le=1)
        """Probability that a training crop is mirrored left to right."""
        batch: int = Field(default=4, ge=1)
        """Crops in a batch."""
        halves: Literal["frame", "block", "city"] = "city"
        """How ``train`` is halved into ``weights`` and ``arch``: by ``frame``, by ``block`` or by whole ``city``."""
        eval_batch: int = Field(default=4, ge=1)
        """Whole frames that are scored at once; changes speed and memory only."""
        workers: int = Field(default=1, ge=0)
        """Threads that read ahead; 0: none. No number depends on it."""
        training: TrainingOptions = TrainingOptions(epochs=30)
        """How a network is trained from scratch."""

    options: Options

    @staticmethod
    @override
    def source(options: Options) -> Source:
        """The folder of the scenes, drawn if they are not there yet."""
        from nasframe_cityscapes.source import Source
        from nasframe_cityscapes.streets import drawn

        return Source(drawn(options.scenes))

"""The evaluator ``classification``: one label an image.

This module is light: torch and pillow are imported when an evaluator is constructed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

from typing_extensions import override

from nasframe import (
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
    Progressing,
    Size,
    Split,
    Stepper,
    Trainable,
)
from nasframe_classification.options import ClassificationOptions

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


@final
class Classification(Evaluator, Trainable, Inferring, HoldsOut, Illustrating):
    """Accuracy of a network that labels whole images, trained by cross-entropy."""

    name: ClassVar[str] = "classification"
    labels: ClassVar[Labels | None] = "images"
    Options = ClassificationOptions

    options: ClassificationOptions

    @override
    def prepare(self) -> None:
        """Read, check and split the images."""
        from nasframe_classification.labelling import Labelling
        from nasframe_classification.sources import read

        try:
            found = read(self.options)
        except OSError as error:  # a folder of the data may not be looked into, or a disk fails
            raise DataError(f"{error.filename or 'the data'} cannot be read ({error.strerror or error})") from error
        self._labelling = Labelling(found, self.options, self.runtime)
        self.task = self._labelling.task
        if self.options.score == "loss":
            self.failing_score = -math.log(self.task.num_classes)  # an even guess

    @classmethod
    @override
    def input_sizes(cls, options: ClassificationOptions) -> Mapping[str, Size]:
        """All images have one size."""
        return {"an image": options.shown}

    @override
    def evaluate(self, candidate: Candidate, budget: float = 1.0) -> Evaluation:
        """Train the candidate's network from scratch and measure it.

        The result follows from the candidate, the budget and the runtime's seed: every candidate starts from the
        same random numbers.
        """
        from nasframe.training.sgd import train_and_measure

        return train_and_measure(self, self.runtime.seed, candidate, budget)

    @override
    def training(self, network: nn.Module, budget: float = 1.0) -> Stepper:
        """SGD by the option ``training``, on ``train``."""
        from nasframe.training.sgd import Training

        return Training(network, self, self.options.training, self.runtime, budget)

    @override
    def batches(self, split: Split, start: int = 0) -> Iterator[Batch]:
        """Images, (N, C, H, W), with their labels, (N,); of ``val`` as they are, in order."""
        return self._labelling.batches(split, start)

    @override
    def epoch_steps(self, split: Split) -> int:
        """How many batches make one pass over the split."""
        return self._labelling.epoch_steps(split)

    @override
    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean cross-entropy, with the option ``label_smoothing``; of several outputs the weighted sum."""
        return self._labelling.loss(model, batch)

    @override
    def measure(self, model: Model) -> Evaluation:
        """The score on ``val``: accuracy, or minus the mean cross-entropy."""
        return self._labelling.measure(model, Inference(), "val")

    @override
    def measure_holdout(self, model: Model) -> Evaluation | None:
        """``measure`` on what the option ``holdout`` sets aside."""
        return self._labelling.measure(model, Inference(), "holdout") if self._labelling.holds_out else None

    @override
    def measure_with(self, model: Model, inference: Inference, split: str, progressing: Progressing) -> Evaluation:
        """The score on a split: windows are crops, whose logits are averaged."""
        return self._labelling.measure(model, inference, split, progressing)

    @override
    def pictures(self, model: Model, count: int) -> Iterator[tuple[str, np.ndarray]]:
        """Mistakes on ``val``, the surest first; then, if there are too few, what was right, the least sure first."""
        return self._labelling.pictures(model, count)

    @override
    def record(self) -> Mapping[str, Any]:
        """How many images of each class are in which part, and which."""
        return self._labelling.record()

    @override
    def remarks(self) -> Sequence[str]:
        """Images that are both trained on and scored on; a data set that is not whole."""
        return self._labelling.remarks()

    @override
    def fingerprint(self) -> Mapping[str, str]:
        """Of every file the size and the SHA-256."""
        return self._labelling.fingerprint()

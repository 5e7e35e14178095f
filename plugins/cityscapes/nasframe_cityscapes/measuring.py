"""Measuring a model on labelled frames: its predictions, one after the other, and the score of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from nasframe import Evaluation, Inference, Model, Progressing, Runtime
from nasframe.training.answering import set_to_eval
from nasframe.training.finite import require_finite
from nasframe.training.reading import ahead
from nasframe_cityscapes.classes import CLASSES, TO_LABEL_ID
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.frames import FrameStore, Picture, read_instances
from nasframe_cityscapes.inference import answers, checked
from nasframe_cityscapes.instances import InstanceCounts, instance_scores
from nasframe_cityscapes.losses import FrameLoss
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.results import evaluation, sizes_text
from nasframe_cityscapes.scoring import by_label_ids, confusion
from nasframe_cityscapes.transforms import normalised


@dataclass(frozen=True)
class Scored:
    """The frames that a score is about."""

    split: str
    frames: tuple[Frame, ...]
    of: int
    """How many frames the split has."""


@final
class Meter:
    """Asks models about frames that it reads by the options."""

    def __init__(self, store: FrameStore, options: SegmentationOptions, runtime: Runtime, weights: Tensor) -> None:
        """Args: weights: of every train id in the loss, (256,), on the runtime's device."""
        self._store = store
        self._weights = weights
        self._options = options
        self._runtime = runtime

    def measure(
        self,
        model: Model,
        inference: Inference,
        scored: Scored,
        *,
        instances: bool,
        progressing: Progressing | None = None,
    ) -> Evaluation:
        """One confusion matrix over all frames, at the labels' own size.

        Args:
            instances: whether to compute the instance score; then every frame has instance ids.
            progressing: called after each frame.
        """
        counts = InstanceCounts() if instances else None
        loss = FrameLoss(self._weights) if self._options.score == "loss" else None
        matrix = np.zeros((len(CLASSES), len(CLASSES) + 1), dtype=np.int64)
        sizes: set[tuple[int, int]] = set()
        predictions = self.predictions(model, inference, scored.frames, whole_label=True, loss=loss)
        for done, (frame, truth, prediction) in enumerate(predictions, 1):
            size = truth.shape[0], truth.shape[1]
            sizes.add(size)
            matrix += confusion(truth, prediction)
            if counts is not None:
                counts.add(read_instances(frame.instances, size), TO_LABEL_ID[prediction])
            if progressing is not None:
                progressing(done, len(scored.frames))
        conditions = {
            "split": scored.split,
            "frames_of_split": scored.of,
            "label_size": sizes_text(sizes),
            **inference.conditions(),
            "reduced_by": self._options.reduce,
        }
        instance = None if counts is None else instance_scores(counts, by_label_ids(matrix))
        mean = None if loss is None else loss.mean
        return evaluation(matrix, len(scored.frames), instance, conditions, self._options.score, mean)

    def predictions(
        self,
        model: Model,
        inference: Inference,
        frames: tuple[Frame, ...],
        *,
        whole_label: bool,
        loss: FrameLoss | None = None,
    ) -> Iterator[tuple[Frame, Picture, Picture]]:
        """Frames with their train ids and the predicted ones, both of the label's size.

        Args:
            loss: what each frame's loss is added to; None: it is not computed.

        Raises:
            RunError: what the model says of a frame is not finite.
        """

        def load(index: int) -> _Loaded:
            return frames[index], *self._store.load(frames[index], whole_label=whole_label)

        asked = checked(model, self._runtime)
        with set_to_eval(model):
            for group in _alike(ahead(load, range(len(frames)), self._options.workers), self._options.eval_batch):
                inputs = np.stack([normalised(image, self._options) for _, image, _ in group])
                height, width = group[0][2].shape
                on_device = torch.from_numpy(inputs).to(self._runtime.device)
                found = answers(asked, on_device, (height, width), inference)
                predicted = found.argmax(1).to(torch.uint8).cpu().numpy()
                require_finite(found, [frame.stem for frame, _, _ in group], model)
                for place, (frame, _, truth) in enumerate(group):
                    if loss is not None:
                        loss.add(found[place], torch.from_numpy(truth).to(found.device), inference)
                    yield frame, truth, predicted[place]


_Loaded = tuple[Frame, Picture, Picture]


def _alike(items: Iterable[_Loaded], size: int) -> Iterator[list[_Loaded]]:
    """Runs of at most ``size`` neighbours whose images and labels have equal shapes."""
    group: list[_Loaded] = []
    for item in items:
        if group and (len(group) == size or _shapes(item) != _shapes(group[0])):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _shapes(item: _Loaded) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return item[1].shape, item[2].shape

"""Segmentation of street scenes in torch: batches on the device, the loss, the score, the pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from nasframe import Batch, Evaluation, Model, RunError, Runtime, Split, Task
from nasframe.precision import autocast
from nasframe_cityscapes.checks import class_pixels
from nasframe_cityscapes.classes import CLASSES, NAMES, PALETTE, TO_LABEL_ID, VOID
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.frames import FrameStore, Picture
from nasframe_cityscapes.instances import InstanceCounts
from nasframe_cityscapes.loading import CropLoader, ahead
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.results import evaluation
from nasframe_cityscapes.scoring import confusion
from nasframe_cityscapes.source import Source, collect, evenly
from nasframe_cityscapes.transforms import normalised


@final
class Segmentation:
    """One data set, read and scored by the options; what both evaluators delegate to."""

    def __init__(self, source: Source, options: SegmentationOptions, runtime: Runtime) -> None:
        self._source = source
        self._options = options
        self._runtime = runtime
        self._frames = collect(source, options, runtime.seed)
        self._store = FrameStore(source.labels, options.reduce, options.cache_mb * 2**20)
        self._loaders = {
            split: CropLoader(split, frames, self._store, options, runtime.seed)
            for split, frames in self._frames.splits.items()
        }
        self._weights = torch.from_numpy(self._class_weights()).to(runtime.device)
        height, width = (-(-length // options.reduce) for length in self._frames.size)
        self.task = Task(in_channels=3, num_classes=len(CLASSES), size=(height, width))

    def batches(self, split: Split, start: int) -> Iterator[Batch]:
        """Batches from number ``start`` on, endlessly."""
        loader = self._loaders[split]
        for crops in ahead(loader.batch, count(start), self._options.workers):
            targets = torch.from_numpy(crops.targets).to(self._runtime.device)
            yield Batch(self._to_device(crops.inputs), targets.long(), crops.stems)

    def epoch_steps(self, split: Split) -> int:
        """Batches in a pass over a split."""
        return self._loaders[split].epoch_steps

    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean cross-entropy of the scored pixels, weighted by class; 0, but on the graph, where there are none."""
        logits = self._logits(model, batch.inputs)  # (N, C, h, w)
        # As rows of pixels: cross-entropy of pictures has no deterministic kernel on CUDA.
        rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1])
        targets = batch.targets.reshape(-1)
        weights = self._weights[targets]
        losses = F.cross_entropy(rows, targets, ignore_index=VOID, reduction="none") * weights
        total = weights.sum()
        return losses.sum() / torch.where(total > 0, total, torch.ones_like(total))

    def measure(self, model: Model) -> Evaluation:
        """One confusion matrix over all measured frames, at the labels' own size."""
        frames = self._frames.measured
        instances = InstanceCounts() if self._options.instance_iou else None
        matrix = np.zeros((len(CLASSES), len(CLASSES) + 1), dtype=np.int64)
        for frame, truth, prediction in self._predictions(model, frames, whole_label=True):
            matrix += confusion(truth, prediction)
            if instances is not None:
                instances.add(np.asarray(Image.open(frame.instances)), TO_LABEL_ID[prediction])
        return evaluation(matrix, len(frames), instances)

    def pictures(self, model: Model, number: int) -> Iterator[tuple[str, Picture]]:
        """Image, truth and prediction side by side, (H, 3 W, 3), of evenly spaced frames of ``val``."""
        frames = evenly(self._frames.splits["val"], number)
        for frame, truth, prediction in self._predictions(model, frames, whole_label=False):
            image, _ = self._store.load(frame, whole_label=False)
            yield frame.stem, np.concatenate([image, PALETTE[truth], PALETTE[prediction]], axis=1)

    def record(self) -> Mapping[str, Any]:
        """What was read: frames of every part, classes, sizes."""
        return {
            "root": str(self._source.root),
            "labels": self._source.labels,
            "classes": list(NAMES),
            "counts": {split: len(frames) for split, frames in self._frames.splits.items()},
            "frames": {
                split: [frame.stem for frame in frames]
                for split, frames in self._frames.splits.items()
                if split != "train"
            },
            "measured": len(self._frames.measured),
            "halves": self._options.halves,
            "seed": self._runtime.seed,
            "size": list(self.task.size),
            "crop": list(self._options.crop_size),
            "mean": list(self._options.mean),
            "std": list(self._options.std),
        }

    def _predictions(
        self, model: Model, frames: tuple[Frame, ...], *, whole_label: bool
    ) -> Iterator[tuple[Frame, Picture, Picture]]:
        """Frames with their train ids and the predicted ones, both of the label's size."""

        def load(index: int) -> tuple[Frame, Picture, Picture]:
            return frames[index], *self._store.load(frames[index], whole_label=whole_label)

        loaded = ahead(load, range(len(frames)), self._options.workers)
        with _evaluating(model), torch.no_grad():
            for group in _alike(loaded, self._options.eval_batch):
                inputs = np.stack([normalised(image, self._options) for _, image, _ in group])
                logits = self._logits(model, self._to_device(inputs))
                size = group[0][2].shape
                if logits.shape[-2:] != size:
                    logits = F.interpolate(logits, size, mode="bilinear", align_corners=False)
                predicted = logits.argmax(1).to(torch.uint8).cpu().numpy()
                for (frame, _, truth), prediction in zip(group, predicted, strict=True):
                    yield frame, truth, prediction

    def _logits(self, model: Model, inputs: Tensor) -> Tensor:
        """Logits in float32 at the inputs' size.

        Raises:
            RunError: the model returned another shape.
        """
        with autocast(self._runtime):
            logits = model(inputs)
        expected = (inputs.shape[0], len(CLASSES), *inputs.shape[-2:])
        if tuple(logits.shape) != expected:
            raise RunError(
                f"the network returned the shape {tuple(logits.shape)} for inputs {tuple(inputs.shape)}; a network for "
                f"{len(CLASSES)} classes returns {expected}: logits at the size of its input"
            )
        return logits.float()

    def _to_device(self, inputs: np.ndarray) -> Tensor:
        return torch.from_numpy(inputs).to(self._runtime.device)

    def _class_weights(self) -> np.ndarray:
        """Weight in the loss of every train id, shape (256,); 0 for void and for classes that never occur."""
        weights = np.zeros(256, dtype=np.float32)
        weights[: len(CLASSES)] = 1
        if self._options.class_weights == "none":
            return weights
        pixels = class_pixels(self._frames.splits["train"], self._source.root, self._source.labels)
        for index, share in enumerate(pixels / pixels.sum()):
            weights[index] = 1 / math.log(1.02 + share) if share > 0 else 0
        return weights


Loaded = tuple[Frame, Picture, Picture]


def _alike(items: Iterable[Loaded], size: int) -> Iterator[list[Loaded]]:
    """Runs of at most ``size`` neighbours whose images and labels have equal shapes."""
    group: list[Loaded] = []
    for item in items:
        if group and (len(group) == size or _shapes(item) != _shapes(group[0])):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _shapes(item: Loaded) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return item[1].shape, item[2].shape


@contextmanager
def _evaluating(model: Model) -> Iterator[None]:
    """A module in eval mode; afterwards each of its submodules as it was."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.training = training

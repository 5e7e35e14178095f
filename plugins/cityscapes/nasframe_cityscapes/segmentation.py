"""Segmentation of street scenes in torch: batches on the device, the loss, the score, the pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nasframe import Batch, DataError, Evaluation, Inference, Model, Progressing, Runtime, Split, total_loss
from nasframe.files.fingerprints import fingerprint_of, sha256_of
from nasframe.training.precision import autocast
from nasframe_cityscapes.checks import class_pixels, require_scored
from nasframe_cityscapes.classes import CLASSES, NAMES, PALETTE, VOID
from nasframe_cityscapes.dataset import DUMMIES, Frame, missing_instances
from nasframe_cityscapes.frames import FrameStore, Picture
from nasframe_cityscapes.hard_pixels import hard_pixels
from nasframe_cityscapes.inference import as_logits
from nasframe_cityscapes.inspection import inspect
from nasframe_cityscapes.loading import CropLoader, ahead
from nasframe_cityscapes.measuring import Meter, Scored
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.repeats import remarks_on_repeats
from nasframe_cityscapes.source import Source, collect, evenly, street_task


def _store(source: Source, options: SegmentationOptions) -> FrameStore:
    folder = None if options.decoded_cache is None else Path(options.decoded_cache)
    return FrameStore(source.labels, options.reduce, options.cache_mb * 2**20, folder)


@final
class Segmentation:
    """One data set, read and scored by the options; what both evaluators delegate to."""

    def __init__(self, source: Source, options: SegmentationOptions, runtime: Runtime) -> None:
        self._source = source
        self._options = options
        self._runtime = runtime
        self._frames = collect(source, options, runtime)
        self._store = _store(source, options)
        self._loaders = {
            split: CropLoader(split, frames, self._store, options, runtime.seed)
            for split, frames in self._frames.splits.items()
        }
        self._weights = torch.from_numpy(self._class_weights()).to(runtime.device)
        self._meter = Meter(self._store, options, runtime, self._weights)
        height, width = (-(-length // options.reduce) for length in self._frames.size)
        self.task = street_task(runtime.image_sizes.enlarged((height, width)))
        self._padded = self.task.size != (height, width)

    def batches(self, split: Split, start: int) -> Iterator[Batch]:
        """Batches from number ``start`` on, endlessly.

        Raises:
            DataError: no pixel of the split is of a scored class; of the halves it is known only now who is used.
        """
        loader, source = self._loaders[split], self._source
        if split in ("weights", "arch"):
            require_scored(split, self._frames.splits[split], source.root, source.labels, source.check)
        for crops in ahead(loader.batch, count(start), self._options.workers):
            targets = torch.from_numpy(crops.targets).to(self._runtime.device)
            yield Batch(self._to_device(crops.inputs), targets.long(), crops.stems)

    def epoch_steps(self, split: Split) -> int:
        """Batches in a pass over a split."""
        return self._loaders[split].epoch_steps

    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean cross-entropy of the scored, or hard, pixels, weighted by class; 0 on the graph if there are none.

        Of several outputs the weighted sum, see ``nasframe.outputs``.
        """
        with autocast(self._runtime):
            found = model(batch.inputs)
        return total_loss(found, lambda output: self._criterion(as_logits(output, batch.inputs), batch))

    def _criterion(self, logits: Tensor, batch: Batch) -> Tensor:
        """The loss of one output. Args: logits: (N, C, h, w)."""
        # As rows of pixels: cross-entropy of pictures has no deterministic kernel on CUDA.
        rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1])
        targets = batch.targets.reshape(-1)
        weights = self._weights[targets]
        losses = F.cross_entropy(rows, targets, ignore_index=VOID, reduction="none")
        if (ohem := self._options.ohem) is not None:
            images = batch.targets.shape[0]
            scored = (targets != VOID).reshape(images, -1)
            hard = hard_pixels(losses.reshape(images, -1), scored, ohem.threshold, ohem.fewest)
            weights = weights * hard.reshape(-1)
        total = weights.sum()
        return (losses * weights).sum() / torch.where(total > 0, total, torch.ones_like(total))

    def measure(self, model: Model) -> Evaluation:
        """``measure_with`` on ``val`` as it is; the instance score only if the options ask for it."""
        return self._meter.measure(model, Inference(), self._scored("val"), instances=self._options.instance_iou)

    def measure_holdout(self, model: Model) -> Evaluation | None:
        """``measure`` on the frames that are set aside; None: none are."""
        if not self._frames.holdout:
            return None
        return self._meter.measure(model, Inference(), self._scored("holdout"), instances=self._options.instance_iou)

    def measure_with(self, model: Model, inference: Inference, split: str, progressing: Progressing) -> Evaluation:
        """One confusion matrix over all scored frames of a split; the instance score if there are instance ids."""
        scored = self._scored(split)
        instances = self._options.instance_iou or not missing_instances(scored.frames)
        return self._meter.measure(model, inference, scored, instances=instances, progressing=progressing)

    def pictures(self, model: Model, number: int) -> Iterator[tuple[str, Picture]]:
        """Image, truth and prediction side by side, (H, 3 W, 3), of evenly spaced frames of ``val``."""
        frames = evenly(self._frames.splits["val"], number)
        for frame, truth, prediction in self._meter.predictions(model, Inference(), frames, whole_label=False):
            image, _ = self._store.load(frame, whole_label=False)
            yield frame.stem, np.concatenate([image, PALETTE[truth], PALETTE[prediction]], axis=1)

    def record(self) -> Mapping[str, Any]:
        """What was read: frames of every part, classes, sizes."""
        return {
            "root": str(self._source.root),
            "labels": self._source.labels,
            "classes": list(NAMES),
            "counts": {split: len(frames) for split, frames in self._parts.items()},
            "frames": {
                split: [frame.stem for frame in frames] for split, frames in self._parts.items() if split != "train"
            },
            "phase": self._runtime.phase,
            "select_on": self._options.select_on,
            "measured": len(self._frames.measured),
            "halves": self._options.halves,
            "seed": self._runtime.seed,
            "size": list(self.task.size),
            "crop": list(self._options.crop_size),
            "mean": list(self._options.mean),
            "std": list(self._options.std),
        }

    def remarks(self) -> list[str]:
        """Images in two of the parts that are trained on, watched and set aside; whether whole frames are padded."""
        names = ("weights", "arch") if self._frames.selects else ("train", "val", "holdout")
        parts: dict[str, tuple[Frame, ...]] = {name: self._parts[name] for name in names if name in self._parts}
        height, width = self.task.size
        padding = f"whole frames are padded to {height}x{width} pixels, as the space's networks take no other sizes"
        return [*remarks_on_repeats(parts, self._source), *([padding] if self._padded else [])]

    def fingerprint(self) -> Mapping[str, str]:
        """What identifies the files of all frames; their contents only where the option ``check`` has them decoded."""
        frames = {frame for part in self._parts.values() for frame in part}
        labels = [path for frame in frames for path in (frame.image, frame.label)]
        ids = [frame.instances for frame in frames if self._options.instance_iou and frame.instances.is_file()]
        root, decode = self._source.root, self._source.check == "all"
        if self._source.check == "none":
            found = {path: fingerprint_of(path.stat().st_size) for path in labels}
        else:
            known = inspect(labels, root, decode=decode)
            found = {path: fingerprint_of(facts.size, facts.sha256 if decode else "") for path, facts in known.items()}
        found |= {path: fingerprint_of(path.stat().st_size, sha256_of(path) if decode else "") for path in ids}
        return {path.relative_to(root).as_posix(): found[path] for path in sorted(found)}

    def _scored(self, split: str) -> Scored:
        """The frames that are scored of a split.

        Raises:
            DataError: there is no such split, or it has no labels.
        """
        splits = self._parts
        if split not in splits:
            known = ", ".join(splits)
            raise DataError(DUMMIES if split == "test" else f"there is no split {split!r}; expected one of {known}")
        frames = self._frames.measured if split == "val" else splits[split]
        name = "arch" if split == "val" and self._frames.selects else split
        return Scored(name, frames, len(splits[split]))

    @property
    def _parts(self) -> dict[str, tuple[Frame, ...]]:
        """All frames by part, those that are set aside among them."""
        holdout = {"holdout": self._frames.holdout} if self._frames.holdout else {}
        return {**{str(name): frames for name, frames in self._frames.splits.items()}, **holdout}

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

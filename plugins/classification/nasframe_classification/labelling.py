"""Image classification in torch: batches on the device, the loss, the score, the pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nasframe import Batch, DataError, Evaluation, Inference, Model, Progressing, Runtime, Split, Task, total_loss
from nasframe.files.repeats import remarks_on_repeats
from nasframe.files.words import quantity
from nasframe.training.answering import as_logits, set_to_eval
from nasframe.training.finite import require_finite
from nasframe.training.precision import autocast
from nasframe.training.reading import BatchOrder
from nasframe_classification.augmenting import Augmentation
from nasframe_classification.data_set import DataSet, Indexes, Pixels
from nasframe_classification.drawing import captioned, plain_name
from nasframe_classification.inference import log_probabilities
from nasframe_classification.options import ClassificationOptions
from nasframe_classification.scoring import TOP, Answers, evaluation
from nasframe_classification.splitting import part


def _nothing(done: int, of: int) -> None:
    """Called where nobody wants to know."""


@final
class Labelling:
    """One data set, split, varied and scored by the options; what the evaluator delegates to."""

    def __init__(self, found: DataSet, options: ClassificationOptions, runtime: Runtime) -> None:
        self._found = found
        self._options = options
        self._runtime = runtime
        self._parts = part(found, options, runtime)
        self._images = torch.from_numpy(self._parts.images.pixels).to(runtime.device)
        self._labels = torch.from_numpy(self._parts.images.labels).to(runtime.device)
        self._augmentation = Augmentation(options, runtime.device)
        self._orders = {
            split: BatchOrder(split, len(places), options.batch, runtime.seed)
            for split, places in self._parts.splits.items()
        }
        self.task = Task(options.channels, len(found.classes), options.shown, dense=False)
        self.holds_out = len(self._parts.holdout) > 0

    def batches(self, split: Split, start: int) -> Iterator[Batch]:
        """Batches from number ``start`` on, endlessly."""
        order, places = self._orders[split], self._parts.splits[split]
        for number in count(start):
            chosen = places[order.indexes(number)]
            images, targets = self._of(chosen)
            varied = self._augmentation.varied(images, order.rng(number)) if order.random else None
            inputs = self._augmentation.plain(images) if varied is None else varied
            yield Batch(inputs, targets, self._names(chosen))

    def epoch_steps(self, split: Split) -> int:
        """Batches in a pass over a split."""
        return self._orders[split].epoch_steps

    def loss(self, model: Model, batch: Batch) -> Tensor:
        """Mean cross-entropy with smoothed labels; of several outputs the weighted sum, see ``nasframe.outputs``."""
        with autocast(self._runtime):
            found = model(batch.inputs)
        smoothing = self._options.label_smoothing

        def criterion(output: Tensor) -> Tensor:
            logits = as_logits(output, batch.inputs, self.task)
            return F.cross_entropy(logits, batch.targets, label_smoothing=smoothing)

        return total_loss(found, criterion)

    def measure(
        self, model: Model, inference: Inference, split: str, progressing: Progressing = _nothing
    ) -> Evaluation:
        """The score on all images of a part.

        Raises:
            DataError: there is no such part.
            RunError: what the model says is not finite.
        """
        places = self._places(split)
        answers = self._answers(model, inference, places, progressing)
        name = "arch" if split == "val" and self._parts.selects else split
        height, width = self._options.shown
        size = {"image_size": f"{height}x{width}"}
        conditions = {"split": name, "images_of_split": len(places), **size, **inference.conditions()}
        labels = self._parts.images.labels[places]
        return evaluation(answers, labels, self._found.classes, self._options.score, conditions)

    def pictures(self, model: Model, number: int) -> Iterator[tuple[str, Pixels]]:
        """Images of ``val`` with their classes: mistakes, the surest first, then the least sure of what was right."""
        places, images = self._parts.splits["val"], self._parts.images
        answers = self._answers(model, Inference(), places, _nothing)
        truth, classes = images.labels[places], self._found.classes
        wrong = answers.said != truth
        order = np.lexsort((np.where(wrong, -answers.sure, answers.sure), ~wrong))
        for at in order[:number]:
            said, true = classes[int(answers.said[at])], classes[int(truth[at])]
            lines = (f"is {true}", f"{'taken for' if wrong[at] else 'found'} {said}, {answers.sure[at]:.0%}")
            what = ("mistake", true, "as", said) if wrong[at] else ("right", true)
            place = int(places[at])
            yield plain_name(*what, images.names[place]), captioned(images.pixels[place], lines)

    def record(self) -> Mapping[str, Any]:
        """What was read: classes, how many images of each are in which part, and a checksum of which these are."""
        labels, classes = self._parts.images.labels, self._found.classes
        counts = {name: np.bincount(labels[places], minlength=len(classes)) for name, places in self._all.items()}
        mean, std = self._options.normalisation
        return {
            "data": self._options.data,
            "root": self._options.root,
            "classes": list(classes),
            "counts": {name: len(places) for name, places in self._all.items()},
            "of_class": {name: [int(one) for one in counted] for name, counted in counts.items()},
            "images": {name: self._checksum(places) for name, places in self._all.items()},
            "phase": self._runtime.phase,
            "select_on": self._options.select_on,
            "seed": self._runtime.seed,
            "size": list(self.task.size),
            "mean": list(mean),
            "std": list(std),
        }

    def remarks(self) -> list[str]:
        """Images in two of the parts that are trained on, watched and set aside; splits that are not whole."""
        names = ("weights", "arch") if self._parts.selects else ("train", "val", "holdout")
        pixels = self._parts.images.pixels
        parts = {
            name: {
                self._parts.images.names[place]: hashlib.blake2b(pixels[place].tobytes(), digest_size=16).hexdigest()
                for place in self._all[name]
            }
            for name in names
            if name in self._all
        }
        return [*remarks_on_repeats(parts, "pixel for pixel"), *self._not_whole()]

    def fingerprint(self) -> Mapping[str, str]:
        """What identifies the files."""
        return self._found.files

    def _not_whole(self) -> Iterator[str]:
        for split, published in self._found.whole.items():
            here = quantity(len(self._found.splits[split].labels), "image")
            if here != quantity(published, "image"):
                yield f"{split} has {here}, and {self._options.data} as it is published {published:,}"

    def _answers(self, model: Model, inference: Inference, places: Indexes, progressing: Progressing) -> Answers:
        said, sure, losses, among = [], [], [], []
        size = self._options.eval_batch
        with set_to_eval(model), torch.no_grad():
            for begin in range(0, len(places), size):
                chosen = places[begin : begin + size]
                images, targets = self._of(chosen)
                shown = self._augmentation.plain(images)
                logs = log_probabilities(model, shown, inference, self.task, self._runtime).double()
                require_finite(logs, self._names(chosen), model)
                top = logs.topk(min(TOP, logs.shape[1]), dim=1)
                said.append(logs.argmax(1).cpu().numpy())
                sure.append(top.values[:, 0].exp().cpu().numpy())
                losses.append(-logs.gather(1, targets[:, None])[:, 0].cpu().numpy())
                among.append((top.indices == targets[:, None]).any(1).cpu().numpy())
                progressing(min(begin + size, len(places)), len(places))
        return Answers(*(np.concatenate(one) for one in (said, sure, losses, among)))

    def _of(self, chosen: Indexes) -> tuple[Tensor, Tensor]:
        """Images and labels on the device."""
        at = torch.from_numpy(chosen).to(self._images.device)
        return self._images[at], self._labels[at]

    def _names(self, chosen: Indexes) -> tuple[str, ...]:
        return tuple(self._parts.images.names[place] for place in chosen)

    def _checksum(self, places: Indexes) -> str:
        return hashlib.sha256("\n".join(self._names(places)).encode()).hexdigest()

    def _places(self, split: str) -> Indexes:
        """Raises: DataError: there is no such part."""
        if split not in self._all:
            raise DataError(f"there is no split {split!r}; expected one of {', '.join(self._all)}")
        return self._all[split]

    @property
    def _all(self) -> dict[str, Indexes]:
        """All parts, what is set aside among them."""
        holdout = {"holdout": self._parts.holdout} if self.holds_out else {}
        return {**{str(name): places for name, places in self._parts.splits.items()}, **holdout}

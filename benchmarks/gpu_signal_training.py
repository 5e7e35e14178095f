"""Training small networks at once on one GPU, each on a stream of its own, a step being one CUDA graph.

Such networks are bound by the launching of some hundred small kernels a step. So all that a step needs lies on the
device from the beginning: the frames, the crops and rates of all steps, and the number of the step, by which it finds
its own. Nothing comes from the host or goes there, so that a step can be captured as a graph, and the graphs of several
networks run side by side. On a CPU, or without graphs, the same functions are called as they are.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from gpu_signal_pack import CLASSES
from torch import Tensor, nn
from torch.nn import functional

from nasframe.training.options import TrainingOptions
from nasframe.training.sgd import learning_rate

MEAN, STD = (0.4125, 0.4257, 0.4332), (0.3042, 0.3086, 0.3043)
"""Of CamVid's training frames, as in examples/camvid.yaml."""
SCALE = (0.75, 1.5)
"""Range of the random enlargement of a frame before the crop."""
MOMENTUM, DECAY, CLIP = 0.9, 1e-4, 5.0
"""Of SGD; L2 penalty on weights of convolutions; largest norm of the gradient."""
WARMUP = 0.05
"""Share of the steps over which the learning rate rises."""
ALIGNMENT = 64
"""Numbers (256 bytes): where a parameter may begin in the tensor of all, so that convolutions can use it well."""
TRIED = 2
"""Steps before a capture, which are also what the graph is compared with."""
TOLERANCE = 0.2
"""How far a graph's steps may be from the steps before it, relative to how far they go; sums in another order differ a
little, a graph that reads what is no longer there altogether."""


class CaptureError(RuntimeError):
    """A step cannot be captured as a graph, or the graph computes something else."""


@dataclass(frozen=True)
class Recipe:
    """How every network is trained."""

    steps: int
    batch: int
    crop: tuple[int, int]
    """Height and width."""
    lr: float
    """At its highest; it falls to 0."""
    ema: float
    """Share that the moving average of the weights keeps in each step; the average is what is scored."""
    class_weights: str
    """``none`` or ``inverse_log``."""


@final
class Frames:
    """A data set on a device, all frames of one size."""

    def __init__(self, arrays: dict[str, np.ndarray], class_weights: str, device: torch.device) -> None:
        """Args: arrays: ``{train,val}_images``, (N, H, W, 3), and ``_labels``, (N, H, W) of train ids, all uint8."""
        self.device = device
        self.images = _normalised(arrays["train_images"], device)
        # Classes count from 1 here: 0, with which a crop is padded, is void.
        self.labels = _from_one(arrays["train_labels"], device).float()[:, None]  # (N, 1, H, W)
        self.val_images = _normalised(arrays["val_images"], device)
        self.val_labels = _from_one(arrays["val_labels"], device).long()
        self.importance = torch.from_numpy(_importance(arrays["train_labels"], class_weights)).to(device)
        self.calibration = self._calibration()
        """Whole training frames, evenly spaced, in batches as large as ``val``: one shape for all that is measured."""

    def _calibration(self) -> list[Tensor]:
        size = min(len(self.images), len(self.val_images))
        batches = len(self.images) // size
        places = torch.linspace(0, len(self.images) - 1, batches * size).long().to(self.device)
        return [self.images[part] for part in places.reshape(size, batches).T]


def _normalised(images: np.ndarray, device: torch.device) -> Tensor:
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, STD))
    return (torch.from_numpy(images).to(device).permute(0, 3, 1, 2).contiguous() / 255 - mean) / std


def _from_one(labels: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(labels).to(device) + 1  # of bytes: void, 255, becomes 0


def _importance(labels: np.ndarray, class_weights: str) -> np.ndarray:
    """Weight in the loss of void and every class, (CLASSES + 1,); ``inverse_log`` as ENet's."""
    importance = np.ones(CLASSES + 1, dtype=np.float32)
    if class_weights == "inverse_log":
        pixels = np.bincount(labels.ravel(), minlength=256)[:CLASSES]
        shares = pixels / pixels.sum()
        importance[1:] = np.where(shares > 0, 1 / np.log(1.02 + shares), 0)
    importance[0] = 0
    return importance


@final
class Schedule:
    """The rates of all steps, and their crops, which follow from the seed and the step alone."""

    def __init__(self, recipe: Recipe, frames: Frames) -> None:
        self._recipe = recipe
        self._frames = frames
        steps = range(recipe.steps)
        options = TrainingOptions(steps=recipe.steps, lr=recipe.lr, warmup_steps=int(WARMUP * recipe.steps))
        device = frames.device
        self.rates = torch.tensor([learning_rate(options, step, recipe.steps) for step in steps], device=device)
        moves = [1 - min(recipe.ema, (1 + step) / (10 + step)) for step in steps]
        self.moves = torch.tensor(moves, device=device)  # how far the average goes towards the weights
        self.rows, self.columns = (torch.linspace(-1, 1, side, device=device) for side in recipe.crop)
        self.order = torch.zeros(recipe.steps, recipe.batch, dtype=torch.int64, device=device)
        self.windows = torch.zeros(recipe.steps, recipe.batch, 4, device=device)
        self.draw(0)

    def draw(self, seed: int) -> None:
        """Fill in the crops of a seed: frames in a random order in each epoch, windows of any scale and place."""
        for_order, for_windows = np.random.default_rng(seed).spawn(2)
        number, count = self.order.numel(), len(self._frames.images)
        order = np.concatenate([for_order.permutation(count) for _ in range(math.ceil(number / count))])
        self.order.copy_(torch.from_numpy(order[:number].reshape(self.order.shape)))
        self.windows.copy_(torch.from_numpy(self._windows(for_windows)))

    def crops(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, 3, h, w) and labels (N, h, w), which count from 1, of a step, (1,)."""
        order = self.order.index_select(0, step)[0]
        window = self.windows.index_select(0, step)[0].T[..., None]  # (4, N, 1)
        y = window[0] * self.rows + window[1]  # (N, h)
        x = window[2] * self.columns + window[3]  # (N, w)
        shape = (len(y), y.shape[1], x.shape[1])
        grid = torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], dim=-1)
        images = functional.grid_sample(self._frames.images.index_select(0, order), grid, align_corners=True)
        labels = self._frames.labels.index_select(0, order)
        labels = functional.grid_sample(labels, grid, mode="nearest", align_corners=True)
        return images, labels[:, 0].long()

    def _windows(self, rng: np.random.Generator) -> np.ndarray:
        """Gain and shift of y and of x: from the crop's places to the frame's, both from -1 to 1; (steps, batch, 4)."""
        scale, top, left, mirrored = np.moveaxis(rng.random((*self.order.shape, 4)), -1, 0)
        scale = SCALE[0] + scale * (SCALE[1] - SCALE[0])
        gains, shifts = [], []
        for place, crop, whole in zip((top, left), self._recipe.crop, self._frames.images.shape[-2:], strict=True):
            gain = (crop - 1) / scale / (whole - 1)
            gains.append(gain)
            shifts.append(2 * place * np.maximum(0, 1 - gain) - 1 + gain)
        gains[1] = np.where(mirrored < 0.5, -gains[1], gains[1])
        return np.stack([gains[0], shifts[0], gains[1], shifts[1]], axis=-1).astype(np.float32)


@final
class FlatParameters:
    """All parameters of a network as parts of one tensor, so that an update is a few operations."""

    def __init__(self, network: nn.Module) -> None:
        parameters = self.parameters = list(network.parameters())
        room = [math.ceil(one.numel() / ALIGNMENT) * ALIGNMENT for one in parameters]
        self.values = torch.zeros(sum(room), device=parameters[0].device)
        self.decayed = torch.zeros_like(self.values)
        """1 where the L2 penalty applies: not to biases and batch norms."""
        self._gaps = [self.values.new_zeros(size - one.numel()) for size, one in zip(room, parameters, strict=True)]
        for parameter, part, decayed in zip(
            parameters, *(t.split(room) for t in (self.values, self.decayed)), strict=True
        ):
            part[: parameter.numel()] = parameter.detach().flatten()
            parameter.data = part[: parameter.numel()].view(parameter.shape)
            decayed.fill_(float(parameter.ndim > 1))

    def gradient(self, loss: Tensor) -> Tensor:
        """Of all values, 0 in the gaps."""
        found = torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True)
        return torch.cat([part for one, gap in zip(found, self._gaps, strict=True) for part in (one.reshape(-1), gap)])


@final
class Replay:
    """Work on tensors that stay, done on a stream; once it is captured, by its graph."""

    def __init__(self, work: Callable[[], None], stream: torch.cuda.Stream | None) -> None:
        self._work = work
        self._stream = stream
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Do it; on a GPU it is only begun."""
        with on(self._stream):
            if self._graph is None:
                self._work()
            else:
                self._graph.replay()

    def capture(self) -> None:
        """Make the graph, which does not do the work.

        Raises:
            CaptureError: it cannot be made; nothing more should then be done by this process.
        """
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._stream):
                self._work()
        except RuntimeError as error:
            raise CaptureError(str(error)) from error
        self._graph = graph


def on(stream: torch.cuda.Stream | None) -> contextlib.AbstractContextManager[object]:
    """The context of a stream, or none."""
    return contextlib.nullcontext() if stream is None else torch.cuda.stream(stream)


@dataclass(frozen=True)
class Measured:
    """What was found on ``val``."""

    matrix: Tensor
    """Pixels by truth and prediction, (CLASSES, CLASSES)."""
    loss: Tensor
    """Mean cross-entropy, unweighted."""


@final
class Training:
    """A network that is trained by a recipe from given weights, as often as wanted."""

    def __init__(
        self, network: nn.Module, frames: Frames, schedule: Schedule, stream: torch.cuda.Stream | None
    ) -> None:
        """Args: network: on the frames' device, and this training's from now on."""
        self._frames = frames
        self._schedule = schedule
        self._stream = stream
        self._network = network.train()
        self.shown = copy.deepcopy(network)
        """The network with the average of the weights, which is what is measured."""
        self._norms = [module for module in self.shown.modules() if isinstance(module, nn.BatchNorm2d)]
        self._own, self._average = FlatParameters(self._network), FlatParameters(self.shown)
        self._velocity = torch.zeros_like(self._own.values)
        self._step = torch.zeros(1, dtype=torch.int64, device=frames.device)
        self._matrix = torch.zeros(CLASSES + 1, CLASSES, dtype=torch.int64, device=frames.device)
        self._loss = torch.zeros((), device=frames.device)
        self.step = Replay(self._do_step, stream)
        self.measurement = Replay(self._measure, stream)

    def begin(self, initial: Tensor) -> None:
        """Start at the first step with the ``FlatParameters`` of a network of the same genotype, wherever they lie."""
        for kept in (self._own, self._average):
            kept.values.copy_(initial)
        for norm in self._norms:
            norm.reset_running_stats()
        self._velocity.zero_()
        self._step.zero_()

    def measure(self) -> Measured:
        """Score the average of the weights, with batch norms' statistics taken anew from training frames."""
        self.measurement()
        with on(self._stream):
            return Measured(self._matrix[1:].clone(), self._loss.clone())

    def capture(self, initial: Tensor) -> None:
        """Make graphs of the step and of the measurement, and see that they do the same.

        Raises:
            CaptureError: they cannot be made, or do not.
        """
        expected = self._tried(initial)
        self.step.capture()
        self.measurement.capture()
        found = self._tried(initial)
        for name, before, now in zip(("step", "measurement"), expected, found, strict=True):
            apart = float((before - now).norm() / before.norm())
            if not apart < TOLERANCE:
                raise CaptureError(f"the graph of the {name} is {apart:.1%} away from what it was made of")

    def _tried(self, initial: Tensor) -> tuple[Tensor, Tensor]:
        """How far some steps move the weights, and the confusion matrix then."""
        self.begin(initial)
        start = self._own.values.clone()
        wait(self._frames.device)
        for _ in range(TRIED):
            self.step()
        matrix = self.measure().matrix
        wait(self._frames.device)
        return self._own.values - start, matrix.float()

    def _do_step(self) -> None:
        images, labels = self._schedule.crops(self._step)
        importance = self._frames.importance[labels]
        losses = cross_entropy(self._network(images), labels)
        loss = (losses * importance).sum() / importance.sum().clamp(min=1e-6)
        gradient = self._own.gradient(loss)
        with torch.no_grad():
            values, velocity = self._own.values, self._velocity
            gradient = gradient * (CLIP / (gradient.norm() + 1e-6)).clamp(max=1)
            velocity.mul_(MOMENTUM).add_(gradient).addcmul_(values, self._own.decayed, value=DECAY)
            values.sub_(velocity * self._schedule.rates.index_select(0, self._step))
            self._average.values.lerp_(values, self._schedule.moves.index_select(0, self._step))
            self._step.add_(1)

    @torch.no_grad()
    def _measure(self) -> None:
        self.shown.train()
        for number, images in enumerate(self._frames.calibration, 1):
            for norm in self._norms:
                norm.momentum = 1 / number  # so that all batches count alike
            self.shown(images)
        labels = self._frames.val_labels
        logits = self.shown.eval()(self._frames.val_images)
        counted = (labels > 0).float()
        self._loss.copy_((cross_entropy(logits, labels) * counted).sum() / counted.sum())
        pairs = (labels * CLASSES + logits.argmax(1)).flatten()
        self._matrix.zero_().view(-1).index_add_(0, pairs, torch.ones_like(pairs))


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of each pixel, (N, h, w); labels count from 1, and what stands for void has no meaning."""
    rows = logits.permute(0, 2, 3, 1).reshape(-1, CLASSES)  # of pictures it has no deterministic kernel on CUDA
    targets = (labels - 1).clamp(min=0).flatten()
    return functional.cross_entropy(rows, targets, reduction="none").view(labels.shape)


def train_together(
    trainings: Sequence[Training], initial: Sequence[Tensor], schedule: Schedule, marks: Sequence[int]
) -> list[list[Measured]]:
    """Train from given parameters, on a GPU all at once, and measure after so many steps; by training and mark."""
    for training, values in zip(trainings, initial, strict=True):
        training.begin(values)
    wait(schedule.rates.device)
    measured: list[list[Measured]] = [[] for _ in trainings]
    for step in range(1, len(schedule.rates) + 1):
        for training in trainings:
            training.step()
        if step in marks:
            for training, found in zip(trainings, measured, strict=True):
                found.append(training.measure())
    wait(schedule.rates.device)
    return measured


def wait(device: torch.device) -> None:
    """Until a GPU has done all that was begun, on any stream."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)

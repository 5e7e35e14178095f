"""The components of the plug-in for tests."""

from typing import Literal

from pydantic import Field

import nasframe


class Hard(nasframe.SearchSpace):
    name = "hard"

    class Options(nasframe.Options):
        layers: int = Field(2, ge=1)
        """How many layers."""
        filters: int = Field(4, ge=1)
        """Channels of every layer."""
        shape: Literal["wide", "deep"] = "wide"
        """What it looks like."""
        rates: tuple[int, ...] = (1, 2)
        """Dilation rates in pixels."""

    def decide(self, choose):
        for layer in range(self.options.layers):
            choose(f"layer{layer}", ("conv", "linear"))

    def build(self, genotype, task):
        from torch import nn

        layers = [nn.Conv2d(task.in_channels, self.options.filters, 3, padding=1)]
        for _, answer in genotype.decisions:
            if answer == "conv":
                layers.append(nn.Conv2d(self.options.filters, self.options.filters, 3, padding=1, groups=2, bias=False))
        return nn.Sequential(*layers, nn.Conv2d(self.options.filters, task.num_classes, 1))

    def graph(self, genotype=None):
        raise NotImplementedError


class Soft(Hard, nasframe.Relaxable):
    name = "soft"

    def relax(self, task, weigh):
        raise NotImplementedError


class Data(nasframe.Options):
    """Where the images are."""

    root: str
    """Folder of the images."""
    share: float = Field(0.5, gt=0, le=1)
    """Share of the images that is used."""


class Tabular(nasframe.Evaluator):
    name = "tabular"

    class Options(nasframe.Options):
        crop: int = Field(32, ge=8)
        """Pixels of a crop."""
        rows: int | Literal["all"] = "all"
        """How many rows are read."""

    def prepare(self):
        raise AssertionError("checking an experiment must not touch data")

    def evaluate(self, candidate, budget=1.0):
        raise NotImplementedError


class Smooth(nasframe.Evaluator, nasframe.Differentiable):
    name = "smooth"

    class Options(nasframe.Options):
        data: Data
        """The images."""
        crop: int = 32
        """Pixels of a crop."""

    def prepare(self):
        raise AssertionError("checking an experiment must not touch data")

    def evaluate(self, candidate, budget=1.0):
        raise NotImplementedError

    def batches(self, split, start=0):
        raise NotImplementedError

    def epoch_steps(self, split):
        raise NotImplementedError

    def loss(self, model, batch):
        raise NotImplementedError

    def measure(self, model):
        raise NotImplementedError


class Guess(nasframe.Strategy):
    name = "guess"

    class Options(nasframe.Options):
        steps: int = Field(10, ge=1)
        """How many guesses."""

    def __init__(self, problem, options):
        raise NotImplementedError

    def step(self, index, rng):
        raise NotImplementedError

    def best(self):
        raise NotImplementedError

    def state_dict(self):
        raise NotImplementedError

    def load_state_dict(self, state):
        raise NotImplementedError


class Gradient(Guess):
    name = "gradient"
    needs = (nasframe.Relaxable, nasframe.Differentiable)

    class Options(nasframe.Options):
        epochs: float = Field(40, gt=0)
        """Length in passes over the data."""
        warmup: float = Field(20, ge=0)
        """Passes that train weights only."""


BEST = nasframe.GenotypeRecord(
    nasframe.Genotype("hard", (("layer0", "conv"), ("layer1", "linear"))), {"filters": 6}, "nowhere"
)

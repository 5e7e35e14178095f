"""The laws of every evaluator, on digits, on CIFAR's format and on folders."""

import pytest
from torch import nn

from nasframe import Runtime
from nasframe.testing import EvaluatorContract
from nasframe_classification.evaluator import Classification
from nasframe_classification.options import ClassificationOptions as Options

QUICK = {"batch": 8, "training": {"steps": 3, "lr": 0.05, "ema": 0.9}}


class Labels(EvaluatorContract):
    def network(self):
        task = self.make().task
        return nn.Sequential(
            nn.Conv2d(task.in_channels, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, task.num_classes),
        )


class TestDigits(Labels):
    def make(self):
        varied = {"crop_padding": 1, "cutout": 3, "label_smoothing": 0.1, "score": "loss"}
        return Classification(Options(**QUICK, **varied), Runtime(seed=2))


class TestCifar(Labels):
    @pytest.fixture(autouse=True)
    def data(self, cifar10):
        self.root = str(cifar10)

    def make(self):
        return Classification(Options(data="cifar10", root=self.root, crop_padding=4, flip=0.5, cutout=16, **QUICK))


class TestFolders(Labels):
    @pytest.fixture(autouse=True)
    def data(self, folders):
        self.root = str(folders)

    def make(self):
        return Classification(Options(data="folder", root=self.root, size=(8, 12), flip=0.5, workers=1, **QUICK))

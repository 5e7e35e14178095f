"""Networks that answer NaN or infinity are neither scored nor labelled with, and the image is named."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nasframe import Inference, RunError, Runtime
from nasframe_cityscapes.evaluator import Cityscapes

ALL = [Inference(), Inference((17, 21), (9, 13)), Inference(scales=(0.5, 1), mirror=True)]
IDS = ["once", "windows", "averaged"]


def make(root, **options):
    return Cityscapes(Cityscapes.Options(root=str(root), reduce=1, **options), Runtime())


class Blinded(nn.Module):
    """Answers a value that is not finite at one pixel of the images whose first pixel is white."""

    def __init__(self, value):
        super().__init__()
        self.layer = nn.Conv2d(3, 19, 1)
        self.value = value

    def forward(self, images):
        logits = self.layer(images).clone()
        logits[images[:, 0, 0, 0] > 2, 4, 0, 0] = self.value
        return logits


@pytest.fixture
def root(write_tree):
    """Frames that are dark at their first pixel, but for the second of val."""
    root = write_tree({"train": {"aa": 2}, "val": {"dd": 3}}, size=(28, 44))
    for path in root.glob("leftImg8bit/val/*/*.png"):
        pixels = np.array(Image.open(path))
        pixels[:3, :3] = 255 if path.name.startswith("dd_000000_000001") else 0
        Image.fromarray(pixels).save(path)
    return root


@pytest.mark.parametrize("inference", ALL, ids=IDS)
def test_the_frame_is_named_however_the_network_is_asked(root, inference):
    evaluator = make(root, eval_batch=3)
    with pytest.raises(RunError, match=r"says of dd_000000_000001 is not finite: of 23,408 values [1-9]\d* are NaN"):
        evaluator.measure_with(Blinded(math.nan), inference, "val", lambda done, total: None)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_logits_are_refused_too(root, value):
    with pytest.raises(RunError, match="0 are NaN and 1 infinite"):
        make(root).measure(Blinded(value))


def test_pictures_of_a_run_are_not_drawn_from_nan(root):
    with pytest.raises(RunError, match="dd_000000_000001 is not finite"):
        dict(make(root).pictures(Blinded(math.nan), 3))


@pytest.mark.parametrize("inference", ALL, ids=IDS)
def test_an_image_is_not_labelled_from_nan(root, inference):
    images = sorted(root.glob("leftImg8bit/val/*/*.png"))
    evaluator = make(root)
    predictor = Cityscapes.predictor(evaluator.options, evaluator.runtime)
    labelled = predictor.predict(Blinded(math.nan), images, ["labels"], inference)
    assert next(labelled)["labels"]
    with pytest.raises(RunError, match=r"000001_leftImg8bit\.png is not finite"):
        next(labelled)


def test_weights_of_nan_are_named(root):
    network = nn.Conv2d(3, 19, 1)
    torch.nn.init.constant_(network.weight, math.nan)
    with pytest.raises(RunError, match=r"of 23,408 values 23,408 are NaN .* its weights are not either, in weight\."):
        make(root).measure(network)

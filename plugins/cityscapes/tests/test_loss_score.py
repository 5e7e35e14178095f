"""The loss of whole frames as the score: minus it, so that more is better."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nasframe import Inference, Runtime
from nasframe.testing import EvaluatorContract
from nasframe.training.options import TrainingOptions
from nasframe_cityscapes.classes import TO_TRAIN_ID
from nasframe_cityscapes.evaluator import Cityscapes
from nasframe_cityscapes.losses import FrameLoss

WEIGHED = {"class_weights": "inverse_log"}


def make(root, **options):
    training = TrainingOptions(epochs=1, lr=0.01)
    chosen = {"reduce": 1, "crop": (16, 24), "halves": "city", "score": "loss", "training": training, **options}
    return Cityscapes(Cityscapes.Options(root=str(root), **chosen), Runtime())


def by_brightness(inputs):
    """A model that looks at single pixels: logits (N, 19, H, W) that follow from the colour."""
    return torch.linspace(-1, 1, 19)[None, :, None, None] * inputs.mean(1, keepdim=True)


def read(root, split, name):
    """A frame as the network sees it, and its train ids."""
    image = np.asarray(Image.open(root / "leftImg8bit" / split / f"{name}_leftImg8bit.png")) / 255
    inputs = (image - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    label = np.asarray(Image.open(root / "gtFine" / split / f"{name}_gtFine_labelIds.png"))
    return torch.tensor(inputs).permute(2, 0, 1)[None].float(), torch.tensor(TO_TRAIN_ID["label_ids"][label]).long()


def frames(root, split):
    paths = sorted((root / "leftImg8bit" / split).glob("*/*.png"))
    return [read(root, split, f"{path.parent.name}/{path.name.removesuffix('_leftImg8bit.png')}") for path in paths]


def class_weights(root):
    """ENet's, of the split ``train``; None stands for equal ones."""
    pixels = np.bincount(np.concatenate([truth.numpy().ravel() for _, truth in frames(root, "train")]), minlength=19)
    shares = pixels[:19] / pixels[:19].sum()
    return torch.tensor([1 / math.log(1.02 + share) if share else 0.0 for share in shares], dtype=torch.float32)


class TestByLoss(EvaluatorContract):
    @pytest.fixture(autouse=True)
    def _root(self, write_tree):
        self.root = write_tree()

    def make(self):
        return make(self.root, workers=0, **WEIGHED)


@pytest.mark.parametrize("options", [{}, WEIGHED], ids=["equal", "inverse_log"])
def test_it_is_minus_the_weighted_mean_over_all_pixels_that_are_not_void(options, write_tree):
    root = write_tree()
    for kind, suffix in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        path = root / kind / "val" / "dd" / f"dd_000000_000001_{suffix}.png"
        Image.fromarray(np.asarray(Image.open(path))[:16, :20]).save(path)  # so that a mean of means is another
    rows = [(by_brightness(inputs)[0].flatten(1).T, truth.flatten()) for inputs, truth in frames(root, "val")]
    logits, truth = (torch.cat(part) for part in zip(*rows, strict=True))
    weights = class_weights(root) if options else None
    expected = nn.functional.cross_entropy(logits.double(), truth, None if weights is None else weights.double(),
                                           ignore_index=255).item()  # fmt: skip
    result = make(root, **options).measure(by_brightness)
    assert (truth == 255).any()
    assert result.score == pytest.approx(-expected, rel=1e-5)
    assert (result.metrics["loss"], next(iter(result.metrics))) == (-result.score, "loss")


def test_all_other_metrics_are_what_they_are_without_it_and_only_then_it_is_measured(write_tree):
    root = write_tree()
    with_loss, without = make(root).measure(by_brightness), make(root, score="miou").measure(by_brightness)
    others = {name: value for name, value in with_loss.metrics.items() if name != "loss"}
    assert others == without.metrics and "loss" not in without.metrics
    assert with_loss.tables == without.tables


def test_of_averaged_passes_it_is_the_loss_of_the_mean_probabilities(write_tree):
    root = write_tree()
    torch.manual_seed(0)
    network = nn.Conv2d(3, 19, 3, padding=1)
    result = make(root).measure_with(network, Inference(mirror=True), "val", lambda done, total: None)
    total = pixels = 0
    for inputs, truth in frames(root, "val"):
        with torch.no_grad():
            mean = (network(inputs).softmax(1) + network(inputs.flip(-1)).softmax(1).flip(-1)) / 2
        scored = truth != 255
        total -= mean[0].permute(1, 2, 0)[scored].gather(1, truth[scored][:, None]).log().sum().item()
        pixels += int(scored.sum())
    assert result.score == pytest.approx(-total / pixels, rel=1e-5)


def test_probabilities_of_zero_give_a_finite_loss():
    loss = FrameLoss(torch.ones(256))
    loss.add(torch.tensor([1.0, 0.0])[:, None, None], torch.tensor([[1]]), Inference(mirror=True))
    assert 80 < loss.mean < math.inf


def test_without_any_weight_there_is_no_loss():
    loss = FrameLoss(torch.zeros(256))
    loss.add(torch.zeros(19, 1, 1), torch.tensor([[1]]), Inference())
    assert math.isnan(loss.mean)


def test_a_failed_candidate_scores_as_an_even_guess(write_tree):
    root = write_tree()
    even = make(root, **WEIGHED).measure(lambda inputs: torch.zeros(inputs.shape[0], 19, *inputs.shape[-2:]))
    assert make(root, **WEIGHED).failing_score == pytest.approx(even.score, rel=1e-6) == pytest.approx(-math.log(19))
    assert make(root, score="miou").failing_score == 0

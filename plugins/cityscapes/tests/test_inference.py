"""Asking a network whole or by windows, at several scales, mirrored."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasframe import Inference, RunError, Runtime
from nasframe_cityscapes.inference import answer, answers, averaged, checked, resized, sliding, spans

SIZES = [(1, 1), (1, 33), (7, 100), (31, 47), (32, 64), (33, 65), (60, 80)]


class Strided(nn.Module):
    """A network of stride 32 that takes any size: it pads to the right and below, and cuts its answer back."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.coarse = nn.Conv2d(3, 19, 33, stride=32, padding=16)
        self.fine = nn.Conv2d(3, 19, 3, padding=1)

    def forward(self, inputs):
        height, width = inputs.shape[-2:]
        right, below = (32 * max(1, -(-(side - 1) // 32)) + 1 - side for side in (width, height))
        padded = F.pad(inputs, (0, right, 0, below))
        coarse = F.interpolate(self.coarse(padded), padded.shape[-2:], mode="bilinear", align_corners=True)
        return (coarse + self.fine(padded))[..., :height, :width]


@pytest.fixture(scope="module")
def network():
    return Strided().eval().requires_grad_(False)


def images(size, count=2):
    return torch.randn((count, 3, *size), generator=torch.Generator().manual_seed(sum(size)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "inference", [Inference(), Inference((32, 40), scales=(0.5, 0.75, 1, 1.75), mirror=True)], ids=["once", "averaged"]
)
def test_the_answer_has_the_size_that_is_asked_for(network, size, inference):
    for answered in (size, (2 * size[0] - 1, 2 * size[1])):
        assert answers(network, images(size), answered, inference).argmax(1).shape == (2, *answered)


@pytest.mark.parametrize("size", SIZES)
def test_a_window_as_large_as_the_image_or_larger_is_the_whole_image(network, size):
    inputs = images(size)
    for window in (size, (size[0] + 5, size[1]), (500, 500)):
        assert torch.equal(sliding(network, window, (3, 3))(inputs), network(inputs))


@pytest.mark.parametrize("size", SIZES)
def test_windows_do_not_matter_to_a_network_that_looks_at_single_pixels(size):
    pixelwise = nn.Conv2d(3, 19, 1).requires_grad_(False)
    inputs = images(size)
    assert torch.allclose(sliding(pixelwise, (20, 31), (9, 20))(inputs), pixelwise(inputs), atol=1e-6)


def test_where_windows_overlap_the_mean_of_their_logits_counts():
    def mean_of_what_is_seen(inputs):
        return inputs[:, :1].mean((-2, -1), keepdim=True).expand(-1, 19, *inputs.shape[-2:])

    inputs = torch.arange(7.0).expand(1, 3, 2, 7)
    logits = sliding(mean_of_what_is_seen, (2, 4), (2, 2))(inputs)
    # Windows 0-3, 2-5 and 3-6, the last shifted back; their means are 1.5, 3.5 and 4.5.
    wanted = [1.5, 1.5, 2.5, (1.5 + 3.5 + 4.5) / 3, 4.0, 4.0, 4.5]
    assert torch.allclose(logits[0, 5], torch.tensor([wanted, wanted]))


@pytest.mark.parametrize(("length", "window", "stride"), [(7, 4, 2), (100, 33, 22), (5, 5, 1), (5, 9, 4), (1, 1, 1)])
def test_windows_cover_the_side_stay_inside_and_have_one_size(length, window, stride):
    found = spans(length, window, stride)
    assert {place for span in found for place in range(span.start, span.stop)} == set(range(length))
    assert {span.stop - span.start for span in found} == {min(window, length)}
    assert len(found) == len({span.start for span in found})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("window", [None, (32, 24)])
def test_the_mirror_averaged_prediction_of_a_mirrored_image_is_the_mirrored_prediction(network, size, window):
    inference = Inference(window, scales=(0.5, 1, 1.25), mirror=True)
    inputs = images(size)
    plain = averaged(network, inputs, (size[0], size[1] + 3), inference)
    mirrored = averaged(network, inputs.flip(-1), (size[0], size[1] + 3), inference)
    assert torch.equal(mirrored, plain.flip(-1))
    alone = answer(network, inputs.flip(-1), size).flip(-1)
    assert size[1] == 1 or not torch.equal(alone, answer(network, inputs, size)), "the network itself is not symmetric"


def test_probabilities_are_averaged_at_the_size_of_the_answer(network):
    inputs, size = images((24, 40)), (48, 80)
    total = torch.zeros(2, 19, *size)
    for scale, shown in ((0.5, (12, 20)), (1.5, (36, 60))):
        logits = network(resized(inputs, shown))
        total += F.interpolate(logits, size, mode="bilinear", align_corners=False, antialias=False).softmax(1) / 2
        assert torch.equal(answer(network, inputs, size, scale), resized(logits, size))
    found = averaged(network, inputs, size, Inference(scales=(0.5, 1.5)))
    assert torch.allclose(found, total, atol=1e-6)
    assert torch.allclose(found.sum(1), torch.ones(2, *size), atol=1e-5)


def test_one_pass_gives_the_largest_logit_without_rounding_to_probabilities(network):
    inputs = 1e4 * images((33, 33))
    assert torch.equal(answers(network, inputs, (33, 33), Inference()), network(inputs))


@pytest.mark.parametrize("count", [1, 3])
def test_an_image_is_answered_alike_in_any_batch(network, count):
    inputs = images((45, 50), 3)
    inference = Inference((33, 33), scales=(0.75, 1), mirror=True)
    together = answers(network, inputs, (45, 50), inference).argmax(1)
    apart = [answers(network, part, (45, 50), inference).argmax(1) for part in inputs.split(count)]
    assert torch.equal(torch.cat(apart), together)


def test_a_network_of_another_shape_is_refused():
    with pytest.raises(RunError, match=r"returned the shape \(1, 19, 8, 8\) for inputs \(1, 3, 16, 16\)"):
        checked(nn.Conv2d(3, 19, 2, stride=2), Runtime())(images((16, 16), 1))


def test_nothing_is_kept_for_gradients():
    seen = []

    def model(inputs):
        seen.append(torch.is_grad_enabled())
        return inputs[:, :1].expand(-1, 19, -1, -1)

    answers(model, images((8, 8)), (8, 8), Inference((4, 4), mirror=True))
    assert set(seen) == {False}
    assert torch.is_grad_enabled()

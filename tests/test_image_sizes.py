"""Which image sizes networks take, what is said of others, and how an image is padded to one."""

import pytest
import torch
from torch import nn

from nasframe import ImageSizes, Outputs, Task, padded


@pytest.mark.parametrize(
    ("sizes", "fitting", "other", "nearest"),
    [
        (ImageSizes(), (1, 7), None, None),
        (ImageSizes(32), (32, 64), (33, 64), [(32, 64), (64, 64)]),
        (ImageSizes(32, plus=1), (33, 65), (64, 66), [(33, 65), (65, 97)]),
        (ImageSizes(32, plus=1, least=97), (97, 129), (33, 130), [(97, 129), (97, 161)]),
        (ImageSizes(8, least=20), (24, 32), (1, 24), [(24, 24)]),
    ],
)
def test_the_sizes_next_to_one_that_does_not_fit_are_named(sizes, fitting, other, nearest):
    assert sizes.fit(fitting) and sizes.enlarged(fitting) == fitting
    if other:
        assert not sizes.fit(other)
        assert sizes.nearest(other) == nearest
        assert sizes.enlarged(other) == nearest[-1]
        assert all(sizes.fit(size) for size in nearest)


def test_sizes_are_described_in_words():
    assert ImageSizes(32, plus=1, least=90).described() == "sides of 32·n + 1 pixels, at least 97"
    assert ImageSizes(4).described() == "sides of 4·n pixels"
    assert ImageSizes(least=33).described() == "sides of 33 pixels or more"


def test_an_output_has_the_size_of_the_image_by_the_stride_or_none():
    assert Task(3, 16, (64, 50), stride=4).output_shape(2) == (2, 16, 16, 13)
    assert Task(3, 5, (64, 50)).output_shape(1, (7, 9)) == (1, 5, 7, 9)
    assert Task(3, 10, (32, 32), dense=False).output_shape(8) == (8, 10)


def test_an_image_is_padded_with_zeros_and_the_answer_is_cut_back():
    seen = []

    def model(images):
        seen.append(images)
        return nn.functional.avg_pool2d(images, 4)

    images = torch.rand(2, 3, 6, 8) + 1
    found = padded(model, ImageSizes(4), stride=4)(images)
    assert seen[0].shape == (2, 3, 8, 8)
    assert torch.equal(seen[0][:, :, :6], images) and not seen[0][:, :, 6:].any()
    assert found.shape == (2, 3, 2, 2)


def test_an_image_that_fits_is_given_as_it_is_and_the_main_output_is_returned():
    images = torch.rand(1, 3, 8, 8)
    found = padded(lambda given: Outputs(given, ((given + 1, 0.4),)), ImageSizes(4))(images)
    assert found is images

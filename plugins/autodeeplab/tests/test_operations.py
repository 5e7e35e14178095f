import pytest
import torch
from torch import nn

from nasframe.training.drop_path import DropPath
from nasframe.training.running_statistics import HeldStatistics
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.operations import OPERATIONS, FactorisedReduction, Recipe
from nasframe_autodeeplab.options import PRIMITIVES
from nasframe_autodeeplab.resolution import double, pad

FINAL = Recipe(BatchNorm, sep_repeats=2, atrous_separable=False, pool_norm=False)


def test_every_primitive_but_zero_has_a_definition():
    assert tuple(OPERATIONS) == tuple(name for name in PRIMITIVES if name != "zero")


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("recipe", [FINAL, Recipe(BatchNorm, 1, True, True)], ids=["paper", "light"])
def test_primitives_keep_or_halve_the_size(name, recipe):
    inputs = torch.randn(2, 4, 9, 13)
    assert OPERATIONS[name](4, 1, recipe)(inputs).shape == (2, 4, 9, 13)
    assert OPERATIONS[name](4, 2, recipe)(inputs).shape == (2, 4, 5, 7)


def layers(module, kind):
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def test_a_separable_convolution_is_done_twice_and_strides_once():
    convolutions = layers(OPERATIONS["sep_5x5"](4, 2, FINAL), nn.Conv2d)
    assert [(c.kernel_size[0], c.groups, c.stride[0]) for c in convolutions] == [
        (5, 4, 2),
        (1, 1, 1),
        (5, 4, 1),
        (1, 1, 1),
    ]


def test_an_atrous_convolution_is_dense_at_rate_2_and_at_rate_1_when_it_halves():
    for stride, rate in ((1, 2), (2, 1)):
        (convolution,) = layers(OPERATIONS["atrous_3x3"](4, stride, FINAL), nn.Conv2d)
        assert (convolution.groups, convolution.dilation[0], convolution.stride[0]) == (1, rate, 1)


def test_skip_is_the_identity_and_pools_have_no_parameters():
    inputs = torch.randn(1, 4, 5, 5)
    assert torch.equal(OPERATIONS["skip"](4, 1, FINAL)(inputs), inputs)
    assert not list(OPERATIONS["max_pool_3x3"](4, 2, FINAL).parameters())


def test_an_average_pool_does_not_count_pixels_outside():
    ones = torch.ones(1, 1, 5, 5)
    assert torch.allclose(OPERATIONS["avg_pool_3x3"](1, 1, FINAL)(ones), ones)


@pytest.mark.parametrize("stride", [2, 4])
def test_a_factorised_reduction_serves_odd_sizes_and_odd_channels(stride):
    reduction = FactorisedReduction(3, 5, stride, BatchNorm)
    assert reduction(torch.randn(2, 3, 4 * stride + 1, 2 * stride + 1)).shape == (2, 5, 5, 3)


def test_drop_path_zeroes_whole_samples_and_keeps_the_mean():
    torch.manual_seed(0)
    drop = DropPath(0.5)
    drop.set_progress(1.0)
    output = drop(torch.ones(2000, 2, 2, 2)).flatten(1)
    assert set(output.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(output.amin(1), output.amax(1))
    assert output.mean().item() == pytest.approx(1, abs=0.1)


def test_a_single_value_is_normalised_by_the_running_statistics():
    norm = BatchNorm(3, affine=False, eps=0)
    norm.running_mean.fill_(1.0)
    norm.running_var.fill_(4.0)
    assert torch.allclose(norm(torch.full((1, 3, 1, 1), 5.0)), torch.full((1, 3, 1, 1), 2.0))
    assert norm.running_mean.tolist() == [1.0] * 3


def test_batch_norm_is_torchs_otherwise():
    torch.manual_seed(0)
    ours, theirs = BatchNorm(3, momentum=0.2), nn.BatchNorm2d(3, momentum=0.2)
    inputs = torch.randn(4, 3, 5, 5)
    assert torch.equal(ours(inputs), theirs(inputs))
    assert torch.equal(ours.running_var, theirs.running_var)
    assert torch.equal(ours.eval()(inputs), theirs.eval()(inputs))


def test_held_statistics_stay_exactly_as_they_are():
    norm = BatchNorm(3)
    norm(torch.randn(4, 3, 5, 5))
    before = norm.running_mean.clone(), norm.running_var.clone()
    context = HeldStatistics(norm)
    for _ in range(2):
        with context:
            norm(torch.randn(4, 3, 5, 5))
    assert torch.equal(norm.running_mean, before[0]) and torch.equal(norm.running_var, before[1])
    norm(torch.randn(4, 3, 5, 5))
    assert not torch.equal(norm.running_mean, before[0])


def test_padding_reaches_the_next_multiple_plus_one_with_zeros():
    images = torch.ones(1, 1, 32, 34)
    padded = pad(images, 32)
    assert padded.shape[-2:] == (33, 65)
    assert padded.sum() == images.sum()
    assert pad(torch.ones(1, 1, 321, 1025), 32).shape[-2:] == (321, 1025)


def test_doubling_keeps_the_pixels_at_the_even_places():
    inputs = torch.randn(1, 2, 4, 5)
    doubled = double(inputs)
    assert doubled.shape[-2:] == (7, 9)
    assert torch.allclose(doubled[..., ::2, ::2], inputs, atol=1e-6)

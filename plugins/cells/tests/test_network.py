import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nasframe import GenotypeError, Outputs, Task
from nasframe.genotype import sample
from nasframe.training.drop_path import DropPath
from nasframe.training.running_statistics import HeldStatistics
from nasframe_cells import published
from nasframe_cells.amoebanet import AmoebaNet
from nasframe_cells.built_cell import BuiltCell, Reads
from nasframe_cells.language import Cells, read_cell
from nasframe_cells.nasnet import NasNet
from nasframe_cells.operations import OPERATIONS, FactorisedReduction, SamePool, conv, padding
from nasframe_cells.pnas import Pnas

CIFAR = {"skeleton": "cifar", "auxiliary": False}


def shapes(record, space_class, side, **options):
    """Of every cell's output, on the meta device; (channels, height) of square images."""
    changes = {"auxiliary": False, "cells": 1, **options}
    with torch.device("meta"):
        space = space_class(space_class.Options(**{**record.options, **changes}))
        network = space.build(record.genotype, Task(3, 10, (side, side), dense=False)).eval()
        found = []
        for cell in network.cells:
            cell.register_forward_hook(lambda module, inputs, output: found.append(tuple(output.shape[1:3])))
        network(torch.empty(1, 3, side, side))
    return found


def test_nasnet_as_cells_for_cifar_have_the_shapes_of_slims_tests():
    assert shapes(published.nasnet_a, NasNet, 32, **CIFAR, filters=32) == [
        (192, 32), (256, 16), (384, 16), (512, 8), (768, 8)
    ]  # fmt: skip


def test_nasnet_as_cells_for_imagenet_have_the_shapes_of_slims_tests():
    mobile = shapes(published.nasnet_a, NasNet, 224)
    assert mobile[1:] == [(88, 28), (264, 28), (352, 14), (528, 14), (704, 7), (1056, 7)]
    large = shapes(published.nasnet_a, NasNet, 331, filters=168, stem_multiplier=3, skip_reduction_input=True)
    assert large[1:] == [(336, 42), (1008, 42), (1344, 21), (2016, 21), (2688, 11), (4032, 11)]


def test_pnasnet_5s_cells_have_the_shapes_of_slims_tests():
    assert shapes(published.pnasnet_5, Pnas, 224)[1:] == [(135, 28), (270, 28), (540, 14), (1080, 7)]
    large = shapes(published.pnasnet_5, Pnas, 331, filters=216, stem_multiplier=3)
    assert large[1:] == [(540, 42), (1080, 42), (2160, 21), (4320, 11)]


def is_drop_path(module):
    return isinstance(module, DropPath)


@pytest.mark.parametrize("skip", [False, True])
def test_the_cell_after_a_reduction_reads_what_that_read_or_the_output_before(skip):
    options = {**published.nasnet_a.options, **CIFAR, "cells": 2, "filters": 4, "skip_reduction_input": skip}
    network = NasNet(NasNet.Options(**options)).build(published.nasnet_a.genotype, Task(3, 10, (8, 8), dense=False))
    outputs, read = [], []

    def note(module, inputs, output):
        read.append(inputs[0])
        outputs.append(output)

    for cell in network.cells:
        cell.register_forward_hook(note)
    network(torch.randn(2, 3, 8, 8))
    assert read[0] is None
    assert read[3] is outputs[0 if skip else 1], "the first cell of the second stage"
    assert read[4] is outputs[2], "the reduction's output, one cell later"


def test_the_first_cell_reads_its_input_as_it_is_beside_a_projection():
    cell = BuiltCell(read_cell("avg_pool_3x3(0) skip(1) -> 2"), Reads(None, 6, False), 4, 1, nn.BatchNorm2d, 1.0)
    assert isinstance(cell.inputs["h-2"], nn.Identity)
    pool, projection, _ = cell.operations["b1/left"][0]
    assert (pool.kind, projection.in_channels, projection.out_channels) == ("mean", 6, 4)


def test_an_input_that_is_given_out_is_brought_to_the_cells_size_and_width():
    cell = BuiltCell(read_cell("skip(0) skip(1) -> 0 1 2"), Reads(None, 6, False), 4, 2, nn.BatchNorm2d, 1.0)
    assert cell(None, torch.randn(2, 6, 9, 9)).shape == (2, 12, 5, 5)
    assert cell.channels == 12


def test_a_concatenating_block_is_as_wide_as_both_and_can_be_read():
    text = "skip(0) sep_3x3(1) concat; conv_1x1(2) skip(0) -> 2 3"
    cell = BuiltCell(read_cell(text), Reads(4, 4, False), 4, 1, nn.BatchNorm2d, 1.0)
    assert cell(torch.randn(2, 4, 5, 5), torch.randn(2, 4, 5, 5)).shape == (2, 8 + 4, 5, 5)


def test_a_factorised_reduction_takes_odd_sides_and_splits_odd_channels():
    reduction = FactorisedReduction(3, 5, nn.Identity)
    images = torch.randn(1, 3, 7, 4)
    found = reduction(images)
    assert found.shape == (1, 5, 4, 2)
    assert (reduction.straight.out_channels, reduction.shifted.out_channels) == (2, 3)
    shifted = functional.pad(images, (0, 1, 0, 1))[..., 1:, 1:]
    strided = functional.conv2d(shifted, reduction.shifted.weight, stride=2)
    torch.testing.assert_close(found[:, 2:], strided)


@pytest.mark.parametrize(
    ("side", "kernel", "expected"), [(8, 3, (0, 1)), (7, 3, (1, 1)), (8, 7, (2, 3)), (3, 1, (0, 0))]
)
def test_strided_padding_puts_the_odd_pixel_at_the_end(side, kernel, expected):
    assert padding(side, kernel, 2) == expected


@pytest.mark.parametrize("side", [7, 8])
def test_a_strided_convolution_and_pooling_see_the_windows_of_tensorflow(side):
    images = torch.arange(1.0, side * side + 1).reshape(1, 1, side, side)
    rows = [slice(max(0, start), start + 3) for start in range(-(side % 2), side - 1, 2)]
    windows = [[images[0, 0, row, column] for column in rows] for row in rows]
    sums = torch.tensor([[window.sum() for window in line] for line in windows])
    means = torch.tensor([[window.mean() for window in line] for line in windows])
    largest = torch.tensor([[window.max() for window in line] for line in windows])
    summing = conv(1, 1, 3, stride=2)
    nn.init.ones_(summing.weight)
    torch.testing.assert_close(summing(images)[0, 0], sums)
    torch.testing.assert_close(SamePool("mean", 3, 2)(images)[0, 0], means)
    torch.testing.assert_close(SamePool("max", 3, 2)(images)[0, 0], largest)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_keeps_or_halves_the_size_and_gives_its_width(name):
    for stride, inputs in ((1, 3), (2, 3), (1, 6), (2, 6)):
        operation = OPERATIONS[name](inputs, 6, stride, nn.BatchNorm2d)
        found = operation(torch.randn(2, inputs, 7, 6))
        assert found.shape == (2, 6, -(-7 // stride), -(-6 // stride))


def test_a_convolution_in_two_steps_works_in_a_bottleneck_with_a_norm_between():
    kinds = [type(layer).__name__ for layer in OPERATIONS["conv_1x7_7x1"](8, 8, 2, nn.BatchNorm2d)]
    step = ["ReLU", "Conv2d", "BatchNorm2d"]
    assert kinds == [*step, "ReLU", "SameConv", "BatchNorm2d", "ReLU", "SameConv", "BatchNorm2d", *step]
    assert OPERATIONS["conv_1x7_7x1"](8, 8, 2, nn.BatchNorm2d)[1].out_channels == 2
    assert OPERATIONS["conv_1x3_3x1"](8, 8, 2, nn.BatchNorm2d)[1].out_channels == 3


def test_paths_are_dropped_more_in_later_cells_and_identities_never():
    options = {**published.amoebanet_c.options, **CIFAR, "cells": 1, "filters": 4, "drop_path_keep": 0.5}
    space = AmoebaNet(AmoebaNet.Options(**options))
    network = space.build(published.amoebanet_c.genotype, Task(3, 10, (8, 8), dense=False))
    of_cells = [{part.keep_at_end for part in cell.modules() if isinstance(part, DropPath)} for cell in network.cells]
    assert of_cells == [{0.9}, {0.8}, {0.7}, {0.6}, {0.5}]
    whole = [name for name, edge in network.cells[0].operations.items() if not any(map(is_drop_path, edge.modules()))]
    assert whole == ["b2/left", "b4/left"]


def test_a_dropped_path_is_zero_or_scaled_up_and_whole_in_evaluation():
    path = DropPath(0.5)
    images = torch.ones(200, 1, 1, 1)
    assert torch.equal(path(images), images), "nothing is dropped at the beginning"
    path.set_progress(1.0)
    torch.manual_seed(0)
    assert set(path(images).flatten().tolist()) == {0.0, 2.0}
    assert torch.equal(path.eval()(images), images)


def test_an_auxiliary_head_speaks_in_training_alone():
    options = {**published.pnasnet_5.options, "skeleton": "cifar", "cells": 1, "filters": 4}
    network = Pnas(Pnas.Options(**options)).build(published.pnasnet_5.genotype, Task(3, 10, (32, 32), dense=False))
    assert network.auxiliary.size == (4, 4)
    found = network(torch.randn(2, 3, 32, 32))
    assert isinstance(found, Outputs)
    ((extra, weight),) = found.extra
    assert (tuple(extra.shape), weight) == ((2, 10), 0.4)
    assert network(torch.randn(2, 3, 24, 24)).extra[0][0].shape == (2, 10), "crops may be smaller than the task's size"
    assert isinstance(network.eval()(torch.randn(2, 3, 32, 32)), torch.Tensor)


def test_a_batch_of_one_image_trains_down_to_a_single_pixel():
    options = {**published.pnasnet_5.options, "skeleton": "cifar", "cells": 1, "filters": 4}
    network = Pnas(Pnas.Options(**options)).build(published.pnasnet_5.genotype, Task(3, 10, (9, 9), dense=False))
    found = network(torch.randn(1, 3, 9, 9))
    assert torch.isfinite(found.extra[0][0]).all()
    before = network.auxiliary.join[1].running_mean.clone()
    network(torch.randn(1, 3, 9, 9))
    assert torch.equal(network.auxiliary.join[1].running_mean, before), "one value a channel tells no statistics"


def test_running_statistics_hold_still_while_they_are_held():
    options = {"cells": 1, "filters": 4, "blocks": 1}
    space = Pnas(Pnas.Options(**options))
    network = space.build(sample(space, np.random.default_rng(0)), Task(3, 10, (8, 8), dense=False))
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with HeldStatistics(network):
        network(torch.randn(4, 3, 8, 8))
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())


def test_images_that_are_too_small_for_an_auxiliary_head_are_refused():
    options = {**published.nasnet_a.options, "cells": 1, "filters": 4}
    space = NasNet(NasNet.Options(**options))
    least = space.image_sizes().least
    with torch.device("meta"):
        space.build(published.nasnet_a.genotype, Task(3, 10, (least, least), dense=False))
        with pytest.raises(GenotypeError, match=r"from images of 66x66 it gets 4x4: set auxiliary to false"):
            space.build(published.nasnet_a.genotype, Task(3, 10, (least - 1, least - 1), dense=False))


def test_all_that_a_network_has_learns():
    space = NasNet(NasNet.Options(blocks=2, cells=1, filters=4))
    for seed in range(3):
        network = space.build(sample(space, np.random.default_rng(seed)), Task(3, 10, (16, 16), dense=False))
        network(torch.randn(2, 3, 16, 16)).square().sum().backward()
        assert all(parameter.grad is not None for parameter in network.parameters())


def test_cells_of_the_language_build_what_the_genotype_builds():
    cells = Cells(read_cell("skip(0) sep_3x3(1) -> 2"), read_cell("skip(0) sep_3x3(1) -> 2"))
    space = Pnas(Pnas.Options(blocks=1, cells=1, filters=4))
    network = space.build(space.genotype(cells), Task(3, 10, (8, 8), dense=False))
    assert network.cells[0].cell == cells.normal

import pytest
import torch
from torch import nn
from torch.nn import functional

from nasframe import CapabilityError, GenotypeError, Outputs, Task
from nasframe.trained.export import relative_difference
from nasframe.trained.folding import fold_batch_norm
from nasframe_cells.darts import published
from nasframe_cells.darts.operations import OPERATIONS, relu_reduction
from nasframe_cells.darts.options import DartsOptions, DartsWideOptions
from nasframe_cells.darts.skeleton import skeleton, stages
from nasframe_cells.darts.space import Darts

TASK = Task(3, 10, (32, 32), dense=False)


def network(task=TASK, **options):
    space = Darts(Darts.Options(cells=3, filters=4, **options))
    return space.build(published.darts_v2.genotype, task)


def test_reductions_come_after_a_third_and_two_thirds_of_the_cells():
    plan = skeleton(DartsOptions(cells=20, filters=36), 4, 4)
    assert [index for index, place in enumerate(plan.places) if place.cell == "reduction"] == [6, 13]
    assert (plan.auxiliary_after, plan.auxiliary_channels, plan.channels) == (13, 576, 576)
    first, after = plan.places[0], plan.places[7]
    assert (first.before_last, first.last, first.halved) == (108, 108, False)
    assert (after.before_last, after.last, after.width, after.halved) == (144, 288, 72, True)


def test_on_imagenet_the_first_cell_reads_an_output_of_twice_the_resolution():
    plan = skeleton(DartsOptions(skeleton="imagenet", cells=14, filters=48), 4, 4)
    assert plan.places[0].halved and not plan.places[1].halved
    assert (plan.places[0].before_last, plan.places[0].last) == (48, 48)


def test_cells_have_a_stage_and_a_number_in_it():
    found = stages(skeleton(DartsOptions(cells=5), 4, 4).places)
    assert found == [("normal", 0, 0), ("reduction", 0, 0), ("normal", 1, 0), ("reduction", 1, 0), ("normal", 2, 0)]


def test_cells_of_an_imagenet_network_work_at_an_eighth_and_below():
    found = network(skeleton="imagenet").eval()
    sizes = []
    for cell in found.cells:
        cell.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[2:]))
    found(torch.zeros(1, 3, 64, 96))
    assert sizes == [(8, 12), (4, 6), (2, 3)]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
def test_an_operation_keeps_channels_and_divides_sides(name, stride):
    operation = OPERATIONS[name](4, stride, nn.BatchNorm2d)
    assert operation(torch.randn(2, 4, 7, 10)).shape == (2, 4, -(-7 // stride), -(-10 // stride))


def test_a_factorised_reduction_crops_the_shifted_pixel_away_as_darts_does():
    reduction = relu_reduction(3, 4, nn.BatchNorm2d).eval()
    found, images = reduction[1], torch.randn(2, 3, 6, 8)
    active = functional.relu(images)
    halves = [
        functional.conv2d(seen, part.weight, stride=2)
        for seen, part in ((active, found.straight), (active[:, :, 1:, 1:], found.shifted))
    ]
    torch.testing.assert_close(reduction(images), found.norm(torch.cat(halves, dim=1)))


def test_a_dilated_convolution_is_applied_once_and_a_pool_has_no_batch_norm():
    kinds = [type(layer).__name__ for layer in OPERATIONS["dil_sep_5x5"](4, 1, nn.BatchNorm2d)]
    assert kinds == ["ReLU", "Conv2d", "Conv2d", "BatchNorm2d"]
    assert isinstance(OPERATIONS["max_pool_3x3"](4, 2, nn.BatchNorm2d), nn.MaxPool2d)


def test_drop_path_spares_identities_and_drops_pools_and_reductions():
    found = network()
    normal, reduction = found.cells[0], found.cells[1]
    kinds = [type(operation) for block in normal.blocks.values() for operation in block]
    assert kinds.count(nn.Identity) == 2
    assert all(len(operation) == 2 for block in reduction.blocks.values() for operation in block[:1])
    assert {cell.blocks["2"][0][1].keep_at_end for cell in found.cells} == {0.8}


def test_in_training_the_auxiliary_head_gives_logits_of_its_own():
    found = network(auxiliary=True, auxiliary_weight=0.3).train()
    outputs = found(torch.randn(2, 3, 32, 32))
    assert isinstance(outputs, Outputs)
    ((extra, weight),) = outputs.extra
    assert (extra.shape, weight) == ((2, 10), 0.3)
    assert isinstance(found.eval()(torch.randn(2, 3, 32, 32)), torch.Tensor)


def test_images_too_small_for_the_auxiliary_head_are_refused_and_left_out_by_the_sizes():
    options = Darts.Options(auxiliary=True)
    assert Darts(options).image_sizes().least == 17
    with pytest.raises(GenotypeError, match="5x5 pixels or more"):
        network(Task(3, 10, (16, 32), dense=False), auxiliary=True)


def test_dense_tasks_are_refused():
    with pytest.raises(CapabilityError, match="label whole images"):
        network(Task(3, 10, (32, 32)))


@pytest.mark.parametrize(
    "options, said",
    [
        ({"operations": ("none",)}, "'none' alone"),
        ({"operations": ("skip", "skip")}, "more than once"),
        ({"cells": 2}, "greater than or equal to 3"),
    ],
)
def test_options_that_leave_nothing_to_search_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        DartsOptions(**options)


@pytest.mark.parametrize(
    "output, said", [(("b2", "b2"), "names a block twice"), (("b6",), "has no b6"), (("h-2",), "pattern")]
)
def test_outputs_that_a_wide_cell_cannot_have_are_refused(output, said):
    with pytest.raises(ValueError, match=said):
        DartsWideOptions(normal_output=output)


def test_a_folded_network_computes_as_before_at_any_size():
    torch.manual_seed(0)
    found = network()
    for _ in range(3):
        found(torch.randn(4, 3, 16, 16))
    folded = fold_batch_norm(found.eval())
    assert (folded.folded, folded.left) == (17, ("cells.2.inputs.0.1.norm",)), "but for a factorised reduction"
    images = torch.randn(2, 3, 15, 18)
    with torch.no_grad():
        assert relative_difference(folded.network(images), found(images)) < 1e-5

"""What the networks compute, held against cases made by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from nasframe import CapabilityError, Outputs, Task
from nasframe.genotype import Genotype
from nasframe_landmarks.deconvnet import DeconvNet
from nasframe_landmarks.deconvnet_network import unpooled
from nasframe_landmarks.frrn import Frrn
from nasframe_landmarks.frrn_network import FullResolutionStage, FullResolutionUnit
from nasframe_landmarks.frrn_outline import Stage
from nasframe_landmarks.gridnet import GridNet
from nasframe_landmarks.gridnet_network import DownColumn, ResidualUnit, UpColumn
from nasframe_landmarks.hourglass import Hourglass
from nasframe_landmarks.hourglass_network import HourglassModule
from nasframe_landmarks.hourglass_network import ResidualUnit as Bottleneck

SLIM = 0.03


class Times(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, features):
        return self.factor * features


class Doubled(nn.Module):
    """Enlarges to twice the size, and multiplies by a number."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, features):
        return self.factor * functional.interpolate(features, scale_factor=2)


class Halved(nn.Module):
    """Takes every other pixel, and multiplies by a number."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, features):
        return self.factor * features[..., ::2, ::2]


def built(space, answers, task):
    torch.manual_seed(0)
    return space.build(Genotype(space.name, tuple(answers.items())), task)


def test_unpooling_puts_values_where_the_maxima_were():
    image = torch.tensor(
        [[1.0, 2.0, 0.0, 9.0], [3.0, 4.0, 0.0, 0.0], [8.0, 0.0, 0.0, 0.0], [0.0, 0.0, 7.0, 0.0]],
    )[None, None]
    pooled, places = functional.max_pool2d_with_indices(image, 2)
    assert pooled.tolist() == [[[[4.0, 9.0], [8.0, 7.0]]]]
    assert unpooled(torch.tensor([[[[10.0, 20.0], [30.0, 40.0]]]]), places).tolist() == [
        [[[0, 0, 0, 20], [0, 10, 0, 0], [30, 0, 0, 0], [0, 0, 40, 0]]]
    ]


def test_unpooling_equals_torchs_on_images_that_are_not_square():
    torch.manual_seed(0)
    image = torch.randn(2, 3, 6, 10)
    pooled, places = functional.max_pool2d_with_indices(image, 2)
    features = pooled.clone().requires_grad_()
    found = unpooled(features, places)
    assert torch.equal(found, functional.max_unpool2d(pooled, places, 2))
    (found * torch.arange(60.0).reshape(6, 10)).sum().backward()
    assert torch.equal(features.grad, places.float())


def test_each_unpooling_takes_the_indices_of_the_pooling_of_its_size():
    network = built(DeconvNet(DeconvNet.Options(width=0.004, kernels=(1,))), {"kernel": 1}, Task(3, 5, (64, 32))).eval()
    met = []
    for stage in (*network.down, *network.up):
        stage.register_forward_hook(lambda stage, given, found: met.append(tuple(found.shape[-2:])))
    network(torch.randn(1, 3, 64, 32))
    down = [(64 >> level, 32 >> level) for level in range(5)]
    assert met == [*down, *reversed(down)]


def test_a_unit_pools_the_full_resolution_in_and_adds_what_comes_of_it_enlarged():
    unit = FullResolutionUnit(1, 1, 1, stride=2)
    unit.transform = nn.Sequential(Sums())
    unit.give = Times(2.0)
    residual = torch.tensor([[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.0, 5.0]])[None, None]
    pooled, after = unit(torch.tensor([[[[10.0, 20.0]]]]), residual)
    assert pooled.tolist() == [[[[14.0, 25.0]]]]
    assert after.tolist() == [[[[29.0, 30.0, 50.0, 50.0], [31.0, 32.0, 50.0, 55.0]]]]


class Sums(nn.Module):
    """Adds up all channels."""

    def forward(self, features):
        return features.sum(dim=1, keepdim=True)


def test_units_of_a_stage_are_chained_in_both_streams():
    stage = FullResolutionStage(Stage(3, 1, 1), 1, 1, 1)
    for unit in stage.units:
        unit.transform, unit.give = Sums(), nn.Identity()
    pooled, residual = torch.full((1, 1, 1, 1), 1.0), torch.full((1, 1, 1, 1), 10.0)
    # y: 1 + 10, 11 + 21, 32 + 53; z: 10 + 11, 21 + 32, 53 + 85. Unchained, y would be 1 + 53 in the end.
    assert [float(found) for found in stage(pooled, residual)] == [85.0, 138.0]


def test_a_column_down_adds_what_comes_from_the_left_and_from_above():
    column = DownColumn([4, 8, 16], 0.0)
    column.units = nn.ModuleList([Times(2.0), Times(3.0), Times(5.0)])
    column.subsample = nn.ModuleList([Halved(10.0), Halved(100.0)])
    found = column([torch.ones(1, 1, 4 >> stream, 4 >> stream) for stream in range(3)])
    assert [float(features.mean()) for features in found] == [2.0, 3.0 + 20.0, 5.0 + 2300.0]


def test_the_first_column_only_goes_down():
    column = DownColumn([4, 8], None)
    column.subsample = nn.ModuleList([Halved(10.0)])
    assert not column.units
    first, second = column([torch.ones(1, 1, 2, 2)])
    assert float(first.mean()) == 1.0 and second.tolist() == [[[[10.0]]]]


def test_a_column_up_adds_what_comes_from_the_left_and_from_below():
    column = UpColumn([4, 8, 16], 0.0, lambda before, after: nn.Conv2d(before, after, 3, padding=1))
    column.units = nn.ModuleList([Times(2.0), Times(3.0), Times(5.0)])
    column.upsample = nn.ModuleList([Doubled(10.0), Doubled(100.0)])
    found = column([torch.ones(1, 1, 4 >> stream, 4 >> stream) for stream in range(3)])
    assert [float(features.mean()) for features in found] == [2.0 + 5030.0, 3.0 + 500.0, 5.0]


def test_units_of_the_first_column_up_have_plain_convolutions_and_later_ones_transposed_ones():
    network = built(GridNet(GridNet.Options(width=SLIM)), {"streams": 5, "columns": 3}, Task(3, 5, (16, 16)))
    kinds = [{type(part) for part in column.units.modules() if hasattr(part, "kernel_size")} for column in network.up]
    assert kinds == [{nn.Conv2d}, {nn.ConvTranspose2d}, {nn.ConvTranspose2d}]
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 102 and all(part.bias is not None for part in convolutions)


def test_total_dropout_gives_a_whole_unit_up_in_training_alone_without_rescaling():
    torch.manual_seed(0)
    unit = ResidualUnit(4, 0.5, lambda before, after: nn.Conv2d(before, after, 3, padding=1))
    unit.transform = Times(2.0)
    features = torch.ones(2, 4, 3, 3)
    seen = {tuple(unit(features).unique().tolist()) for _ in range(30)}
    assert seen == {(1.0,), (3.0,)}
    assert {tuple(unit.eval()(features).unique().tolist()) for _ in range(30)} == {(3.0,)}


def test_an_hourglass_adds_to_each_resolution_what_comes_back_from_the_next():
    module = HourglassModule(4, 2)
    for inner in (module, module.lower[2]):
        inner.upper = nn.Identity()
        inner.lower[1], inner.lower[3] = nn.Identity(), nn.Identity()
    module.lower[2].lower[2] = Times(100.0)
    # 4 at stride 1, its maximum at 2, 100 times its maximum at 4.
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert module(image)[0, 0, 0].tolist() == [0 + 5 + 1500, 1 + 5 + 1500, 2 + 7 + 1500, 3 + 7 + 1500]


def test_a_bottleneck_has_a_convolution_beside_it_only_where_channels_change():
    assert not list(Bottleneck(8, 8).project.parameters())
    assert Bottleneck(8, 16).project.bias is not None


def test_in_training_an_hourglass_network_returns_all_its_outputs_the_last_one_first():
    space = Hourglass(Hourglass.Options(width=SLIM, stacks=(3,), depth=1, stack_weight=0.5))
    network = built(space, {"stacks": 3}, Task(3, 5, (16, 16)))
    met = []
    for stack in network.stacks:
        stack.predict.register_forward_hook(lambda layer, given, found: met.append(found))
    found = network.train()(torch.randn(2, 3, 16, 16))
    assert isinstance(found, Outputs) and [weight for _, weight in found.extra] == [0.5, 0.5]
    enlarged = [functional.interpolate(one, scale_factor=4.0, mode="bilinear") for one in met]
    assert torch.equal(found.main, enlarged[2])
    assert [torch.equal(one, other) for (one, _), other in zip(found.extra, enlarged, strict=False)] == [True, True]
    assert isinstance(network.eval()(torch.randn(1, 3, 16, 16)), torch.Tensor)


def test_an_hourglass_for_heat_maps_gives_them_as_they_are():
    space = Hourglass(Hourglass.Options(width=SLIM, stacks=(1,), depth=1))
    network = built(space, {"stacks": 1}, Task(3, 16, (16, 24), stride=4)).eval()
    met = []
    network.stacks[0].predict.register_forward_hook(lambda layer, given, found: met.append(found))
    found = network(torch.randn(1, 3, 16, 24))
    assert found.shape == (1, 16, 4, 6) and torch.equal(found, met[0])


def test_pooled_streams_are_enlarged_once_more_before_the_streams_are_joined():
    network = built(Frrn(Frrn.Options(width=SLIM)), {"variant": "a"}, Task(3, 5, (16, 16))).eval()
    met = []
    network.after.register_forward_pre_hook(lambda layer, given: met.append(tuple(given[0].shape)))
    network(torch.randn(1, 3, 16, 16))
    assert met == [(1, 8, 16, 16)]


@pytest.mark.parametrize(
    ("space", "multiple", "least"),
    [
        (Frrn(), 32, 32),
        (Frrn(Frrn.Options(variants=("a",))), 16, 16),
        (GridNet(), 16, 16),
        (DeconvNet(), 32, 224),
        (Hourglass(), 64, 64),
    ],
    ids=lambda given: given.name if hasattr(given, "name") else str(given),
)
def test_spaces_say_which_image_sizes_their_networks_take(space, multiple, least):
    sizes = space.image_sizes()
    assert sizes.multiple == multiple and sizes.fit((least, least + multiple))
    assert not sizes.fit((least - multiple, least)) and not sizes.fit((least, least + multiple // 2))


def test_labels_of_whole_images_are_refused():
    with pytest.raises(CapabilityError, match="label for each image"):
        built(Frrn(), {"variant": "a"}, Task(3, 5, (32, 32), dense=False))

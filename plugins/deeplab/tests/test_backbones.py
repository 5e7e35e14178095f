"""Strides and rates of the backbones, by hand; counts and names of their tensors."""

from collections import Counter

import numpy as np
import pytest
import torch

from nasframe import FileError, Task
from nasframe.genotype import sample
from nasframe_deeplab.backbones import backbone
from nasframe_deeplab.deeplabv3 import DeepLabV3
from nasframe_deeplab.layers import norm_of
from nasframe_deeplab.options import NetworkOptions
from nasframe_deeplab.outline import Unit, placed, stages, units


def built(name, **options):
    found = NetworkOptions(**options)
    return backbone(name, 3, found, norm_of(found))


def rates(layer):
    """Of the 3x3 convolutions, in order."""
    return [part.dilation[0] for part in layer.modules() if getattr(part, "kernel_size", 0) == (3, 3)]


def test_the_unit_that_would_have_strided_keeps_the_old_rate_and_later_ones_have_the_new():
    chain = [
        Unit("a", (4,), 2),
        Unit("a", (4,)),
        Unit("b", (4,), 2),
        Unit("b", (4,)),
        Unit("c", (4,), 2),
        Unit("c", (4,)),
    ]
    found = placed(chain, stem_stride=4, output_stride=8)
    assert [(place.stride, place.rate, place.output_stride) for place in found] == [
        (2, 1, 8),
        (1, 1, 8),
        (1, 1, 8),
        (1, 2, 8),
        (1, 2, 8),
        (1, 4, 8),
    ]


@pytest.mark.parametrize(
    ("stride", "third", "last"), [(8, [1, 2, 2, 2, 2, 2], [2, 4, 4]), (16, [1, 1, 1, 1, 1, 1], [1, 2, 2])]
)
def test_the_last_stages_of_a_resnet_have_these_rates(stride, third, last):
    network = built("resnet50", width=0.03, output_stride=stride)
    assert (rates(network.layer3), rates(network.layer4)) == (third, last)


def test_the_multi_grid_multiplies_the_rates_of_the_last_three_units_of_a_resnet():
    network = built("resnet50", width=0.03, multi_grid=(1, 2, 4))
    assert (rates(network.layer3), rates(network.layer4)) == ([1] * 6, [1, 4, 8])


def test_the_multi_grid_multiplies_the_rates_of_the_last_three_convolutions_of_an_xception():
    network = built("xception41", width=0.03, output_stride=8, multi_grid=(1, 2, 4))
    assert [rates(block) for block in network.blocks[-3:]] == [[2, 2, 2], [2, 2, 2], [4, 8, 16]]


def test_an_xception_gives_up_its_last_halving_and_is_atrous_after_it():
    network = built("xception65", width=0.03)
    assert len(network.blocks) == 3 + 16 + 2
    assert [rates(block) for block in network.blocks[-2:]] == [[1, 1, 1], [2, 2, 2]]
    strided = [index for index, block in enumerate(network.blocks) if block.stack["conv3"].conv_dw.stride == (2, 2)]
    assert strided == [0, 1, 2]


@pytest.mark.parametrize("name", ["resnet50", "xception41", "xception71"])
@pytest.mark.parametrize("stride", [8, 16])
def test_features_have_the_strides_that_are_said(name, stride):
    network = built(name, width=0.03, output_stride=stride).eval()
    with torch.no_grad():
        low, before, features = network(torch.zeros(1, 3, 65, 33))
    assert low.shape == (1, network.low_channels, 17, 9)
    assert before.shape[1] == network.before_channels
    assert features.shape == (1, network.channels, 64 // stride + 1, 32 // stride + 1)


def test_features_of_stride_4_of_an_xception_come_before_the_stride_of_their_unit():
    assert [(stage.name, stage.stride) for stage in stages("xception71", 16)] == [
        ("stem", 2),
        ("entry1", 4),
        ("entry2", 4),
        ("entry3", 4),
        ("entry3", 8),
        ("entry4", 8),
        ("entry5", 16),
        ("middle", 16),
        ("exit1", 16),
        ("exit2", 16),
    ]
    assert [stage.gives_low_level for stage in stages("xception71", 16)].index(True) == 3
    assert [stage.gives_low_level for stage in stages("resnet50", 8)] == [False, True, False, False, False]


def test_backbones_have_as_many_units_as_their_names_say():
    assert Counter(unit.stage for unit in units("resnet101")) == {"layer1": 3, "layer2": 4, "layer3": 23, "layer4": 3}
    assert [sum(unit.stage == "middle" for unit in units(f"xception{depth}")) for depth in (41, 65, 71)] == [8, 16, 16]


def test_the_names_of_the_tensors_are_those_of_torchvision_and_of_timm():
    resnet, xception = (built(name, width=0.03).state_dict() for name in ("resnet50", "xception41"))
    assert {"conv1.weight", "bn1.bias", "layer1.0.downsample.1.running_mean", "layer4.2.conv3.weight"} <= set(resnet)
    assert {
        "stem.0.conv.weight",
        "stem.1.bn.bias",
        "blocks.0.shortcut.bn.weight",
        "blocks.3.stack.conv1.conv_dw.weight",
        "blocks.12.stack.conv3.bn_pw.weight",
    } <= set(xception)


class TestWeights:
    """A file of ImageNet weights, here of a narrow network."""

    task = Task(3, 5, (33, 33))

    def start(self, path, **options):
        space = DeepLabV3(DeepLabV3.Options(width=0.03, backbones=["resnet50"], weights=str(path), **options))
        return space.build(genotype_of(space), self.task)

    def test_the_backbone_starts_from_a_file_and_the_classifier_in_it_is_left_out(self, tmp_path):
        found = {name: tensor + 1 for name, tensor in built("resnet50", width=0.03).state_dict().items()}
        held = {f"module.{name}": tensor for name, tensor in found.items() if "num_batches" not in name}
        torch.save({"state_dict": {**held, "module.fc.weight": torch.zeros(1000, 60)}}, tmp_path / "r50.pth")
        network = self.start(tmp_path / "r50.pth")
        state = network.backbone.state_dict()
        assert all(torch.equal(state[name], found[name]) for name in state if "num_batches" not in name)

    def test_networks_are_counted_without_the_file(self):
        with torch.device("meta"):
            network = self.start("nowhere.pth")
        assert next(network.parameters()).is_meta

    def test_a_file_of_another_network_is_refused_with_what_is_missing(self, tmp_path):
        torch.save(built("xception41", width=0.03).state_dict(), tmp_path / "x41.pth")
        with pytest.raises(
            FileError, match=r"does not hold the weights of resnet50: \d+ tensors missing: conv1\.weight"
        ):
            self.start(tmp_path / "x41.pth")

    def test_a_file_of_another_width_is_refused_with_both_shapes(self, tmp_path):
        torch.save(built("resnet50", width=0.06).state_dict(), tmp_path / "wide.pth")
        with pytest.raises(FileError, match=r"tensors of another shape: .* \(\d+ instead of \d+\)"):
            self.start(tmp_path / "wide.pth", head_filters=64)

    @pytest.mark.parametrize("content", [b"no weights", None])
    def test_a_file_that_is_none_is_refused(self, tmp_path, content):
        path = tmp_path / "weights.pth"
        if content is None:
            torch.save([1, 2], path)
        else:
            path.write_bytes(content)
        with pytest.raises(FileError, match=r"expected a state_dict|expected tensors by name"):
            self.start(path)


def genotype_of(space):
    return sample(space, np.random.default_rng(0))

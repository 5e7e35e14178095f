"""Counts of the published networks, and what small ones do."""

import json

import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from nasframe import Outputs, Task
from nasframe.cli import main
from nasframe.genotype import enumerate_all
from nasframe.plugin.golden import verify
from nasframe_deeplab.deeplabv3 import DeepLabV3
from nasframe_deeplab.deeplabv3plus import DeepLabV3Plus
from nasframe_deeplab.dpc import Dpc
from nasframe_deeplab.golden import GOLDEN


def test_every_golden_number_comes_out():
    verdicts = [verify(golden) for golden in GOLDEN]
    assert [verdict.golden.what for verdict in verdicts if not verdict.holds] == []


@pytest.mark.parametrize(
    ("name", "classes", "more", "params"),
    [
        ("deeplabv3-r50", 21, [], 39_638_869),
        ("deeplabv3-r50", 21, ["--auxiliary"], 42_004_074),
        ("deeplabv3-r101", 21, [], 58_630_997),
        ("deeplabv3plus-x65", 21, [], 41_055_413),
        ("deeplabv3plus-x71", 19, [], 43_477_323),
        ("dpc-cityscapes", 19, [], 41_608_523),
    ],
)
def test_the_command_counts_a_published_network(name, classes, more, params):
    arguments = ["cost", name, "--size", "65x65", "--classes", str(classes), "--format", "json", *more]
    assert json.loads(CliRunner().invoke(main, arguments).stdout)["params"] == params


def small(space_class, number=0, **options):
    space = space_class(space_class.Options(width=1 / 32, dropout=0.0, **options))
    torch.manual_seed(0)
    genotype = list(enumerate_all(space))[number]
    return space.build(genotype, Task(3, 4, (33, 33)))


NETWORKS = {
    "deeplabv3": lambda: small(DeepLabV3, backbones=["resnet50"], auxiliary=True),
    "deeplabv3plus": lambda: small(DeepLabV3Plus, backbones=["xception41"]),
    "dpc": lambda: small(Dpc, backbone="resnet50", branches=2, rates=[1], grids=[2], number=-1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_narrow_network_learns_two_pictures(name):
    network = NETWORKS[name]().train()
    labels = torch.zeros(2, 33, 33, dtype=torch.long)
    labels[0, 8:20, 5:25], labels[1, 20:, :] = 1, 2
    images = functional.one_hot(labels, 3).permute(0, 3, 1, 2) + 0.1 * torch.randn(2, 3, 33, 33)
    descent = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(25):
        output = network(images)
        pairs = [(output.main, 1.0), *output.extra] if isinstance(output, Outputs) else [(output, 1.0)]
        loss = sum(weight * functional.cross_entropy(logits, labels) for logits, weight in pairs)
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.5 * losses[0]


def test_the_auxiliary_classifier_reads_what_the_last_stage_gets():
    network = NETWORKS["deeplabv3"]().train()
    found = network(torch.randn(2, 3, 33, 33))
    ((extra, weight),) = found.extra
    assert extra.shape == found.main.shape == (2, 4, 33, 33) and weight == 0.5
    extra.sum().backward()
    assert network.backbone.layer3[-1].conv3.weight.grad is not None
    assert network.backbone.layer4[0].conv1.weight.grad is None


def test_widths_multiply_channels_and_stay_multiples_of_four():
    options = DeepLabV3Plus.Options(width=0.1)
    assert [options.at_width(count) for count in (8, 48, 256, 728, 2048)] == [4, 4, 24, 72, 204]

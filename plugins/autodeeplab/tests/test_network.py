import re
from functools import cache

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasframe import Genotype, Task
from nasframe.training.progressive import Progressive
from nasframe_autodeeplab.published import autodeeplab_s
from nasframe_autodeeplab.space import AutoDeepLab

PUBLISHED = [4, 4, 4, 8, 16, 8, 16, 16, 32, 32, 16, 8]


def with_path(path):
    cell = [(name, answer) for name, answer in autodeeplab_s.genotype.decisions if not name.startswith("path/")]
    return Genotype("autodeeplab", (*cell, *((f"path/l{layer}", s) for layer, s in enumerate(path, start=1))))


def build(path=PUBLISHED, classes=19, device="cpu", **options):
    space = AutoDeepLab(
        AutoDeepLab.Options(**{"layers": len(path), "levels": min(4, len(path) + 1), "filters": 2, **options})
    )
    with torch.device(device):
        return space.build(with_path(path), Task(3, classes, (64, 64)))


@cache
def small_s():
    return build(PUBLISHED, filters=20, device="meta")


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def conv_macs(network, height, width):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.empty(1, 3, height, width, device="meta"))
    return counter.get_total_flops() // 2


def test_s_has_the_papers_parameters_part_by_part():
    network = small_s()
    assert size(network) == 10_147_427
    assert [size(part) for part in (network.stem, network.cells, network.aspp, network.decoder)] == [
        112_832,
        6_918_000,
        1_815_552,
        1_301_043,
    ]


def test_s_has_the_official_codes_parameters_cell_by_cell():
    assert [size(cell) for cell in small_s().cells] == [
        38_240,
        38_960,
        38_400,
        135_200,
        512_000,
        151_200,
        536_000,
        536_000,
        2_038_400,
        2_102_400,
        616_000,
        175_200,
    ]


@pytest.mark.parametrize(
    ("height", "width", "macs"),
    [(1025, 2049, 320_450_382_392), (769, 769, 90_768_026_168), (513, 513, 40_669_039_160)],
)
def test_s_has_the_known_multiply_adds(height, width, macs):
    assert conv_macs(small_s(), height, width) == macs


@pytest.mark.parametrize(("filters", "millions"), [(32, 21.62), (48, 44.42)])
def test_m_and_l_have_the_papers_parameters(filters, millions):
    assert round(size(build(filters=filters, device="meta")) / 1e6, 2) == millions


def test_a_class_costs_257_parameters():
    assert size(build(classes=20, device="meta")) - size(build(classes=19, device="meta")) == 257


@pytest.mark.parametrize(
    ("options", "millions"),
    [
        ({"atrous_separable": True}, (5.56, 9.83, 17.83)),
        ({"sep_repeats": 1}, (9.47, 19.97, 40.84)),
        ({"network": {"aspp_separable": True, "decoder_separable": True}}, (7.78, 18.53, 40.35)),
        ({"network": {"image_pooling": False}}, (10.03, 21.47, 44.24)),
        ({"network": {"bn_affine": False}}, (10.11, 21.57, 44.35)),
        ({"path": [8, *PUBLISHED[1:]]}, (10.25, 21.87, 44.97)),
    ],
    ids=["atrous separable", "sep once", "separable head", "no pooling", "no affine", "first cell at stride 8"],
)
def test_other_readings_have_other_sizes(options, millions):
    sizes = [size(build(filters=filters, device="meta", **options)) / 1e6 for filters in (20, 32, 48)]
    assert sizes == pytest.approx(millions, abs=0.006)


def test_endpoints_have_the_shapes_that_an_author_gave():
    features = build(filters=10, device="meta").features(torch.empty(1, 3, 321, 321, device="meta"))
    expected = [(81, 50)] * 3 + [(41, 100), (21, 200), (41, 100)] + [(21, 200)] * 2 + [(11, 400)] * 2
    expected += [(21, 200), (41, 100)]
    assert [(f.shape[-1], f.shape[1]) for f in features[2:]] == expected
    assert [tuple(f.shape[1:]) for f in features[:2]] == [(64, 161, 161), (128, 81, 81)]


@pytest.mark.parametrize(
    "path", [[8, 16, 32, 16, 8, 4], [8, 16, 32, 32], [4], [8], [4, 8, 4, 8], [4, 4, 8, 16]], ids=str
)
def test_any_path_makes_a_network(path):
    network = build(path).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 33, 33)).shape == (1, 19, 33, 33)


@pytest.mark.parametrize(
    ("path", "layer"),
    [(PUBLISHED, 3), ([8, 16, 32, 16], 0), ([4, 8, 16, 16], 1), ([8, 4, 8, 16], 2), ([8, 8, 8, 4], 0)],
    ids=str,
)
def test_the_decoder_reads_the_last_early_output_at_stride_4(path, layer):
    assert build(path, device="meta").low_level == layer


@pytest.mark.parametrize(("path", "rates"), [([4], [24, 48, 72]), ([8], [12, 24, 36]), ([8, 16], [6, 12, 18])], ids=str)
def test_the_aspp_rates_scale_with_the_output_stride(path, rates):
    aspp = build(path, device="meta").aspp
    assert [branch[0].dilation[0] for branch in aspp.branches[1:-1]] == rates


@pytest.mark.parametrize("side", [(32, 32), (33, 33), (1, 1), (20, 71), (65, 64)], ids=str)
def test_any_image_size_works_in_training_and_in_evaluation(side):
    network = build([4, 8, 16])
    for mode in (True, False):
        assert network.train(mode)(torch.randn(2, 3, *side)).shape == (2, 19, *side)


def test_padding_changes_nothing_at_sizes_of_the_grid():
    network = build([4, 8]).eval()
    image = torch.randn(1, 3, 33, 33)
    padded = nn.functional.pad(image[..., :30, :28], (0, 5, 0, 3))
    with torch.no_grad():
        assert torch.equal(network(image[..., :30, :28]), network(padded)[..., :30, :28])


def test_a_batch_of_one_image_trains_and_leaves_the_pooling_statistics_alone():
    network = build([4, 8, 16])
    pooled = network.aspp.branches[-1].project[1]
    before = pooled.running_mean.clone()
    loss = network(torch.randn(1, 3, 33, 33)).square().mean()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.equal(pooled.running_mean, before)
    assert network.aspp.branches[-1].project[0].weight.grad.abs().sum() > 0
    network(torch.randn(2, 3, 33, 33))
    assert not torch.equal(pooled.running_mean, before)


def test_a_pooling_window_pools_less_than_the_image_in_evaluation_only():
    network = build([8], network={"pooling_window": 33}, device="meta")
    pooling = network.aspp.branches[-1]
    seen = []
    pooling.project.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[-2:])))
    for mode in (True, False):
        network.train(mode)(torch.empty(2, 3, 65, 129, device="meta"))
    assert seen == [(1, 1), (5, 13)]  # 9x17 features, windows of 5x5


def test_drop_path_falls_with_progress_and_depth_as_the_schedule_says():
    network = build(PUBLISHED, network={"drop_path_keep": 0.6}, device="meta")
    for module in network.modules():
        if isinstance(module, Progressive):
            module.set_progress(0.5)
    for index, cell in enumerate(network.cells):
        keeps = {module.keep for module in cell.modules() if isinstance(module, Progressive)}
        assert list(keeps) == [pytest.approx(1 - 0.5 * (index + 1) / 12 * 0.4)]


def test_drop_path_is_off_at_first_and_in_evaluation():
    network = build([4, 8], network={"head_dropout": 0, "drop_path_keep": 0.1})
    images = torch.randn(4, 3, 33, 33)
    assert torch.equal(network(images), network(images))
    for module in network.modules():
        if isinstance(module, Progressive):
            module.set_progress(1.0)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_batch_norms_have_the_official_settings():
    network = small_s()
    backbone = [m for m in nn.ModuleList([network.stem, network.cells]).modules() if isinstance(m, nn.BatchNorm2d)]
    head = [m for m in nn.ModuleList([network.aspp, network.decoder]).modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in backbone} == {(1e-3, 3e-4)}
    assert {(norm.eps, norm.momentum) for norm in head} == {(1e-5, 3e-4)}


def test_every_conv_of_the_aspp_is_followed_by_batch_norm_and_relu():
    text = str(small_s().aspp)
    assert [len(re.findall(rf"{layer}\(", text)) for layer in ("Conv2d", "BatchNorm", "ReLU")] == [6, 6, 6]


def test_every_weight_of_the_network_gets_a_gradient():
    network = build([4, 8, 4])
    network(torch.randn(2, 3, 33, 33)).square().mean().backward()
    assert not [name for name, parameter in network.named_parameters() if parameter.grad is None]

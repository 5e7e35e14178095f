from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from nasframe import Task
from nasframe_autodeeplab.resolution import resize_like
from nasframe_autodeeplab.space import AutoDeepLab

TINY = {"layers": 3, "levels": 3, "blocks": 2, "filters": 4}


def softmax(logits):
    return torch.softmax(logits, dim=-1)


def relax(weigh=softmax, device="cpu", classes=5, **options):
    torch.manual_seed(0)
    with torch.device(device):
        return AutoDeepLab(AutoDeepLab.Options(implementation="plain", **options)).relax(
            Task(3, classes, (33, 33)), weigh
        )


def size(modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@cache
def five_layers(**options):
    """The paper's supernet for counting: from layer 5 on all layers are alike, so 5 stand for 12.

    Drawing initial weights takes most of the time of building, even where there are none.
    """
    with patch.object(nn.Conv2d, "reset_parameters"):
        return relax(device="meta", classes=19, layers=5, **options)


def count(supernet, of_node, layers=12):
    """The sum over the nodes of a supernet of 5 layers, as if it had more."""
    return sum(
        of_node(name, node) * (layers - 4 if name.startswith("l5/") else 1) for name, node in supernet.nodes.items()
    )


def conv_weights(module):
    return sum(layer.weight.numel() for layer in module.modules() if isinstance(layer, nn.Conv2d))


def conv_macs(supernet, side, layers):
    """Of one image: all convolutions of a node work at its size, those of its shared cell once for each move."""
    strides = dict(supernet.questions.trellis.nodes(data="stride"))

    def pixels(node):
        return ((side - 1) // strides[node] + 1) ** 2

    def of_node(name, node):
        cells = len(node.preparations) * conv_weights(node.cells)
        return (conv_weights(node.preparations) + cells) * pixels(name)

    def of_head(name, head):
        pooling = conv_weights(head.branches[-1])  # works on one pixel
        return (conv_weights(head) - pooling) * pixels(name) + pooling

    stem = sum(
        conv_weights(layer) * pixels(name) for layer, name in zip(supernet.stem, ("stem1", "stem2"), strict=True)
    )
    return stem + count(supernet, of_node, layers) + sum(of_head(*item) for item in supernet.heads.items())


def weights_if_shared(supernet, layers=12):
    return size([supernet.stem, supernet.heads]) + count(supernet, lambda _, node: size([node]), layers)


def weights_if_own(supernet, layers=12):
    more = count(supernet, lambda _, node: (len(node.preparations) - 1) * size([node.cells]), layers)
    return weights_if_shared(supernet, layers) + more


@pytest.mark.parametrize(
    ("options", "own", "shared"),
    [
        ({}, 97.9, 48.3),
        ({"atrous_separable": True}, 24.1, 13.3),
        ({"sep_repeats": 1}, 91.2, 45.2),
        ({"sep_repeats": 1, "atrous_separable": True}, 17.4, 10.2),
    ],
    ids=["paper", "atrous separable", "sep once", "both"],
)
def test_each_reading_of_the_cell_has_its_known_millions_of_weights(options, own, shared):
    supernet = five_layers(**options)
    assert round(weights_if_own(supernet) / 1e6, 1) == own
    assert round(weights_if_shared(supernet) / 1e6, 1) == shared


def test_the_weights_above_are_those_that_supernets_have():
    simple = {"blocks": 1, "filters": 2, "operations": ("sep_3x3", "skip")}
    five = relax(device="meta", layers=5, **simple)
    for share, expected in ((True, weights_if_shared(five)), (False, weights_if_own(five))):
        twelve = relax(device="meta", layers=12, share_node_weights=share, **simple)
        assert sum(parameter.numel() for parameter in twelve.weight_parameters()) == expected


def test_a_forward_pass_of_two_images_costs_81_billion_multiply_adds():
    assert 2 * conv_macs(five_layers(), 321, layers=12) / 1e9 == pytest.approx(81.1, rel=0.005)


def test_the_multiply_adds_above_are_those_that_torch_counts():
    supernet = relax(layers=5, levels=3, blocks=1, filters=2)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        supernet(torch.zeros(1, 3, 33, 33))
    assert counter.get_total_flops() == 2 * conv_macs(supernet, 33, layers=5)


def test_the_stem_has_20_and_40_channels_and_two_layers():
    convolutions = [layer for layer in five_layers().stem.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.out_channels, c.stride[0]) for c in convolutions] == [(20, 2), (40, 2)]


def test_the_heads_have_rates_of_96_over_the_stride():
    assert [head.branches[1][0].dilation[0] for head in five_layers().heads.values()] == [24, 12, 6, 3]


def test_going_coarser_is_a_strided_3x3_convolution_and_a_missing_tensor_is_reduced():
    nodes = five_layers().nodes

    def kernel_and_stride(layers):
        return layers[1].kernel_size[0], layers[1].stride[0]

    assert kernel_and_stride(nodes["l5/s8"].preparations["l4/s4"].last) == (3, 2)
    assert kernel_and_stride(nodes["l5/s8"].preparations["l4/s8"].last) == (1, 1)
    assert kernel_and_stride(nodes["l5/s8"].preparations["l4/s16"].last) == (1, 1)
    assert kernel_and_stride(nodes["l1/s8"].preparations["stem2"].before_last) == (3, 4)
    assert kernel_and_stride(nodes["l1/s8"].preparations["stem2"].last) == (3, 2)
    assert kernel_and_stride(nodes["l3/s32"].preparations["l2/s16"].before_last) == (3, 4)


def test_alpha_and_beta_start_small():
    supernet = relax(filters=1, operations=("skip", "zero"), arch_init=1e-3)
    alpha, beta = supernet.arch_parameters()
    assert alpha.shape == (20, 2) and beta.shape == (42, 3)
    assert 0.5e-3 < alpha.std() < 2e-3 and 0.5e-3 < beta.std() < 2e-3


def test_beta_stays_finite_under_weight_decay():
    supernet = relax(**TINY)
    optimizer = torch.optim.Adam(supernet.arch_parameters(), lr=3e-3, weight_decay=1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        supernet(torch.randn(2, 3, 17, 17)).square().mean().backward()
        optimizer.step()
    assert all(torch.isfinite(parameter).all() for parameter in supernet.arch_parameters())


def test_move_weights_are_a_softmax_over_the_moves_out_of_a_node_borders_included():
    supernet = relax(layers=4, blocks=1, filters=2)
    with torch.no_grad():
        supernet.beta.copy_(torch.randn_like(supernet.beta))
    move = supernet.mixing_weights()["move"]
    assert np.allclose(move.sum(axis=1), 1)
    border = supernet.trellis.edges["l3/s32", "l4/s32"]["weight"][1]
    assert move[border, 2] == 0 and np.count_nonzero(move[border]) == 2
    logits = supernet.beta[border, :2].detach().double()
    assert np.allclose(move[border, :2], torch.softmax(logits, 0).numpy())


def test_the_forward_pass_is_equation_6_written_out():
    supernet = relax(layers=2, levels=2, blocks=1, filters=2).double()
    with torch.no_grad():
        supernet.alpha.copy_(torch.randn_like(supernet.alpha))
        supernet.beta.copy_(torch.randn_like(supernet.beta))
    supernet.eval()
    images = torch.randn(2, 3, 33, 33, dtype=torch.float64)
    alpha = softmax(supernet.alpha)
    beta = {  # rows: stem2, l1/s4, l1/s8; columns: finer, same, coarser
        "stem": torch.softmax(supernet.beta[0, 1:], 0),
        "l1/s4": torch.softmax(supernet.beta[1, 1:], 0),
        "l1/s8": torch.softmax(supernet.beta[2, :2], 0),
    }
    nodes = supernet.nodes
    h_1 = supernet.stem[0](images)
    h0 = supernet.stem[1](h_1)
    h1_4 = beta["stem"][0] * nodes["l1/s4"].evaluate("stem2", h_1, h0, alpha)
    h1_8 = beta["stem"][1] * nodes["l1/s8"].evaluate("stem2", h_1, h0, alpha)
    h2_4 = beta["l1/s4"][0] * nodes["l2/s4"].evaluate("l1/s4", h0, h1_4, alpha)
    h2_4 = h2_4 + beta["l1/s8"][0] * nodes["l2/s4"].evaluate("l1/s8", h0, h1_8, alpha)
    h2_8 = beta["l1/s4"][1] * nodes["l2/s8"].evaluate("l1/s4", h0, h1_4, alpha)
    h2_8 = h2_8 + beta["l1/s8"][1] * nodes["l2/s8"].evaluate("l1/s8", h0, h1_8, alpha)
    maps = [supernet.heads["l2/s4"](h2_4), supernet.heads["l2/s8"](h2_8)]
    expected = sum(resize_like(logits, images) for logits in maps)
    assert torch.allclose(supernet(images), expected, atol=1e-12)


def test_a_cell_is_the_sum_of_mixed_operations_written_out():
    supernet = relax(layers=1, levels=1, blocks=2, filters=2, operations=("zero", "skip", "max_pool_3x3")).eval()
    cell = supernet.nodes["l1/s4"].cells["shared"]
    weights = softmax(torch.randn(5, 3))
    h2, h1 = torch.randn(2, 1, 2, 9, 9).unbind()

    def mixed(edge, tensor):
        skip, pool = cell.mixed_ops[edge].primitives
        return weights[edge, 1] * skip(tensor) + weights[edge, 2] * pool(tensor)

    b1 = mixed(0, h2) + mixed(1, h1)
    b2 = mixed(2, h2) + mixed(3, h1) + mixed(4, b1)
    assert torch.allclose(cell(h2, h1, weights), torch.cat([b1, b2], dim=1), atol=1e-6)


def test_the_given_weigh_replaces_softmax_in_the_forward_pass():
    seen = []

    def weigh(logits):
        seen.append(tuple(logits.shape))
        return softmax(logits * 50)

    supernet = relax(weigh, **TINY)
    supernet(torch.zeros(2, 3, 33, 33))
    assert seen == [(5, 8), (6, 3)]


@pytest.mark.parametrize("reduction", ["conv_3x3", "factorised"])
@pytest.mark.parametrize("side", [(32, 32), (33, 33), (1, 1), (20, 71)], ids=str)
def test_any_image_size_works_in_training_and_in_evaluation(side, reduction):
    supernet = relax(reduction=reduction, **{**TINY, "blocks": 1})
    for mode in (True, False):
        assert supernet.train(mode)(torch.randn(2, 3, *side)).shape == (2, 5, *side)


def test_a_batch_of_one_image_trains():
    supernet = relax(**TINY)
    loss = supernet(torch.randn(1, 3, 33, 33)).square().mean()
    loss.backward()
    assert torch.isfinite(loss)


def gradients(checkpoint, second_order):
    """All gradients of a loss, or those of alpha and beta through an unrolled step, and the state after it."""
    supernet = relax(checkpoint=checkpoint, **{**TINY, "layers": 2, "blocks": 1}).double()
    torch.manual_seed(1)
    images = torch.randn(2, 2, 3, 17, 17, dtype=torch.float64)
    loss = supernet(images[0]).square().mean()
    if not second_order:
        return torch.autograd.grad(loss, list(supernet.parameters())), supernet.state_dict()
    weights = {name: value for name, value in supernet.named_parameters() if name not in ("alpha", "beta")}
    steps = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    unrolled = {name: weights[name] - 0.1 * step for name, step in zip(weights, steps, strict=True)}
    validation = functional_call(supernet, unrolled, (images[1],)).square().mean()
    return torch.autograd.grad(validation, supernet.arch_parameters()), supernet.state_dict()


@pytest.mark.parametrize("second_order", [False, True], ids=["first order", "second order"])
def test_recomputing_activations_changes_no_gradient_and_no_statistic(second_order):
    kept, kept_state = gradients(False, second_order)
    recomputed, recomputed_state = gradients(True, second_order)
    assert all(torch.equal(a, b) for a, b in zip(kept, recomputed, strict=True))
    assert all(torch.equal(kept_state[name], recomputed_state[name]) for name in kept_state)


def test_every_weight_gets_a_gradient():
    supernet = relax(**TINY)
    supernet(torch.randn(2, 3, 33, 33)).square().mean().backward()
    assert not [name for name, parameter in supernet.named_parameters() if parameter.grad is None]


def test_a_sharpened_supernet_derives_what_its_parameters_say():
    supernet = relax(**TINY)
    with torch.no_grad():
        supernet.alpha[0, 7] = 20.0  # zero, on the edge h-2 -> b1
        supernet.alpha[1, 3] = 5.0
        for source, target in (("stem2", "l1/s8"), ("l1/s8", "l2/s16"), ("l2/s16", "l3/s8")):
            _, row, column = supernet.trellis.edges[source, target]["weight"]
            supernet.beta[row, column] = 5.0
    genotype = supernet.derive()
    assert genotype["cell/b1/h-1"] == "atrous_5x5"
    assert genotype["cell/b1/h-2"] != "zero"
    assert [genotype[f"path/l{layer}"] for layer in (1, 2, 3)] == [8, 16, 8]


def test_a_saved_supernet_loads_into_another_and_computes_the_same(tmp_path):
    supernet = relax(**TINY)
    supernet(torch.randn(2, 3, 17, 17))
    torch.save(supernet.state_dict(), tmp_path / "s.pt")
    torch.manual_seed(5)
    other = AutoDeepLab(AutoDeepLab.Options(implementation="plain", **TINY)).relax(Task(3, 5, (33, 33)), softmax)
    other.load_state_dict(torch.load(tmp_path / "s.pt", weights_only=True))
    images = torch.randn(1, 3, 17, 17)
    with torch.no_grad():
        assert torch.equal(supernet.eval()(images), other.eval()(images))

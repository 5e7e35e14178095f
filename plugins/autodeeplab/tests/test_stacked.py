"""The stacked supernet is the plain one: outputs, every gradient, running statistics, over several updates."""

from contextlib import nullcontext

import pytest
import torch
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from nasframe import Task
from nasframe.training.running_statistics import HeldStatistics
from nasframe_autodeeplab.kernels.library import kernels
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.stacked.conversion import from_plain, to_plain

TINY = {"layers": 3, "levels": 3, "blocks": 2, "filters": 2}
READINGS = {
    "paper": {"blocks": 3},
    "own weights": {"share_node_weights": False},
    "separable": {"atrous_separable": True},
    "separable once": {"atrous_separable": True, "sep_repeats": 1},
    "separable thrice": {"sep_repeats": 3, "operations": ("skip", "sep_5x5")},
    "own, separable once": {"share_node_weights": False, "atrous_separable": True, "sep_repeats": 1},
    "affine": {"bn_affine": True},
    "own, affine, no pool norm": {"bn_affine": True, "share_node_weights": False, "pool_norm": False},
    "no pool norm": {"pool_norm": False},
    "factorised": {"reduction": "factorised", "filters": 3, "layers": 2},
    "no convolutions": {"operations": ("zero", "max_pool_3x3", "skip"), "blocks": 3},
    "one convolution": {"operations": ("atrous_3x3",)},
    "dense and a pool": {"operations": ("avg_pool_3x3", "zero", "atrous_5x5"), "bn_affine": True},
    "recomputed": {"checkpoint": True, "layers": 2},
    "one block": {"blocks": 1, "stem_filters": (3, 5), "bn_momentum": 0.3, "bn_eps": 1e-3},
}


def pair(**options):
    supernets = []
    for implementation in ("plain", "stacked"):
        torch.manual_seed(0)
        space = AutoDeepLab(AutoDeepLab.Options(implementation=implementation, **{**TINY, **options}))
        supernets.append(space.relax(Task(3, 5, (33, 33)), lambda logits: torch.softmax(logits, dim=-1)).double())
    plain, stacked = supernets
    disturb(plain, options.get("bn_affine", False))
    stacked.load_state_dict(from_plain(stacked, plain.state_dict()))
    return plain, stacked


@torch.no_grad()
def disturb(supernet, affine):
    """Far from the initial state, where alphas are all alike and running statistics zeros and ones."""
    supernet.alpha.normal_()
    supernet.beta.normal_()
    for name, tensor in supernet.state_dict().items():
        if name.endswith("running_mean") or (affine and name.endswith("bias") and tensor.ndim == 1):
            tensor.normal_()
        elif name.endswith("running_var") or (affine and name.endswith("weight") and tensor.ndim == 1):
            tensor.uniform_(0.5, 1.5)


@torch.no_grad()
def close(ours, theirs):
    """Equal to 1e-10 of the largest value."""
    scale = theirs.abs().max().clamp_min(1e-3)
    return ours.shape == theirs.shape and bool((ours - theirs).abs().max() <= 1e-10 * scale)


def gradients(supernet):
    """By name, zeros for none."""
    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for name, parameter in supernet.named_parameters()
    }


def plainly(stacked, tensors):
    """Under their plain names, without counters of batches."""
    return {
        name: value for name, value in to_plain(stacked, tensors).items() if not name.endswith("num_batches_tracked")
    }


def compare_states(plain, stacked):
    ours, theirs = plainly(stacked, stacked.state_dict()), plain.state_dict()
    return [name for name, value in ours.items() if not close(value, theirs[name])]


def train(plain, stacked, steps, side, images=2):
    """Names of what differed in any step: outputs, gradients, states."""
    torch.manual_seed(1)
    optimisers = [torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9) for net in (plain, stacked)]
    different = []
    for step in range(steps):
        batch = torch.randn(images, 3, *side, dtype=torch.float64)
        target = torch.randn(images, 5, *side, dtype=torch.float64)
        outputs = []
        for net, optimiser in zip((plain, stacked), optimisers, strict=True):
            optimiser.zero_grad()
            outputs.append(net(batch))
            (outputs[-1] * target).mean().backward()
        theirs, ours = gradients(plain), plainly(stacked, gradients(stacked))
        assert theirs.keys() == ours.keys()
        different += [] if close(outputs[1], outputs[0]) else [f"{step}: output"]
        different += [f"{step}: gradient of {name}" for name in theirs if not close(ours[name], theirs[name])]
        for optimiser in optimisers:
            optimiser.step()
        different += [f"{step}: {name}" for name in compare_states(plain, stacked)]
    return different


@pytest.mark.parametrize("options", [{}, {"share_node_weights": False}, {"checkpoint": True}], ids=str)
def test_they_stay_equal_where_statistics_are_held_every_other_time(options):
    supernets = pair(layers=2, **options)
    for held in (False, True, False):
        images = torch.randn(2, 3, 33, 33, dtype=torch.float64)
        for supernet in supernets:
            with HeldStatistics(supernet) if held else nullcontext():
                supernet(images).mean().backward()
        assert compare_states(*supernets) == []


def evaluate(plain, stacked, side):
    """Names of what differed in evaluation: outputs, gradients of the architecture, states, which must stay."""
    images = torch.randn(2, 3, *side, dtype=torch.float64)
    plain.eval(), stacked.eval()
    outputs = [net(images) for net in (plain, stacked)]
    different = [] if close(*reversed(outputs)) else ["output"]
    grads = [
        torch.autograd.grad(output.square().mean(), net.arch_parameters())
        for output, net in zip(outputs, (plain, stacked), strict=True)
    ]
    different += [f"gradient {number}" for number, (a, b) in enumerate(zip(*grads, strict=True)) if not close(b, a)]
    return different + compare_states(plain, stacked)


@pytest.mark.parametrize("options", READINGS.values(), ids=READINGS)
def test_outputs_gradients_and_statistics_are_those_of_the_plain_supernet(options):
    plain, stacked = pair(**options)
    assert train(plain, stacked, steps=3, side=(17, 25)) == []
    assert evaluate(plain, stacked, side=(33, 20)) == []


@pytest.mark.slow
def test_the_whole_trellis_of_twelve_layers_and_five_blocks_is_the_same():
    """With one primitive of each kind, to save time; `benchmarks/supernet_step.py --check` compares with all."""
    kinds = ("sep_3x3", "atrous_5x5", "max_pool_3x3", "zero")
    options = {"layers": 12, "levels": 4, "blocks": 5, "filters": 1, "operations": kinds, "atrous_separable": True}
    plain, stacked = pair(**options, sep_repeats=1)
    assert train(plain, stacked, steps=1, side=(33, 33), images=4) == []


def test_a_single_pixel_in_one_image_is_normalised_by_the_running_statistics():
    plain, stacked = pair(share_node_weights=False)
    assert train(plain, stacked, steps=1, side=(1, 1), images=1) == []


@pytest.mark.parametrize("options", [{}, {"share_node_weights": False, "bn_affine": True}], ids=["shared", "own"])
def test_the_same_seed_gives_the_same_network_in_both_forms(options):
    states = []
    for implementation in ("plain", "stacked"):
        torch.manual_seed(7)
        space = AutoDeepLab(AutoDeepLab.Options(implementation=implementation, **{**TINY, **options}))
        supernet = space.relax(Task(3, 5, (33, 33)), lambda logits: logits)
        states.append(supernet.state_dict() if implementation == "plain" else to_plain(supernet, supernet.state_dict()))
    plain, stacked = states
    assert plain.keys() == stacked.keys()
    assert all(torch.equal(plain[name], stacked[name]) for name in plain)


def test_a_state_goes_to_the_plain_form_and_back_unchanged():
    _, stacked = pair(bn_affine=True)
    before = stacked.state_dict()
    after = from_plain(stacked, to_plain(stacked, before))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_gradient_through_an_unrolled_step_is_that_of_the_plain_supernet():
    results = []
    images = torch.randn(2, 2, 3, 17, 17, dtype=torch.float64)
    for net in pair(layers=2, levels=2, blocks=2, operations=("sep_3x3", "atrous_3x3", "max_pool_3x3", "skip")):
        weights = {name: value for name, value in net.named_parameters() if name not in ("alpha", "beta")}
        loss = net(images[0]).square().mean()
        steps = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        unrolled = {name: weights[name] - 0.1 * step for name, step in zip(weights, steps, strict=True)}
        validation = functional_call(net, unrolled, (images[1],)).square().mean()
        results.append(torch.autograd.grad(validation, net.arch_parameters()))
    assert all(close(ours, theirs) for theirs, ours in zip(*results, strict=True))


@pytest.mark.parametrize("share", [True, False], ids=["shared", "own"])
def test_recomputing_activations_changes_no_gradient_and_no_statistic(share):
    results = []
    for checkpoint in (False, True):
        _, stacked = pair(checkpoint=checkpoint, share_node_weights=share)
        torch.manual_seed(3)
        loss = stacked(torch.randn(2, 3, 17, 17, dtype=torch.float64)).square().mean()
        results.append((torch.autograd.grad(loss, list(stacked.parameters())), stacked.state_dict()))
    (kept, kept_state), (recomputed, recomputed_state) = results
    assert all(torch.equal(a, b) for a, b in zip(kept, recomputed, strict=True))
    assert all(torch.equal(kept_state[name], recomputed_state[name]) for name in kept_state)


class Calls(TorchDispatchMode):
    """Counts calls of tensor operations."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        self.count += 1
        return operation(*arguments, **(keywords or {}))


@pytest.mark.slow
@pytest.mark.skipif(kernels() is None, reason="the kernels are not compiled: no compiler, or off")
@pytest.mark.parametrize("share", [True, False], ids=["shared", "own"])
def test_a_forward_pass_of_twelve_layers_makes_fewer_than_15000_calls(share):
    """From layer 5 on all layers are alike, so the difference of 6 and 5 layers stands for each of 12."""
    counts = []
    for layers in (5, 6):
        options = {
            "layers": layers,
            "filters": 1,
            "atrous_separable": True,
            "sep_repeats": 1,
            "share_node_weights": share,
        }
        space = AutoDeepLab(AutoDeepLab.Options(**options))
        supernet = space.relax(Task(3, 19, (33, 33)), lambda logits: torch.softmax(logits, dim=-1))
        with Calls() as calls:
            supernet(torch.zeros(2, 3, 33, 33))
        counts.append(calls.count)
    assert counts[0] + 7 * (counts[1] - counts[0]) < 15_000

"""What holds running statistics still, for the norms of torch, of strangers and of the supernets here."""

import pytest
import torch
from torch import nn

from nasframe import Task
from nasframe.training.running_statistics import HeldStatistics, Holding
from nasframe_autodeeplab.space import AutoDeepLab

torch.set_num_threads(1)
INPUTS = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))


class Replacing(nn.Module):
    """A stranger's norm, which puts a new tensor in the place of its buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, inputs):
        self.mean = 0.5 * self.mean + inputs.mean((0, 2, 3))
        return inputs


class Told(nn.Module, Holding):
    """Counts its passes, but for those in which it is held."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, inputs):
        self.passes += not self.held
        return inputs


def statistics(module):
    return {name: buffer.clone() for name, buffer in module.named_buffers()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "norm",
    [nn.BatchNorm2d(3), nn.BatchNorm2d(3, momentum=None), nn.InstanceNorm2d(3, track_running_stats=True), Replacing()],
    ids=["batch norm", "of cumulative means", "instance norm", "a stranger's"],
)
def test_statistics_are_bit_equal_after_a_pass_that_holds_them_and_others_move_them(norm):
    module = nn.Sequential(nn.Conv2d(3, 3, 1), norm, Told())
    module(INPUTS)
    before, held = statistics(module), HeldStatistics(module)
    for _ in range(2):
        with held:
            module(2 * INPUTS + 1)
        assert equal(before, statistics(module))
    module(2 * INPUTS + 1)
    counters = {"1.num_batches_tracked"}  # which torch's instance norm has and does not use
    moved = {name for name, after in statistics(module).items() if not torch.equal(before[name], after)}
    assert moved | counters == before.keys() | counters


def test_statistics_hold_still_until_the_outermost_context_ends_also_by_an_error():
    module = nn.Sequential(nn.BatchNorm2d(3), Told())
    before, held = statistics(module), HeldStatistics(module)
    with pytest.raises(ZeroDivisionError), held:
        with held:
            module(INPUTS)
        module(INPUTS)
        raise ZeroDivisionError
    assert equal(before, statistics(module))
    assert not module[1].held


FORMS = {
    "stacked": {},
    "plain": {"implementation": "plain"},
    "stacked, recomputed": {"checkpoint": True},
    "plain, recomputed": {"checkpoint": True, "implementation": "plain"},
}


@pytest.mark.parametrize("options", FORMS.values(), ids=FORMS)
def test_a_supernet_computes_the_same_with_its_statistics_held(options):
    torch.manual_seed(0)
    space = AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=2, filters=2, **options))
    supernet = space.relax(Task(3, 5, (33, 33)), lambda logits: logits.softmax(dim=-1))
    images = torch.randn(2, 3, 33, 33)

    def gradients():
        loss = supernet(images).square().mean()
        return torch.autograd.grad(loss, supernet.arch_parameters())

    before = statistics(supernet)
    with HeldStatistics(supernet):
        held = gradients()
    assert equal(before, statistics(supernet))
    assert all(torch.equal(one, other) for one, other in zip(held, gradients(), strict=True))
    assert not equal(before, statistics(supernet))

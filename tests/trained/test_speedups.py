"""A faster form of a network computes what the network does, but for rounding."""

from itertools import product

import pytest
import torch
from torch import nn

from nasframe import NasframeError
from nasframe.trained.speedups import Speedups


def network():
    """Convolutions of all kinds with batch norms that have seen something."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    layers += [nn.Conv2d(8, 8, 5, padding=2, groups=8), nn.BatchNorm2d(8, affine=False)]
    layers += [nn.MaxPool2d(3, 2, 1), nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4)]
    made = nn.Sequential(*layers)
    with torch.no_grad():
        for _ in range(3):
            made(torch.randn(4, 3, 9, 12))
    return made.eval()


def difference(one, other):
    return float((one - other).abs().max() / other.abs().max())


@pytest.mark.parametrize(("fold", "last"), list(product([False, True], repeat=2)))
def test_answers_are_equal_up_to_rounding(fold, last):
    plain, images = network(), torch.randn(2, 3, 17, 22)
    faster = Speedups(fold, last).applied(plain)
    with torch.no_grad():
        assert difference(faster(images), plain(images)) < 1e-5


def test_a_compiled_network_answers_the_same_at_two_sizes():
    plain = network()
    faster = Speedups(True, True, True).applied(plain, backend="eager")
    for size in ((8, 9), (13, 10)):
        images = torch.randn(1, 3, *size)
        with torch.no_grad():
            assert difference(faster(images), plain(images)) < 1e-5


def test_channels_last_reaches_every_convolution():
    faster, seen = Speedups(channels_last=True).applied(network()), []
    for module in faster.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(
                lambda _, given, out: seen.append(out.is_contiguous(memory_format=torch.channels_last))
            )
    faster(torch.randn(2, 3, 8, 8))
    assert seen == [True] * 3


def test_the_network_itself_stays_as_it_is():
    plain = network()
    before = [(name, tensor.stride(), tensor.clone()) for name, tensor in plain.state_dict().items()]
    Speedups(True, True).applied(plain)
    after = [(name, tensor.stride(), tensor) for name, tensor in plain.state_dict().items()]
    for one, other in zip(before, after, strict=True):
        assert one[:2] == other[:2] and torch.equal(one[2], other[2])
    assert not plain._forward_pre_hooks


def test_without_wishes_it_is_the_network():
    plain = network()
    assert Speedups().applied(plain) is plain
    assert Speedups().names == []


def test_compiling_without_a_compiler_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    Speedups(True, True).require()
    with pytest.raises(NasframeError, match=r"calls the C\+\+ compiler 'no-such-compiler -O2', which is not there"):
        Speedups(compile=True).require()

import pytest
import torch

from nasframe import RunError
from nasframe.training.gradients import freeze, update


def problem(gradient, enabled=False):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.grad = torch.tensor(gradient)
    return parameter, torch.optim.SGD([parameter], lr=1.0), torch.amp.GradScaler("cpu", enabled=enabled)


def test_a_gradient_is_clipped_to_the_norm_and_applied():
    parameter, optimiser, scaler = problem([3.0, 4.0])
    update(optimiser, scaler, [parameter], 1.0, ["a"])
    assert torch.allclose(parameter.detach(), torch.tensor([0.4, 0.2]), atol=1e-5)


def test_without_a_clip_the_gradient_is_applied_to_the_last_bit():
    parameter, optimiser, scaler = problem([3.0, 4.0])
    update(optimiser, scaler, [parameter], None, ["a"])
    assert torch.equal(parameter.detach(), torch.tensor([-2.0, -3.0]))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("clip", [None, 5.0])
def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_touched(bad, clip):
    parameter, optimiser, scaler = problem([bad, 1.0])
    with pytest.raises(RunError, match=r"gradient's norm is (nan|inf) on the batch oak_1, oak_2"):
        update(optimiser, scaler, [parameter], clip, ["oak_1", "oak_2"])
    assert torch.equal(parameter.detach(), torch.ones(2))


def test_a_loss_scaler_skips_an_overflow_instead():
    parameter, optimiser, scaler = problem([float("inf"), 1.0], enabled=True)
    scaler.scale(torch.zeros(()))
    update(optimiser, scaler, [parameter], 5.0, ["a"])
    assert torch.equal(parameter.detach(), torch.ones(2))


def test_what_is_frozen_has_no_part_in_a_graph_and_wants_a_gradient_again_whatever_happens():
    one, other = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    with freeze([one]):
        (one * other).sum().backward()
    assert one.grad is None and torch.equal(other.grad, torch.ones(2))
    with pytest.raises(ZeroDivisionError), freeze([one]):
        raise ZeroDivisionError
    assert one.requires_grad and other.requires_grad

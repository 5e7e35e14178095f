"""What networks may return in training, and the loss of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nasframe import Outputs, RunError, main_output, total_loss


def squares(output: Tensor) -> Tensor:
    return output.square().mean()


def test_the_loss_of_one_tensor_is_the_criterion_of_it() -> None:
    assert float(total_loss(torch.tensor([1.0, 3.0]), squares)) == 5.0


def test_the_loss_of_several_outputs_is_their_weighted_sum() -> None:
    outputs = Outputs(torch.tensor([1.0, 3.0]), ((torch.tensor([2.0, 2.0]), 0.5), (torch.tensor([0.0, 4.0]), 0.25)))
    assert float(total_loss(outputs, squares)) == 5.0 + 0.5 * 4.0 + 0.25 * 8.0


def test_every_output_gets_its_share_of_the_gradient() -> None:
    main, extra = (torch.ones(2, requires_grad=True) for _ in range(2))
    total_loss(Outputs(main, ((extra, 0.4),)), squares).backward()
    assert main.grad is not None and main.grad.tolist() == [1.0, 1.0]
    assert extra.grad is not None and extra.grad.tolist() == pytest.approx([0.4, 0.4])


def test_the_main_output_of_one_tensor_is_itself() -> None:
    tensor, other = torch.zeros(1), torch.ones(1)
    assert main_output(tensor) is tensor
    assert main_output(Outputs(tensor, ((other, 1.0),))) is tensor


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([torch.zeros(2, 3)], r"a list of 1: a tensor of \(2, 3\)"),
        ({"out": torch.zeros(1), "aux": torch.zeros(1)}, "a dict of out, aux"),
        (None, "a value of the type NoneType"),
    ],
)
def test_anything_else_is_refused_by_what_it_is_and_what_is_expected(found: Tensor, said: str) -> None:
    with pytest.raises(RunError, match=rf"the network returned {said}; expected a tensor, or in training mode"):
        total_loss(found, squares)

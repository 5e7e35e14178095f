"""What a network answers: in the task's shape, in eval mode."""

import pytest
import torch
from torch import nn

from nasframe.errors import RunError
from nasframe.space import Task
from nasframe.training.answering import as_logits, set_to_eval

IMAGES = torch.zeros(2, 3, 8, 6)


def test_answers_in_the_tasks_shape_become_float32():
    whole, dense = Task(3, 5, (8, 6), dense=False), Task(3, 5, (99, 99))
    assert as_logits(torch.zeros(2, 5, dtype=torch.bfloat16), IMAGES, whole).dtype == torch.float32
    assert as_logits(torch.zeros(2, 5, 8, 6), IMAGES, dense).shape == (2, 5, 8, 6)
    with pytest.raises(RunError, match=r"returned the shape \(2, 5\) .* returns \(2, 5, 8, 6\): logits at the size"):
        as_logits(torch.zeros(2, 5), IMAGES, dense)
    with pytest.raises(RunError, match=r"5 classes returns \(2, 5\): logits a row an image"):
        as_logits(torch.zeros(2, 5, 1, 1), IMAGES, whole)


def test_every_submodule_is_put_back_into_its_own_mode_after_an_error_too():
    network = nn.Sequential(nn.Dropout(), nn.Dropout())
    network[1].eval()
    with pytest.raises(KeyError), set_to_eval(network):
        assert not any(module.training for module in network.modules())
        raise KeyError
    assert [module.training for module in network.modules()] == [True, True, False]

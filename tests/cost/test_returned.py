"""What networks return is held against their task before anything is trained."""

import numpy as np
import pytest
import torch
from supervised_spaces import Headed, HeadedNetwork, Listing, Space, Stacked
from torch import nn

from nasframe import CapabilityError, Task
from nasframe.cost.returned import require_returned
from nasframe.genotype import sample
from nasframe.testing.tiny import TinySpace
from nasframe.trained.folding import fold_batch_norm

TASK = Task(3, 5, (32, 32))


class Given(Space):
    """Its network is a given one."""

    name = "given"

    def __init__(self, network):
        super().__init__()
        self.network = network

    def build(self, genotype, task):
        return self.network()


class Always(HeadedNetwork):
    """Returns all outputs in eval mode too."""

    def __init__(self):
        super().__init__(TASK, nn.ReLU())

    def forward(self, inputs):
        training, self.training = self.training, True
        try:
            return super().forward(inputs)
        finally:
            self.training = training


def look(space, task=TASK):
    require_returned(space, sample(space, np.random.default_rng(0)), task)


@pytest.mark.parametrize("space", [TinySpace(), Headed(), Stacked()])
def test_tensors_of_the_tasks_shape_are_right(space):
    look(space)


@pytest.mark.parametrize(
    ("space", "task", "said"),
    [
        (Listing(), TASK, "'listing' in training mode returned a list of 2: a tensor of (2, 5, 32, 32)"),
        (Given(Always), TASK, "'given' in eval mode returned nasframe.Outputs; expected one tensor"),
        (TinySpace(), Task(3, 5, (32, 32), stride=4), "expected the task's shape (2, 5, 8, 8)"),
    ],
)
def test_anything_else_is_refused_by_space_and_mode_and_what_is_expected(space, task, said):
    with pytest.raises(CapabilityError) as caught:
        look(space, task)
    assert said in str(caught.value)


def test_a_network_that_cannot_be_looked_at_is_passed_over():
    look(Given(lambda: nn.Conv2d(7, 5, 1)))
    look(Given(lambda: 1 / 0))


def test_a_folded_network_has_no_auxiliary_head_and_computes_the_same():
    torch.manual_seed(0)
    network = HeadedNetwork(TASK, nn.ReLU()).eval()
    images = torch.randn(2, 3, 32, 32)
    folded = fold_batch_norm(network).network
    assert not [name for name, _ in folded.named_parameters() if "auxiliary" in name]
    torch.testing.assert_close(folded(images), network(images))

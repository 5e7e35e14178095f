import numpy as np
import pytest
import torch

from nasframe import Task
from nasframe.genotype import sample
from nasframe.trained.export import relative_difference, traced
from nasframe.trained.folding import fold_batch_norm
from nasframe_cells.nasnet import NasNet

TASK = Task(3, 4, (16, 16), dense=False)


@pytest.fixture(scope="module")
def network():
    """A network with strided convolutions and means, settled by a few images."""
    options = {"cells": 1, "filters": 4, "blocks": 1, "operations": ("avg_pool_3x3", "sep_3x3", "max_pool_3x3")}
    space = NasNet(NasNet.Options(**options))
    torch.manual_seed(0)
    made = space.build(sample(space, np.random.default_rng(0)), TASK)
    for _ in range(3):
        made(torch.randn(4, 3, 16, 16))
    return made.eval()


def test_a_folded_network_pads_and_computes_as_before(network):
    images = torch.randn(2, 3, 15, 18)
    folded = fold_batch_norm(network)
    assert folded.folded >= 10
    with torch.no_grad():
        assert relative_difference(folded.network(images), network(images)) < 1e-5


@pytest.mark.slow
def test_a_network_is_traced_for_one_size(network):
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert relative_difference(traced(network, 3, (16, 16)).module()(images), network(images)) < 1e-6

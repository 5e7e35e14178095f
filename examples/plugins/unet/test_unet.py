import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nasframe import Task
from nasframe.genotype import sample, trace
from nasframe.testing import SpaceContract

sys.path.insert(0, str(Path(__file__).parent))

from nasframe_unet.space import UNet


class TestUNet(SpaceContract):
    space = UNet(UNet.Options(depth=2, filters=2))


@pytest.fixture
def space():
    return UNet(UNet.Options(filters=2))


def of_depth(space, depth, skip=True):
    return trace(space, lambda name, options: depth if name == "depth" else skip if "skip" in name else options[0])


def test_networks_of_different_depth_have_different_nodes(space):
    shallow, deep = space.graph(of_depth(space, 1)), space.graph(of_depth(space, 3))
    assert {"down1", "up0", "levels/1"} <= set(shallow) < set(deep)
    assert not {"down2", "up1", "levels/2"} & set(shallow)
    assert list(shallow["down1"]) == ["up0"] and list(deep["down1"]) == ["down2", "up1"]


def test_a_level_without_a_skip_connection_has_no_edge_across(space):
    graph = space.graph(of_depth(space, 2, skip=False))
    assert not [edge for edge in graph.edges if graph.edges[edge]["kind"] == "optional"]


def test_a_decided_supernet_computes_what_its_genotype_says(space):
    torch.manual_seed(0)
    supernet = space.relax(Task(3, 5, (32, 32)), lambda logits: (logits * 1e9).softmax(-1)).eval()
    genotype = of_depth(space, 2, skip=False)
    with torch.no_grad():
        supernet.turn.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))  # not the first level below, but the second
        supernet.skip.copy_(torch.tensor([[0.0, 1.0]] * 3))
        supernet.operation.copy_(torch.tensor([[1.0, 0.0, 0.0]] * 4))
    assert supernet.derive() == genotype
    network = space.build(genotype, Task(3, 5, (32, 32))).eval()
    assert network.load_state_dict(handed_on(supernet, network)) and network.depth == 2
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(images), supernet(images), rtol=1e-4, atol=1e-5)


def handed_on(supernet, network):
    """The supernet's tensors by the network's names; of what a network without skip connections reads, a half."""
    theirs, own = supernet.state_dict(), network.state_dict()
    state = {}
    for name, tensor in own.items():
        kind, level, *rest = name.split(".")
        found = theirs[".".join([kind, level, "0", *rest]) if kind in ("down", "up") else name]
        state[name] = found[:, : tensor.shape[1]] if tensor.ndim == 4 else found
    return state


def test_a_draw_has_every_depth(space):
    drawn = {sample(space, np.random.default_rng(seed))["depth"] for seed in range(30)}
    assert drawn == {1, 2, 3}

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import ExperimentError, Task
from nasframe.testing import SpaceContract
from nasframe_autodeeplab.partial_channels import PartialOp, absent_edges, with_edges
from nasframe_autodeeplab.space import AutoDeepLab

torch.set_num_threads(1)

SMALL = {
    "layers": 2,
    "levels": 2,
    "blocks": 2,
    "filters": 4,
    "operations": ("sep_3x3", "zero", "skip"),
    "implementation": "plain",
}
TASK = Task(3, 5, (33, 33))


class TestAutoDeepLabWithPartialChannels(SpaceContract):
    space = AutoDeepLab(AutoDeepLab.Options(**SMALL, partial_channels=4))


def relax(**options):
    torch.manual_seed(0)
    return AutoDeepLab(AutoDeepLab.Options(**{**SMALL, **options})).relax(TASK, lambda logits: logits.softmax(-1))


class Tripled(nn.Module):
    def forward(self, inputs, weights):
        assert weights.shape == (2,)
        return 3 * inputs


def test_the_first_channels_are_operated_on_and_all_are_shuffled_and_weighed():
    inputs = torch.arange(1.0, 9.0).view(1, 8, 1, 1)
    output = PartialOp(Tripled(), 4)(inputs, torch.tensor([0.0, 0.0, 0.5]))
    assert output.flatten().tolist() == [1.5, 1.5, 2.5, 3.5, 3.0, 2.0, 3.0, 4.0]


def test_the_table_of_edges_is_read_block_by_block():
    assert absent_edges(3).tolist() == [[False, False, True, True], [False] * 3 + [True], [False] * 4]
    joined = with_edges(torch.zeros(9, 2), torch.arange(12.0).view(3, 4))
    assert joined[:, :-1].any().item() is False
    assert joined[:, -1].tolist() == [0, 1, 4, 5, 6, 8, 9, 10, 11]


def test_a_cell_works_on_a_share_of_its_channels():
    def weights(supernet):
        return sum(parameter.numel() for node in supernet.nodes.values() for parameter in node.cells.parameters())

    assert weights(relax(partial_channels=4)) < weights(relax()) / 4


def test_a_cell_is_the_sum_of_weighed_edges_written_out():
    supernet = relax(partial_channels=2, layers=1, levels=1).eval()
    cell = supernet.nodes["l1/s4"].cells["shared"]
    table = torch.randn(5, 4)
    h2, h1 = torch.randn(2, 1, 4, 9, 9).unbind()

    def edge(row, tensor):
        separable, skip = cell.mixed_ops[row].mixed_op.primitives
        mixed = table[row, 0] * separable(tensor[:, :2]) + table[row, 2] * skip(tensor[:, :2])
        return table[row, 3] * torch.stack([mixed, tensor[:, 2:]], dim=2).flatten(1, 2)

    b1 = edge(0, h2) + edge(1, h1)
    b2 = edge(2, h2) + edge(3, h1) + edge(4, b1)
    torch.testing.assert_close(cell(h2, h1, table), torch.cat([b1, b2], dim=1))


def test_edges_are_architecture_that_learns_and_takes_part_in_deriving():
    supernet = relax(partial_channels=4)
    assert [tuple(parameter.shape) for parameter in supernet.arch_parameters()] == [(5, 3), (3, 3), (2, 3)]
    supernet(torch.randn(2, 3, 33, 33)).square().mean().backward()
    assert (supernet.edge.grad != 0).tolist() == [[True, True, False], [True, True, True]]
    with torch.no_grad():
        supernet.alpha.zero_()
        supernet.edge.copy_(torch.tensor([[0.0, 0.0, 0.0], [5.0, 0.0, 3.0]]))
    operation = supernet.mixing_weights()["operation"]
    assert np.allclose(operation.sum(-1)[:2], 0.5) and np.isclose(operation[2:].sum(), 1)
    assert supernet.derive()["cell/b2/inputs"] == ("h-2", "b1")


def test_no_shuffled_channel_is_left_out_for_good():
    supernet = relax(partial_channels=2, layers=1, levels=1, operations=("skip",)).eval()
    cell = supernet.nodes["l1/s4"].cells["shared"]
    inputs = torch.randn(2, 1, 4, 3, 3, requires_grad=True)
    cell(*inputs.unbind(), torch.ones(5, 2)).sum().backward()
    assert (inputs.grad != 0).all()


def test_recomputed_activations_give_the_same_gradients():
    gradients = []
    for checkpoint in (False, True):
        supernet = relax(partial_channels=2, checkpoint=checkpoint)
        loss = supernet(torch.ones(2, 3, 33, 33)).square().mean()
        gradients.append(torch.autograd.grad(loss, supernet.arch_parameters()))
    assert all(torch.equal(kept, again) for kept, again in zip(*gradients, strict=True))


def test_the_derived_network_and_the_single_path_have_all_channels():
    genotype = relax(partial_channels=4).derive()
    plain, partial = (AutoDeepLab(AutoDeepLab.Options(**SMALL, partial_channels=share)) for share in (1, 4))
    for build in (lambda space: space.build(genotype, TASK), lambda space: space.switchable(TASK)):
        sizes = [sum(parameter.numel() for parameter in build(space).parameters()) for space in (plain, partial)]
        assert sizes[0] == sizes[1]


def test_a_share_that_does_not_divide_the_channels_is_refused():
    with pytest.raises(ExperimentError, match=r"partial_channels is 3 and space\.filters 4.*such as 6"):
        relax(partial_channels=3)


def test_the_stacked_supernet_refuses_partial_channels():
    with pytest.raises(ValueError, match=r"partial_channels=4 needs implementation: plain"):
        AutoDeepLab.Options(**{**SMALL, "implementation": "stacked"}, partial_channels=4)

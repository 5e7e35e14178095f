"""The supernet at one genotype against the supernet whose mixing weights are 0 and 1, and against hand-made sums."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from nasframe import Task
from nasframe.genotype import sample, trace
from nasframe_autodeeplab.cell_graph import edges
from nasframe_autodeeplab.resolution import resize_like
from nasframe_autodeeplab.space import AutoDeepLab

torch.set_num_threads(1)

FEW = ("sep_3x3", "zero", "max_pool_3x3", "skip")
SMALL = {"layers": 3, "levels": 2, "blocks": 2, "filters": 2, "operations": FEW}
TASK = Task(3, 5, (33, 33))


def tables(space, genotype):
    """Operation and move weights of 1 for what the genotype takes and 0 for all else."""
    operation = torch.zeros(len(edges(space.options.blocks)), len(space.options.operations), dtype=torch.float64)
    for block, inputs in space.questions.cell_wiring(genotype).items():
        for source, name in inputs:
            row = [tuple(edge) for edge in edges(space.options.blocks)].index((source, block))
            operation[row, space.options.operations.index(name)] = 1
    rows = 1 + max(row for _, _, (_, row, _) in space.trellis.edges(data="weight", default=("", -1, 0)))
    move = torch.zeros(rows, 3, dtype=torch.float64)
    path = ["stem2", *space.questions.path_states(genotype)]
    for step in pairwise(path):
        _, row, column = space.trellis.edges[step]["weight"]
        move[row, column] = 1
    return operation, move


def both(space, genotype):
    """The supernet with weights of 0 and 1 and the head of the path's end, and the one that is switched."""
    operation, move = tables(space, genotype)
    torch.manual_seed(0)
    whole = space.relax(TASK, lambda logits: operation if logits.shape == operation.shape else move)
    torch.manual_seed(0)
    single = space.switchable(TASK)
    single.load_state_dict(whole.state_dict(), strict=False)
    end = space.questions.path_states(genotype)[-1]
    whole.heads = torch.nn.ModuleDict({end: whole.heads[end]})
    single.switch(genotype)
    return whole.double(), single.double()


@pytest.mark.parametrize("share", [True, False], ids=["shared", "own"])
def test_it_is_the_supernet_with_weights_of_zero_and_one(share):
    space = AutoDeepLab(AutoDeepLab.Options(**SMALL, share_node_weights=share))
    images = torch.randn(2, 3, 30, 33, dtype=torch.float64)
    for seed in range(3):
        whole, single = both(space, sample(space, np.random.default_rng(seed)))
        with torch.no_grad():
            torch.testing.assert_close(single(images), whole(images), rtol=1e-10, atol=1e-10)


def test_only_what_the_genotype_takes_gets_gradients_and_statistics():
    space = AutoDeepLab(AutoDeepLab.Options(**SMALL))
    genotype = sample(space, np.random.default_rng(1))
    single = space.switchable(TASK)
    single.switch(genotype)
    single(torch.randn(2, 3, 33, 33)).square().mean().backward()
    touched = {
        name.split(".")[1] for name, weight in single.nodes.named_parameters(prefix="n") if weight.grad is not None
    }
    assert touched == set(space.questions.path_states(genotype))
    moved = {
        name.split(".")[1] for name, mean in single.nodes.named_buffers(prefix="n") if "mean" in name and mean.any()
    }
    assert moved == touched


def test_a_path_is_a_chain_of_cells_written_out():
    space = AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=1, filters=2))
    answers = {"cell/b1/inputs": ("h-2", "h-1"), "cell/b1/h-2": "skip", "cell/b1/h-1": "max_pool_3x3"}
    answers |= {"path/l1": 8, "path/l2": 8}
    single = space.switchable(TASK).eval()
    single.switch(trace(space, lambda name, options: answers[name]))
    images = torch.randn(1, 3, 33, 33)
    h_1 = single.stem[0](images)
    h0 = single.stem[1](h_1)
    tensors = [h_1, h0]
    for state, source in (("l1/s8", "stem2"), ("l2/s8", "l1/s8")):
        node = single.nodes[state]
        before_last, last = node.preparations[source](*tensors[-2:])
        pool = node.cells["shared"].mixed_ops[1].primitives[space.options.kept_operations.index("max_pool_3x3")]
        tensors.append(before_last + pool(last))
    expected = resize_like(single.heads["l2/s8"](tensors[-1]), images)
    torch.testing.assert_close(single(images), expected)


def test_where_the_path_was_elsewhere_two_layers_before_nothing_is_read():
    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=2, blocks=1, filters=2))
    answers = {"cell/b1/inputs": ("h-2", "h-1"), "cell/b1/h-1": "sep_3x3"}
    answers |= {"path/l1": 4, "path/l2": 8, "path/l3": 8}
    single = space.switchable(TASK)
    single.switch(trace(space, lambda name, options: answers.get(name, "sep_5x5")))
    single(torch.randn(2, 3, 33, 33)).square().mean().backward()

    def learns(state, source):
        return all(p.grad is not None for p in single.nodes[state].preparations[source].before_last.parameters())

    assert learns("l1/s4", "stem2") and learns("l2/s8", "l1/s4") and not learns("l3/s8", "l2/s8")

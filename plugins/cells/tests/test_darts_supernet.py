import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nasframe import CapabilityError, Task
from nasframe.genotype import sample, validate
from nasframe.training.running_statistics import HeldStatistics
from nasframe_cells.darts.decoding import decode, decode_several
from nasframe_cells.darts.layouts import Large, Small, arranged
from nasframe_cells.darts.norms import Norms
from nasframe_cells.darts.operations import OPERATIONS
from nasframe_cells.darts.options import DartsOptions
from nasframe_cells.darts.questions import relaxed_edges
from nasframe_cells.darts.space import Darts
from nasframe_cells.language import read_cell

TASK = Task(1, 10, (8, 8), dense=False)
SMALL = {"cells": 3, "filters": 2}


def softmax(logits):
    return logits.softmax(dim=-1)


def supernet(**options):
    torch.manual_seed(0)
    space = Darts(Darts.Options(**SMALL, **options))
    return space, space.relax(TASK, softmax)


def set_to(alpha, chosen):
    """Make the alphas favour (edge, operation) pairs, the first most."""
    with torch.no_grad():
        alpha.zero_()
        for place, (row, column) in enumerate(chosen):
            alpha[row, column] = 5.0 - 0.1 * place


def test_the_two_strongest_edges_of_a_block_are_kept_and_none_makes_no_edge_strong():
    space, found = supernet(blocks=2, operations=("none", "skip", "sep_3x3", "max_pool_3x3"))
    # Block 1 has the rows 0, 1; block 2 the rows 2 (h-2), 3 (h-1), 4 (b1).
    set_to(found.normal, [(3, 0), (4, 2), (2, 3), (0, 1), (1, 1)])
    set_to(found.reduction, [(3, 1), (2, 2), (4, 0), (0, 2), (1, 3)])
    cells = space.cells(found.derive())
    assert cells.normal == read_cell("skip(0) skip(1); max_pool_3x3(0) sep_3x3(2) -> 2 3")
    assert cells.reduction == read_cell("sep_3x3(0) max_pool_3x3(1); sep_3x3(0) skip(1) -> 2 3")


def test_equally_strong_edges_and_operations_are_taken_in_their_order():
    space, _ = supernet()
    even = np.full((14, 8), 1 / 8)
    cells = space.cells(decode("darts", space.questions, {"normal": even, "reduction": even}))
    block = "max_pool_3x3(0) max_pool_3x3(1)"
    assert cells.normal == cells.reduction == read_cell("; ".join([block] * 4) + " -> 2 3 4 5")


def test_finalists_are_the_most_probable_genotypes_and_begin_with_the_derived_one():
    space, found = supernet(blocks=2, operations=("none", "skip", "sep_3x3"), arch_init=1.0)
    weights = found.mixing_weights()
    finalists = found.finalists(7)
    assert finalists[0] == found.derive()
    assert len({*finalists}) == 7
    value = {}
    for genotype in decode_several("darts", space.questions, weights, 10_000):
        validate(space, genotype)
        cells = space.cells(genotype)
        rows = {edge: row for row, edge in enumerate(relaxed_edges(2))}
        value[genotype] = sum(
            np.log(weights[kind][rows[edge.input, state], ("none", "skip", "sep_3x3").index(edge.operation)])
            for kind, cell in (("normal", cells.normal), ("reduction", cells.reduction))
            for state, block in enumerate(cell.blocks, start=2)
            for edge in block.edges
        )
    assert len(value) == (4 * 3 * 4) ** 2, "all there are"
    best = sorted(value.values(), reverse=True)[:7]
    assert sorted((value[genotype] for genotype in finalists), reverse=True) == pytest.approx(best)


def plain_cell(space, mixed, weights, before_last, last):
    """The relaxed cell written out, edge by edge and operation by operation."""
    options, stride = space.options, mixed.fans[0].stride
    states = [before_last, last]
    rows = iter(weights)
    for state in range(2, 2 + options.blocks):
        total = 0
        for source, values in enumerate(states):
            row = next(rows)
            fan = mixed.fans[source]
            edge = state - max(2, source + 1)
            for weight, name in zip(row, options.operations, strict=True):
                if name == "none":
                    continue
                step = stride if source < 2 else 1
                operation = OPERATIONS[name](values.shape[1], step, lambda width: nn.BatchNorm2d(width, affine=False))
                own = dict(fan.tensors(edge, name))
                operation.load_state_dict(own, strict=False)
                result = operation.double().train()(values)
                if "pool" in name:
                    result = functional.batch_norm(result, None, None, training=True)
                total = total + weight * result
        states.append(total)
    return torch.cat(states[2:], dim=1)


@pytest.mark.parametrize("number", [0, 1], ids=["normal", "reduction"])
def test_a_mixed_cell_is_the_sum_over_edges_and_operations_of_the_paper(number):
    compare_with_the_plain_sum(number, side=6)


def compare_with_the_plain_sum(number, side):
    space, found = supernet(arch_init=1.0)
    found.double().train()
    mixed = found.cell(number)
    width = mixed.fans[0].channels
    before_last, last = torch.randn(2, 3, width, side, side, dtype=torch.float64).unbind()
    weights = softmax(found.normal if number == 0 else found.reduction)
    by_state = [weights[rows] for rows in found.rows]
    expected = plain_cell(space, mixed, weights, before_last, last)
    torch.testing.assert_close(mixed(before_last, last, by_state), expected)


def test_a_supernet_with_one_hot_weights_is_its_single_path_in_value_and_running_statistics():
    space, found = supernet()
    genotype = sample(space, np.random.default_rng(3))
    cells = space.cells(genotype)
    images = torch.randn(4, 1, 8, 8)
    for kind, cell in (("normal", cells.normal), ("reduction", cells.reduction)):
        chosen = {(edge.input, state): edge.operation for state, one in enumerate(cell.blocks, 2) for edge in one.edges}
        with torch.no_grad():
            table = getattr(found, kind).fill_(-torch.inf)
            for row, edge in enumerate(relaxed_edges(4)):
                table[row, space.options.operations.index(chosen.get(edge, "none"))] = 0.0
    single = space.one_hot(found, genotype)
    with HeldStatistics(found):
        torch.testing.assert_close(single(images), found(images))
    torch.testing.assert_close(single.eval()(images), found.eval()(images))


def test_a_network_that_inherits_all_of_a_supernet_computes_the_same_in_training_and_after():
    space, found = supernet(bn_affine=True, operations=("none", "skip", "sep_3x3", "dil_sep_5x5"))
    images = torch.randn(4, 1, 8, 8)
    genotype = sample(space, np.random.default_rng(1))
    for parameter in found.parameters():
        nn.init.normal_(parameter, std=0.5)
    network = space.build(genotype, TASK)
    network.load_state_dict({**network.state_dict(), **space.inherited(found, genotype)}, strict=True)
    assert space.inherited(found, genotype).keys() == {
        name for name in network.state_dict() if not name.endswith("num_batches_tracked")
    }
    single = space.one_hot(found, genotype)
    for _ in range(2):
        torch.testing.assert_close(single(images), network(images))
    torch.testing.assert_close(single.eval()(images), network.eval()(images))


def test_a_larger_network_inherits_by_stage():
    space, found = supernet()
    larger = Darts(Darts.Options(filters=2, cells=6))
    genotype = sample(space, np.random.default_rng(1))
    places = {name.split(".")[1] for name in larger.inherited(found, genotype) if name.startswith("cells.")}
    assert places == {"0", "2", "4"}, "the first normal cell and both reductions"
    assert "filters is 2" in Darts(Darts.Options(filters=4)).unlike(space)


def test_a_foreign_supernet_gives_nothing_to_inherit():
    space, _ = supernet()
    with pytest.raises(CapabilityError, match="a Linear to inherit from"):
        space.inherited(nn.Linear(1, 1), sample(space, np.random.default_rng(0)))


def test_one_image_of_one_pixel_leaves_running_statistics_alone():
    norms = Norms(3, DartsOptions(), affine=False).train()
    assert torch.equal(norms(torch.full((1, 3, 1, 1), 4.0)), torch.full((1, 3, 1, 1), 4.0) / (1 + 1e-5) ** 0.5)
    assert torch.equal(norms.running_mean, torch.zeros(3))


def test_held_norms_normalise_by_the_batch_and_note_nothing():
    norms = Norms(2, DartsOptions(), affine=False).train()
    with HeldStatistics(norms):
        found = norms(torch.randn(4, 2, 3, 3) + 5)
    assert abs(float(found.mean())) < 1e-5
    assert torch.equal(norms.running_mean, torch.zeros(2))


def test_the_supernet_has_a_second_derivative():
    _, found = supernet(blocks=1)
    loss = found(torch.randn(3, 1, 8, 8)).square().mean()
    weight = found.cell(0).fans[0].banks["sep_3x3"].pointwise[0].weight
    (gradient,) = torch.autograd.grad(loss, weight, create_graph=True)
    (mixed,) = torch.autograd.grad(gradient.square().sum(), found.normal)
    assert torch.isfinite(mixed).all() and mixed.abs().sum() > 0


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rate", [1, 2])
@pytest.mark.parametrize("height", [5, 6])
def test_the_fast_forms_of_separable_convolutions_are_the_plain_ones(stride, rate, height):
    torch.manual_seed(0)
    values = torch.randn(2, 6, height, 7, dtype=torch.float64)
    filters, mixing = torch.randn(6, 1, 5, 5, dtype=torch.float64), torch.randn(6, 3, 1, 1, dtype=torch.float64)
    plain = functional.conv2d(values, filters, None, stride, 2 * rate, rate, groups=6)
    plain = functional.conv2d(functional.relu(plain), mixing, groups=2)
    for form in (Large(arranged(values)), Small.of([values[:, :3], values[:, 3:]])):
        found = form.depthwise(filters, stride, rate).relu().pointwise(mixing).normalised(lambda one: 2 * one)
        torch.testing.assert_close(found.images(), 2 * plain)


def test_images_of_few_pixels_are_multiplied_with_matrices():
    assert Small.fits(torch.zeros(1, 1, 8, 8))
    assert not Small.fits(torch.zeros(1, 1, 8, 9))
    assert not Small.fits(torch.zeros(1, 1, 8, 8, device="meta"))


@pytest.mark.parametrize("number", [0, 1], ids=["normal", "reduction"])
def test_a_mixed_cell_of_large_images_is_that_sum_too(number):
    compare_with_the_plain_sum(number, side=10)


@pytest.mark.parametrize("filters", [2, 3])
def test_few_channels_train_on_larger_images_too(filters):
    """Torch's gradient of a strided 1x1 convolution of 2 to 7 channels, side by side in memory, ends the process."""
    supernet = Darts(Darts.Options(cells=3, filters=filters)).relax(Task(3, 10, (32, 32), dense=False), softmax)
    for _ in range(3):
        supernet(torch.randn(8, 3, 32, 32)).logsumexp(1).mean().backward()
    assert all(weight.grad.isfinite().all() for weight in supernet.parameters() if weight.grad is not None)

"""The dense prediction cell: its questions, its pooling and its rates."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from nasframe import CapabilityError, Genotype, GenotypeError, Task
from nasframe.genotype import enumerate_all, sample, validate
from nasframe_deeplab import published
from nasframe_deeplab.cell import FEATURES, Branch
from nasframe_deeplab.dense_cell import DenseCell, PyramidPooling, pooled_places
from nasframe_deeplab.dpc import Dpc
from nasframe_deeplab.layers import norm_of

OPERATIONS = Dpc.Options().operations


def cell_of(*branches, inputs=4, **options):
    found = Dpc.Options(head_filters=4, **options)
    return DenseCell(inputs, tuple(branches), found, norm_of(found)).eval()


def test_there_are_a_1x1_and_64_atrous_convolutions_and_16_poolings():
    kinds = [name.partition("_")[0] for name in OPERATIONS]
    assert (len(set(OPERATIONS)), kinds.count("conv"), kinds.count("atrous"), kinds.count("pool")) == (81, 1, 64, 16)
    assert {"conv_1x1", "atrous_1x21", "atrous_21x1", "pool_8x2"} <= set(OPERATIONS)


@pytest.mark.parametrize(("branches", "cells"), [(1, 6), (2, 2 * 6**2), (3, 6 * 6**3)])
def test_a_small_space_has_as_many_cells_as_inputs_times_operations(branches, cells):
    space = Dpc(Dpc.Options(branches=branches, rates=[1], grids=[1, 2]))
    assert len(list(enumerate_all(space))) == cells


def test_every_drawn_cell_reads_what_comes_before():
    space = Dpc()
    for seed in range(20):
        cell = space.cell(sample(space, np.random.default_rng(seed)))
        names = [FEATURES, "b1", "b2", "b3", "b4"]
        assert all(branch.input in names[: number + 1] for number, branch in enumerate(cell))


def test_the_published_cell_survives_the_way_to_a_genotype_and_back():
    record = published.dpc_cityscapes
    space = Dpc(Dpc.Options(**record.options))
    assert space.cell(record.genotype) == published.TOP_1
    assert space.genotype(published.TOP_1) == record.genotype


def test_a_cell_that_reads_a_later_branch_is_refused():
    with pytest.raises(GenotypeError, match="cell/b1/input"):
        Dpc(Dpc.Options(branches=1)).genotype((Branch("b2", "conv_1x1"),))


@pytest.mark.parametrize(("image", "stride", "grid", "kernel"), [(513, 16, 4, 9), (513, 16, 2, 17), (257, 16, 1, 17)])
def test_released_windows_have_the_sizes_of_the_authors_tests(image, stride, grid, kernel):
    side = (image - 1) // stride + 1
    assert pooled_places(side, grid) == kernel == int((image - 1) / (stride * grid) + 1)


def pooled(pooling, grid):
    options = Dpc.Options(pooling=pooling)
    layer = PyramidPooling(1, 1, grid, options, norm_of(options))
    return layer.pooled(torch.arange(48.0).reshape(1, 1, 6, 8))


def test_a_grid_gives_the_mean_of_each_of_its_fields():
    assert pooled("grid", (2, 4))[0, 0].tolist() == [[8.5, 10.5, 12.5, 14.5], [32.5, 34.5, 36.5, 38.5]]


def test_released_pooling_gives_the_mean_of_a_window_at_every_place():
    found = pooled("released", (2, 4))
    assert found.shape == (1, 1, 6 - 3 + 1, 8 - 2 + 1)
    assert float(found[0, 0, 0, 0]) == (0 + 1 + 8 + 9 + 16 + 17) / 6


def test_both_poolings_of_the_whole_image_are_its_mean():
    assert torch.equal(pooled("grid", (1, 1)), pooled("released", (1, 1)))


def test_rates_are_height_by_width():
    cell = cell_of(Branch(FEATURES, "atrous_1x6"))
    assert cell.branches[0].conv_dw.dilation == cell.branches[0].conv_dw.padding == (1, 6)


def test_rates_are_doubled_at_output_stride_8():
    cell = cell_of(Branch(FEATURES, "atrous_18x15"), output_stride=8)
    assert cell.branches[0].conv_dw.dilation == (36, 30)


def test_a_branch_reads_the_branch_that_it_names():
    torch.manual_seed(0)
    cell = cell_of(Branch(FEATURES, "conv_1x1"), Branch("b1", "pool_1x1"), Branch(FEATURES, "conv_1x1"), inputs=3)
    seen = {}
    for number, branch in enumerate(cell.branches):
        branch.register_forward_hook(
            lambda module, inputs, output, number=number: seen.update({number: (inputs[0], output)})
        )
    features = torch.randn(1, 3, 5, 5)
    assert cell(features).shape == (1, 4, 5, 5)
    assert seen[0][0] is features and seen[2][0] is features and seen[1][0] is seen[0][1]


def test_a_number_that_is_given_twice_is_refused():
    with pytest.raises(ValidationError, match="rates has a number twice"):
        Dpc.Options(rates=[1, 3, 1])


def test_a_task_of_whole_images_is_refused_with_what_to_do():
    space = Dpc(Dpc.Options(backbone="resnet50"))
    with pytest.raises(CapabilityError, match="use an evaluator of segmentation"):
        space.build(sample(space, np.random.default_rng(0)), Task(3, 5, (33, 33), dense=False))


def test_the_cells_graph_has_an_edge_from_all_that_a_branch_may_read_and_a_genotypes_the_one_it_reads():
    space = Dpc(Dpc.Options(**published.dpc_cityscapes.options))
    whole, chosen = space.graph(), space.graph(published.dpc_cityscapes.genotype)
    assert set(whole.predecessors("cell/b3")) == {"cell/features", "cell/b1", "cell/b2"}
    assert {node: list(chosen.predecessors(f"cell/{node}")) for node in ("b2", "b3", "b5")} == {
        "b2": ["cell/b1"],
        "b3": ["cell/b2"],
        "b5": ["cell/b1"],
    }
    assert chosen.edges["cell/b1", "cell/b2"]["operation"] == "atrous_18x15"


def test_levels_of_the_networks_graph_are_logarithms_of_strides():
    graph = Dpc(Dpc.Options(backbone="resnet50", output_stride=8)).graph()
    places = {data["label"]: data["level"] for _, data in graph.nodes(data=True) if data["part"] == "network"}
    assert places == {"image": 0, "4": 2, "8": 3, "DPC": 3, "decoder": 2, "logits": 0}
    skip = [before for before in graph.predecessors("network/decoder") if before != "network/head"]
    assert len(skip) == 1 and graph.nodes[skip[0]]["level"] == 2


def test_a_genotype_of_fewer_branches_is_none_of_the_space():
    with pytest.raises(GenotypeError, match="cell/b3/input"):
        validate(Dpc(), Genotype("dpc", published.dpc_cityscapes.genotype.decisions[:4]))


def test_checking_an_experiment_needs_no_torch():
    code = (
        "import sys; from nasframe_deeplab import deeplabv3, deeplabv3plus, dpc, published; dpc.Dpc().graph(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

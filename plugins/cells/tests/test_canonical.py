from itertools import combinations_with_replacement

import numpy as np

from nasframe.genotype import enumerate_all, sample
from nasframe_cells.canonical import canonical
from nasframe_cells.language import Block, Cell, Edge, read_cell
from nasframe_cells.nasnet import NasNet
from nasframe_cells.options import PNAS
from nasframe_cells.pnas import Pnas


def test_swapped_operands_and_renamed_blocks_are_one_cell():
    one = read_cell("sep_3x3(0) skip(1); skip(0) skip(0); skip(2) skip(3) -> 4")
    other = read_cell("skip(0) skip(0); skip(1) sep_3x3(0); skip(3) skip(2) -> 4")
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(read_cell("sep_3x3(1) skip(0); skip(0) skip(0); skip(2) skip(3) -> 4"))


def test_blocks_whose_states_are_given_out_by_name_keep_these_names():
    one = read_cell("skip(1) skip(1); skip(0) skip(0) -> 3")
    other = read_cell("skip(0) skip(0); skip(1) skip(1) -> 3")
    assert canonical(one) == canonical(read_cell("skip(0) skip(0); skip(1) skip(1) -> 2"))
    assert canonical(one, same_output=True) == one
    assert canonical(other, same_output=True) == other


def test_how_a_block_combines_tells_cells_apart():
    assert canonical(read_cell("skip(0) skip(1) concat -> 2")) != canonical(read_cell("skip(0) skip(1) -> 2"))


def test_pnas_has_136_cells_of_one_block_and_31620_of_two():
    of_one = Pnas(Pnas.Options(blocks=1))
    genotypes = list(enumerate_all(of_one))
    assert (len(genotypes), len({of_one.canonical(genotype) for genotype in genotypes})) == (256, 136)

    def blocks(states):
        edges = [Edge(operation, state) for state in range(states) for operation in PNAS]
        return [Block(*pair) for pair in combinations_with_replacement(edges, 2)]

    questions = Pnas(Pnas.Options(blocks=2)).questions[0]
    first, second = blocks(2), blocks(3)
    assert len(first) * len(second) == 40_800
    cells = {questions.canonical(Cell((one, two), (2, 3))) for one in first for two in second}
    assert len(cells) == 31_620


def test_the_loose_ends_of_a_canonical_genotype_are_its_own():
    space = NasNet(NasNet.Options(blocks=3))
    for seed in range(20):
        genotype = sample(space, np.random.default_rng(seed))
        for cell in (space.cells(space.canonical(genotype)).normal, space.cells(genotype).reduction):
            assert cell.concat == cell.loose_ends

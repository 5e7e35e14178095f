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


def reordered(cell, rng):
    """The cell with its blocks in another order, in which each still comes after those that it reads."""
    new = {0: 0, 1: 1}
    while len(new) < cell.states:
        ready = [
            state
            for state, block in enumerate(cell.blocks, start=2)
            if state not in new and all(edge.input in new for edge in block.edges)
        ]
        new[int(rng.choice(ready))] = len(new)
    old = sorted((place, state) for state, place in new.items() if state > 1)
    blocks = []
    for _, state in old:
        block = cell.blocks[state - 2]
        edges = [Edge(edge.operation, new[edge.input]) for edge in block.edges]
        blocks.append(Block(*(edges if rng.random() < 0.5 else edges[::-1]), block.combine))
    return Cell(tuple(blocks), tuple(new[state] for state in cell.concat))


def test_every_order_of_many_blocks_leads_to_one_cell():
    rng = np.random.default_rng(0)
    for _ in range(50):
        edges = [Edge(str(rng.choice(["skip", "sep_3x3"])), int(rng.integers(2 + place // 2))) for place in range(20)]
        cell = Cell(tuple(Block(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)), (3, 7, 11))
        assert canonical(reordered(cell, rng)) == canonical(cell) == canonical(canonical(cell))


def test_equal_blocks_cost_no_more_than_others():
    twins = Cell((Block(Edge("skip", 0), Edge("skip", 1)),) * 30, tuple(range(2, 32)))
    assert canonical(twins) == twins


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

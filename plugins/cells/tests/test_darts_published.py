import json

import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.errors import GenotypeError
from nasframe.genotype import enumerate_all
from nasframe_cells.darts import golden, published
from nasframe_cells.darts.space import Darts
from nasframe_cells.darts.wide import DartsWide
from nasframe_cells.language import Cells, read_cell

SPACES = {"darts": Darts, "darts-wide": DartsWide}


@pytest.mark.parametrize("name", published.CELLS)
def test_a_published_genotype_survives_the_way_to_cells_and_back(name):
    record = vars(published)[name]
    space_class = SPACES[record.genotype.space]
    space = space_class(space_class.Options(**record.options))
    cells, written = space.cells(record.genotype), published.CELLS[name]
    assert space.genotype(cells) == record.genotype
    for found, expected in ((cells.normal, written.normal), (cells.reduction, written.reduction)):
        assert [set(block.edges) for block in found.blocks] == [set(block.edges) for block in expected.blocks]
        assert found.concat == expected.concat


@pytest.mark.parametrize("row", [1, 2], ids=lambda row: golden.COUNTS[row][0])
def test_darts_networks_count_to_the_digit(row):
    assert golden.counts(row) == golden.COUNTS[row][3:]


def test_the_supernet_of_the_search_counts_to_the_digit():
    assert golden.supernet_counts() == (1_930_618, 2 * 14 * 8, 300_255_744)


def test_the_command_counts_darts_v2_as_it_is_trained_on_cifar_10():
    arguments = ["cost", "darts-v2", "--size", "32x32", "--classes", "10", "--format", "json"]
    found = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert (found["params"], found["macs"]) == golden.COUNTS[0][3::2]


@pytest.mark.parametrize("blocks, operations", [(1, ("skip", "none", "sep_3x3")), (2, ("skip", "none"))])
def test_a_small_space_has_as_many_cells_as_the_formula_says(blocks, operations):
    space = Darts(Darts.Options(blocks=blocks, operations=operations))
    pairs = golden.cells(blocks, len(operations) - 1) ** 2
    assert len({*enumerate_all(space)}) == pairs


def test_darts_has_a_billion_cells():
    assert golden.cells() == 1 * 3 * 6 * 10 * 7**8 == 1_037_664_180


def test_blocks_that_do_not_read_each_other_have_one_canonical_order():
    space = Darts(Darts.Options(blocks=2))
    plain = read_cell("sep_3x3(0) skip(1); skip(0) skip(1) -> 2 3")
    turned = read_cell("skip(1) skip(0); skip(1) sep_3x3(0) -> 2 3")
    first, second = (space.genotype(Cells(cell, plain)) for cell in (plain, turned))
    assert first != second
    assert space.canonical(first) == space.canonical(second)


@pytest.mark.parametrize(
    "text, said",
    [
        ("skip(0) skip(0); skip(0) skip(1) -> 2 3", "two different states"),
        ("skip(0) skip(1) concat; skip(0) skip(1) -> 2 3", "two different states"),
        ("skip(0) skip(1) -> 2", "has 1 block; the space has 2"),
        ("skip(0) skip(1); skip(0) skip(1) -> 3", "gives out all its blocks"),
        ("skip(0) sep_7x7(1); skip(0) skip(1) -> 2 3", "sep_7x7"),
    ],
)
def test_cells_that_darts_does_not_search_are_refused(text, said):
    space = Darts(Darts.Options(blocks=2))
    cell = read_cell(text)
    with pytest.raises(GenotypeError, match=said):
        space.genotype(Cells(cell, cell))

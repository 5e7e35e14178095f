import pytest

from nasframe.errors import GenotypeError
from nasframe_cells.language import Block, Cell, Edge, read_cell, state_index, state_name

TEXT = "sep_5x5(1) sep_3x3(0); skip(2) max_pool_3x3(0) concat -> 0 3"


def test_a_cell_reads_what_it_writes():
    cell = read_cell(TEXT)
    assert cell.blocks[1] == Block(Edge("skip", 2), Edge("max_pool_3x3", 0), "concat")
    assert cell.concat == (0, 3)
    assert str(cell) == TEXT


def test_swapping_the_inputs_leads_to_the_other_convention_and_back():
    cell = read_cell(TEXT)
    swapped = cell.with_inputs_swapped()
    assert str(swapped) == "sep_5x5(0) sep_3x3(1); skip(2) max_pool_3x3(1) concat -> 1 3"
    assert swapped.with_inputs_swapped() == cell


def test_loose_ends_are_the_blocks_that_no_block_reads():
    assert read_cell("skip(0) skip(1); skip(2) skip(0); skip(2) skip(1) -> 2").loose_ends == (3, 4)


def test_live_states_are_those_on_which_the_output_depends():
    assert read_cell("skip(1) skip(1); skip(0) skip(0); skip(2) skip(2) -> 4").live == {1, 2, 4}


def test_states_are_named_by_their_place():
    assert [state_name(index) for index in range(4)] == ["h-2", "h-1", "b1", "b2"]
    assert [state_index(state_name(index)) for index in range(9)] == list(range(9))
    with pytest.raises(GenotypeError, match="'b0'"):
        state_index("b0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("skip(0) skip(2) -> 2", r"block 1 of a cell reads the state 2 in skip\(2\)"),
        ("skip(0) skip(1) -> 3", r"found \[3\] as the states"),
        ("skip(0) skip(1) -> 2 2", r"each once"),
        ("skip(0) skip(1) ->", r"found \[\] as the states"),
        ("skip(0) skip(1)", "the text of a cell is"),
        ("skip(0) -> 2", "a block is two operations"),
        ("skip(0) and skip(1) -> 2", "a block is two operations"),
        ("skip(0) skip(1) times -> 2", "a block is two operations"),
    ],
)
def test_a_text_that_is_no_cell_is_refused_with_what_was_found(text, said):
    with pytest.raises(GenotypeError, match=said):
        read_cell(text)


def test_cells_are_values():
    assert len({read_cell(TEXT), read_cell(TEXT), Cell((), (0,))}) == 2

import json

import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.plugin.golden import verify
from nasframe_cells import golden, published
from nasframe_cells.language import Cells, read_cell

NAMES = ("nasnet_a", "pnasnet_5", *(f"amoebanet_{letter}" for letter in "abcd"))
WRITTEN = {
    "nasnet_a": published.NASNET_A,
    "pnasnet_5": Cells(published.PNASNET_5, published.PNASNET_5),
    **{f"amoebanet_{letter}": cells for letter, cells in published.AMOEBANETS.items()},
}


def space_of(record):
    found = golden.SPACES[record.genotype.space]
    return found(found.Options(**record.options))


@pytest.mark.parametrize("name", NAMES)
def test_a_published_genotype_survives_the_way_to_cells_and_to_text_and_back(name):
    record = vars(published)[name]
    space = space_of(record)
    cells = space.cells(record.genotype)
    assert cells == WRITTEN[name]
    assert space.genotype(cells) == record.genotype
    assert Cells(read_cell(str(cells.normal)), read_cell(str(cells.reduction))) == cells
    assert cells.with_inputs_swapped() != cells
    assert space.genotype(cells.with_inputs_swapped().with_inputs_swapped()) == record.genotype


def test_pnasnet_5_in_our_order_is_that_of_pnasnet_pytorch():
    assert str(published.PNASNET_5) == (
        "sep_5x5(0) max_pool_3x3(0); sep_7x7(1) max_pool_3x3(1); sep_5x5(1) sep_3x3(1); sep_3x3(4) max_pool_3x3(1); "
        "sep_3x3(0) skip(1) -> 2 3 4 5 6"
    )


def test_nasnet_as_lists_of_outputs_are_no_loose_ends():
    record = published.nasnet_a
    assert record.options["normal_output"] == ("h-2", "b1", "b2", "b3", "b4", "b5")
    assert record.options["reduction_output"] == ("b2", "b3", "b4", "b5")
    assert WRITTEN["nasnet_a"].reduction.loose_ends == (4, 5, 6)


@pytest.mark.parametrize(
    ("what", "params", "macs"),
    [
        ("NASNet-A 6@768, CIFAR-10", 3_346_538, 544_333_312),
        ("PNASNet-5 N3 F54", 5_064_487, 587_293_200),
        ("AmoebaNet-C N4 F44", 5_056_969, 535_067_904),
    ],
)
def test_a_published_network_counts_to_the_digit(what, params, macs):
    number = [row.what for row in golden.ROWS].index(what)
    assert golden.counts(number) == (params, macs / 1e6)
    of_it = [known for known in golden.GOLDEN if what in known.what]
    assert len(of_it) == 2 and all(verify(known).holds for known in of_it)


def counted(*arguments):
    command = ["cost", "nasnet-a", "--format", "json", *arguments]
    return json.loads(CliRunner().invoke(main, command).stdout)["params"]


def test_the_command_counts_nasnet_a_for_imagenet_by_its_name_alone():
    assert counted("--size", "224x224", "--classes", "1000") == 5_289_978


def test_the_command_counts_an_auxiliary_head_when_asked():
    small = [f"--set={change}" for change in ("skeleton=cifar", "cells=1", "filters=4")]
    plain, whole = (counted("--size", "32x32", "--classes", "10", *small, *more) for more in ((), ("--auxiliary",)))
    assert whole - plain == 48 * 128 + 2 * 128 + 128 * 768 * 4 * 4 + 2 * 768 + 769 * 10

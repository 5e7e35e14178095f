import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import torch

from nasframe import CapabilityError, GenotypeError, Task
from nasframe.cost.counting import count
from nasframe.genotype import enumerate_all, trace
from nasframe_macro.network import InvertedResidual
from nasframe_macro.space import LAYERS, Macro

CIFAR = Task(in_channels=3, num_classes=10, size=(32, 32), dense=False)
GIVEN = os.environ.get("NASFRAME_MACRO")
needs_table = pytest.mark.skipif(GIVEN is None, reason="NASFRAME_MACRO names no table")


def genotype(key):
    digits = iter(key)
    return trace(Macro(), lambda name, options: options[int(next(digits))])


def key(genotype):
    return "".join(str(LAYERS.index(answer)) for _, answer in genotype.decisions)


def cost(key):
    found = count(Macro(), genotype(key), CIFAR)
    return found.params, found.macs


def table():
    given = Path(GIVEN)
    return json.loads((given if given.is_file() else next(given.glob("*.json"))).read_text())


def single_layers():
    """The cost of a single layer more than that of nothing, by its position and digit."""
    nothing = cost("00000000")
    more = defaultdict(lambda: (0, 0))
    for position in range(8):
        for digit in "12":
            params, macs = cost("0" * position + digit + "0" * (7 - position))
            more[position, digit] = (params - nothing[0], macs - nothing[1])
    return nothing, more


def test_the_space_has_6561_genotypes_of_3969_distinct_networks():
    space = Macro()
    genotypes = list(enumerate_all(space))
    assert len(genotypes) == 6561
    assert len({space.canonical(one) for one in genotypes}) == 3969


def test_identities_go_to_the_end_of_their_stage_but_stay_in_its_first_layer():
    assert key(Macro().canonical(genotype("00001002"))) == "00010020"
    assert key(Macro().canonical(genotype("01202021"))) == "01220021"


def test_a_genotype_and_its_canonical_form_compute_the_same():
    torch.manual_seed(0)
    images = torch.randn(2, 3, 32, 32)
    space = Macro(Macro.Options(filters=4, head=8))
    outputs = []
    for one in (genotype("20120202"), space.canonical(genotype("20120202"))):
        torch.manual_seed(1)
        outputs.append(space.build(one, CIFAR).eval()(images))
    assert key(space.canonical(genotype("20120202"))) != "20120202"
    assert torch.equal(*outputs)


def test_the_smallest_network_costs_what_counting_by_hand_gives():
    stem, projections = 3 * 32 * 9 + 64, 32 * 64 + 128 + 64 * 128 + 256 + 128 * 256 + 512
    assert cost("00000000") == (stem + projections + 256 * 1280 + 2560 + 12810, 7_713_280)


def test_the_published_best_networks_cost_what_the_table_says():
    assert cost("22212220") == (1_985_514, 85_164_544)


def test_costs_add_up_layer_by_layer():
    nothing, more = single_layers()
    for one in ("22212220", "11111221", "02012100"):
        added = [more[place] for place in enumerate(one)]
        assert cost(one) == tuple(nothing[i] + sum(layer[i] for layer in added) for i in (0, 1))


@needs_table
def test_parameters_and_multiply_adds_of_all_networks_equal_the_tables():
    nothing, more = single_layers()
    rows = table()
    assert len(rows) == 6561
    for one, row in rows.items():
        added = [more[place] for place in enumerate(one)]
        assert row["params"] == nothing[0] + sum(params for params, _ in added), one
        assert row["flops"] == nothing[1] + sum(macs for _, macs in added), one


@needs_table
def test_the_tables_best_and_worst_are_the_ones_that_are_known():
    ranked = sorted(table().items(), key=lambda item: item[1]["mean_acc"])
    assert round(ranked[-1][1]["mean_acc"], 2) == 93.13
    assert "22212220" in {name for name, row in ranked if row["mean_acc"] == ranked[-1][1]["mean_acc"]}
    assert (ranked[0][0], round(ranked[0][1]["mean_acc"], 2)) == ("00000000", 45.36)


def test_a_shortcut_is_there_only_where_the_shape_stays():
    assert InvertedResidual(4, 4, 1, 3, 3).shortcut
    assert not InvertedResidual(4, 4, 2, 3, 3).shortcut
    assert not InvertedResidual(4, 8, 1, 3, 3).shortcut


def test_a_dense_task_is_refused_with_the_way_out():
    with pytest.raises(CapabilityError, match="evaluator 'table'"):
        Macro().build(genotype("00000000"), Task(in_channels=3, num_classes=2, size=(8, 8)))


def test_a_genotype_of_too_few_layers_is_refused():
    short = Macro(Macro.Options(stages=(1,)))
    with pytest.raises(GenotypeError, match="layer2"):
        Macro().canonical(next(enumerate_all(short)))


def test_the_space_imports_without_torch():
    program = "import sys, nasframe_macro.space as s; s.Macro().graph(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

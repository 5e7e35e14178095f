"""What networks inherit from a supernet, against the supernet's own modules."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from nasframe import CapabilityError, Task
from nasframe.genotype import sample, trace
from nasframe.testing.tiny import TinySpace
from nasframe_autodeeplab.cell_graph import edges
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, STEM

torch.set_num_threads(1)

SMALL = {"layers": 3, "levels": 2, "blocks": 2, "filters": 2}
TASK = Task(3, 5, (33, 33))
ALIKE = {"bn_affine": True, "bn_eps": 1e-3, "pool_norm": False, "stem_filters": (4, 4)}
"""Options under which cells of the supernet compute what those of a network do."""


def space_with(**options):
    network = {"stem_filters": (4, 4, 4), "aspp_filters": 4, "aspp_rates": (2,), "decoder_filters": 4}
    return AutoDeepLab(AutoDeepLab.Options(**{**SMALL, **options}, network=network))


def relaxed(space, seed=0):
    torch.manual_seed(seed)
    supernet = space.relax(TASK, lambda logits: logits.softmax(dim=-1))
    with torch.no_grad():
        supernet(torch.randn(2, 3, 33, 33))  # running statistics that are not those of the start
    return supernet


def finest(space, seed=0):
    """A genotype with a drawn cell whose path stays at the finest level."""
    drawn = sample(space, np.random.default_rng(seed)).answers
    return trace(space, lambda name, options: 4 if name.startswith("path") else drawn[name])


@pytest.mark.parametrize("share", [True, False], ids=["shared", "own"])
def test_each_tensor_is_the_supernets_on_the_path(share):
    space = space_with(share_node_weights=share, implementation="plain", operations=("sep_3x3", "zero", "sep_5x5"))
    supernet = relaxed(space)
    genotype = sample(space, np.random.default_rng(1))
    found = space.inherited(supernet, genotype)
    expected = {f"stem.{name}": tensor for name, tensor in supernet.stem.state_dict().items()}
    path = [ENTRY, *space.questions.path_states(genotype)]
    for number, (before, state) in enumerate(pairwise(path)):
        node = supernet.nodes[state]
        cell = node.cells["shared" if share else before]
        inner = node.preparations[before].state_dict()
        expected |= {f"cells.{number}.{name}": tensor for name, tensor in inner.items()}
        for block, inputs in space.questions.cell_wiring(genotype).items():
            for source, name in inputs:
                row = [tuple(edge) for edge in edges(2)].index((source, block))
                primitive = cell.mixed_ops[row].primitives[("sep_3x3", "sep_5x5").index(name)]
                place = f"cells.{number}.operations.{block}/{source}.0"
                expected |= {f"{place}.{inner}": tensor for inner, tensor in primitive.state_dict().items()}
    head = supernet.heads[path[-1]].branches.state_dict()
    expected |= {f"aspp.branches.{name}": tensor for name, tensor in head.items()}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize("share", [True, False], ids=["shared", "own"])
def test_a_stacked_supernet_hands_on_what_the_plain_one_does(share):
    spaces = [space_with(share_node_weights=share, implementation=kind) for kind in ("stacked", "plain")]
    genotype = sample(spaces[0], np.random.default_rng(2))
    stacked, plain = (space.inherited(relaxed(space), genotype) for space in spaces)
    assert stacked.keys() == plain.keys()
    for name, tensor in plain.items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(stacked[name], tensor, rtol=1e-4, atol=1e-5)


def test_cells_that_stay_at_their_level_compute_what_the_supernet_does_at_one_genotype():
    space = space_with(**ALIKE)
    for seed in range(4):
        supernet, genotype = relaxed(space), finest(space, seed)
        network = space.build(genotype, TASK)
        inherited = space.inherited(supernet, genotype)
        network.load_state_dict({**network.state_dict(), **_fitting(inherited, network)})
        with torch.no_grad():
            hidden = space.one_hot(supernet, genotype).eval().features(torch.randn(2, 3, 33, 33))
            places = [STEM, ENTRY, *space.questions.path_states(genotype)]
            for number in (1, 2):
                before_last, last, wanted = (hidden[place] for place in places[number : number + 3])
                found = network.eval().cells[number](before_last, last)
                torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_all_of_such_cells_is_taken_but_what_brings_the_stem_to_the_first_one():
    space = space_with(**ALIKE)
    genotype = finest(space)
    network = space.build(genotype, TASK)
    taken = _fitting(space.inherited(relaxed(space), genotype), network)
    left = {name for name in network.state_dict() if name.startswith("cells") and name not in taken}
    assert left == {"cells.0.before_last.1.weight"}, "the supernet's has stride 2 and a 3x3 kernel"


@pytest.mark.parametrize("separable", [True, False], ids=["separable", "dense"])
@pytest.mark.parametrize("operation", ["sep_3x3", "atrous_5x5"])
def test_operations_with_a_stride_take_the_same_tensors_as_those_without(operation, separable):
    space = space_with(**ALIKE, atrous_separable=separable)
    answers = {"path/l1": 4, "path/l2": 8, "path/l3": 8}
    answers |= {"cell/b1/inputs": ("h-2", "h-1"), "cell/b2/inputs": ("h-1", "b1")}
    genotype = trace(space, lambda name, options: answers.get(name, operation))
    network = space.build(genotype, TASK).state_dict()
    found = space.inherited(relaxed(space), genotype)
    found = {name: tensor.shape for name, tensor in found.items() if name.startswith("cells.1.operations")}
    assert found == {name: tensor.shape for name, tensor in network.items() if name in found}
    assert found.keys() == {name for name in network if name.startswith("cells.1.operations")}


@pytest.mark.parametrize("kind", [{"implementation": "stacked"}, {"implementation": "plain", "partial_channels": 2}])
def test_a_supernet_at_one_genotype_is_the_one_with_weights_of_zero_and_one(kind):
    space = space_with(**kind)
    genotype = finest(space, 3)
    supernet = relaxed(space)
    one = {}

    def weigh(logits):
        return one.get(tuple(logits.shape), torch.ones_like(logits))

    supernet.weigh = weigh
    one[tuple(supernet.alpha.shape)] = torch.zeros_like(supernet.alpha)
    for block, inputs in space.questions.cell_wiring(genotype).items():
        for source, name in inputs:
            row = [tuple(edge) for edge in edges(2)].index((source, block))
            one[tuple(supernet.alpha.shape)][row, space.options.operations.index(name)] = 1
    one[tuple(supernet.beta.shape)] = torch.zeros_like(supernet.beta)
    for step in pairwise([ENTRY, *space.questions.path_states(genotype)]):
        _, row, column = space.trellis.edges[step]["weight"]
        one[tuple(supernet.beta.shape)][row, column] = 1
    unread = [tuple(edge) for edge in edges(2)]
    unread = [row for row, (source, block) in enumerate(unread) if f"cell/{block}/{source}" not in genotype.answers]
    if supernet.edge is not None:  # the edges that the genotype does not take pass their other channels by
        one[tuple(supernet.edge.shape)] = _edge_table(unread)
    single = space.one_hot(supernet, genotype)
    supernet.heads = torch.nn.ModuleDict({"l3/s4": supernet.heads["l3/s4"]})
    images = torch.randn(2, 3, 33, 33)
    with torch.no_grad():
        torch.testing.assert_close(single(images), supernet(images), rtol=1e-4, atol=1e-4)


def test_a_supernet_of_another_space_is_refused():
    space = space_with()
    foreign = TinySpace().switchable(TASK)
    with pytest.raises(CapabilityError, match="TinySwitchable"):
        space.inherited(foreign, finest(space))


def test_other_filters_are_told_from_the_options_alone():
    assert space_with().unlike(space_with(bn_affine=True)) == ""
    assert "filters is 2 in the search and 20 in retraining" in space_with(filters=20).unlike(space_with())


def _fitting(inherited, network):
    wanted = network.state_dict()
    return {name: one for name, one in inherited.items() if name in wanted and one.shape == wanted[name].shape}


def _edge_table(unread):
    """Edges' weights (blocks, most sources) of 1, but 0 for the rows of these."""
    rows = torch.ones(len(edges(2)))
    rows[unread] = 0
    return torch.stack([torch.cat([rows[:2], rows.new_zeros(1)]), rows[2:]])

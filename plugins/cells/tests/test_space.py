from collections import Counter
from math import prod

import networkx as nx
import numpy as np
import pytest
from pydantic import ValidationError

from nasframe import CapabilityError, GenotypeError, Task
from nasframe.genotype import encode, sample
from nasframe_cells import published
from nasframe_cells.amoebanet import AmoebaNet
from nasframe_cells.language import Cells, read_cell
from nasframe_cells.nasnet import NasNet
from nasframe_cells.pnas import Pnas

SKIPS = "skip(0) skip(1); skip(0) skip(1)"


def drawn(space, seed=0):
    return sample(space, np.random.default_rng(seed))


def ordered(space):
    return prod(answer.count for answer in encode(space, drawn(space)))


def test_nasnet_asks_fifty_questions_in_its_controllers_order():
    names = list(drawn(NasNet()).answers)
    assert len(names) == 50
    assert names[:6] == [
        "normal/b1/left/input",
        "normal/b1/right/input",
        "normal/b1/left/operation",
        "normal/b1/right/operation",
        "normal/b1/combine",
        "normal/b2/left/input",
    ]
    assert names[25] == "reduction/b1/left/input"


def test_the_spaces_have_as_many_ordered_cells_as_papers_and_surveys_say():
    assert ordered(NasNet(NasNet.Options(combines=("add",)))) == 71_465_842_174_521_600**2
    assert ordered(NasNet()) == (71_465_842_174_521_600 * 2**5) ** 2
    assert ordered(Pnas()) == 556_627_761_561_600
    assert ordered(AmoebaNet()) == 556_627_761_561_600**2


def test_a_cell_gives_out_its_loose_ends_all_blocks_or_the_states_that_the_options_name():
    genotype = drawn(Pnas(Pnas.Options(blocks=3)))
    outputs = {}
    for output in ("loose_ends", "all", ("h-1", "b3")):
        outputs[output] = Pnas(Pnas.Options(blocks=3, output=output)).cells(genotype).normal
    assert outputs["loose_ends"].concat == outputs["all"].loose_ends
    assert outputs["all"].concat == (2, 3, 4)
    assert outputs["h-1", "b3"].concat == (1, 4)


@pytest.mark.parametrize("output", [("b3",), ("b1", "b1"), ("h-3", "b1"), ()])
def test_an_output_that_a_cell_cannot_have_is_refused(output):
    said = "a cell of 2 blocks gives out one or more of h-2, h-1, b1, b2, each once"
    with pytest.raises(ValidationError, match=said):
        AmoebaNet.Options(blocks=2, reduction_output=output)


def test_an_operation_that_is_listed_twice_is_refused():
    with pytest.raises(ValidationError, match="lists skip more than once"):
        Pnas.Options(operations=("skip", "sep_3x3", "skip"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("skip(0) skip(1) -> 2", "the cell cell has 1 block; the space has 2"),
        (f"{SKIPS} concat -> 2 3", "block b2 of the cell cell combines by 'concat'"),
        (f"{SKIPS} -> 3", r"gives out \['b2'\]; by the space's options it is \['b1', 'b2'\]"),
        (f"sep_3x3(0) sep_9x9(0); {SKIPS[:15]} -> 2 3", "'sep_9x9'"),
    ],
)
def test_a_cell_that_a_space_does_not_have_is_refused_with_what_it_has(text, said):
    cell = read_cell(text)
    with pytest.raises(GenotypeError, match=said):
        Pnas(Pnas.Options(blocks=2)).genotype(Cells(cell, cell))


def test_one_cell_for_both_places_cannot_be_two():
    cells = Cells(read_cell(f"{SKIPS} -> 2 3"), read_cell("skip(0) skip(0); skip(0) skip(1) -> 2 3"))
    with pytest.raises(GenotypeError, match="has one cell for both places; found two"):
        Pnas(Pnas.Options(blocks=2)).genotype(cells)


def test_pnas_grows_block_by_block_through_cells_that_give_out_all_they_have():
    space = Pnas(Pnas.Options(blocks=3, output=("h-1", "b3")))
    stages = space.growth()
    assert [(stage.options.blocks, stage.options.output) for stage in stages[:2]] == [(1, "all"), (2, "all")]
    assert stages[2] is space
    two, three = drawn(stages[1]), drawn(space)
    assert list(three.answers)[: len(two.answers)] == list(two.answers)


def test_pnas_counts_of_candidates_by_stage_are_the_papers():
    blocks = [256, 576, 1024, 1600, 2304]
    assert [ordered(stage) for stage in Pnas().growth()] == [prod(blocks[: number + 1]) for number in range(5)]


def test_a_dense_task_is_refused_with_what_to_do():
    with pytest.raises(CapabilityError, match="use an evaluator of image classification"):
        Pnas().build(drawn(Pnas()), Task(3, 5, (32, 32)))


def test_two_edges_from_one_state_into_a_block_are_two_edges_of_the_graph():
    graph = Pnas(Pnas.Options(**published.pnasnet_5.options)).graph(published.pnasnet_5.genotype)
    assert isinstance(graph, nx.MultiDiGraph)
    between = graph.get_edge_data("cell/h-2", "cell/b1")
    assert {key: data["operation"] for key, data in between.items()} == {"left": "sep_5x5", "right": "max_pool_3x3"}
    kinds = Counter(data["kind"] for _, _, data in graph.edges(data=True))
    assert kinds == {"operation": 10, "link": 5}


def test_a_graph_says_what_is_concatenated_and_how_blocks_combine():
    space = NasNet(NasNet.Options(**published.nasnet_a.options))
    graph = space.graph(published.nasnet_a.genotype)
    assert set(graph.predecessors("normal/output")) == {f"normal/{name}" for name in space.options.normal_output}
    assert graph.nodes["normal/b1"]["combine"] == "add"
    assert space.graph().nodes["normal/b1"]["combine"] == ("add", "concat")
    assert "combine" not in Pnas().graph().nodes["cell/b1"]

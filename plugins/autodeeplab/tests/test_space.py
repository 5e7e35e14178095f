import importlib
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

import nasframe_autodeeplab
from nasframe import CapabilityError, Genotype, GenotypeError, GenotypeRecord, Task
from nasframe.genotype import encode, enumerate_all, sample, trace, validate
from nasframe.graph import part, parts
from nasframe.plugin.golden import Golden
from nasframe_autodeeplab.published import autodeeplab_l, autodeeplab_m, autodeeplab_s
from nasframe_autodeeplab.space import AutoDeepLab


def test_the_space_and_the_published_genotypes_import_without_torch():
    program = (
        "import sys, nasframe_autodeeplab.space, nasframe_autodeeplab.published as p, nasframe;"
        "s = nasframe_autodeeplab.space.AutoDeepLab(); s.graph(p.autodeeplab_s.genotype);"
        "print([m for m in ('torch', 'matplotlib', 'PIL') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_the_cell_asks_for_pairs_of_earlier_tensors_and_their_operations():
    asked = {}

    def first(name, options):
        asked[name] = list(options)
        return options[0]

    trace(AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=2)), first)
    assert asked["cell/b1/inputs"] == [("h-2", "h-1")]
    assert asked["cell/b2/inputs"] == [("h-2", "h-1"), ("h-2", "b1"), ("h-1", "b1")]
    assert asked["cell/b2/h-2"] == [
        "sep_3x3",
        "sep_5x5",
        "atrous_3x3",
        "atrous_5x5",
        "avg_pool_3x3",
        "max_pool_3x3",
        "skip",
    ]
    assert asked["path/l1"] == [4, 8]


def test_the_path_starts_at_stride_4_and_moves_one_level_at_most():
    space = AutoDeepLab()
    for seed in range(30):
        genotype = sample(space, np.random.default_rng(seed))
        path = [4, *(genotype[f"path/l{layer}"] for layer in range(1, 13))]
        assert all(after in (before // 2, before, before * 2) for before, after in pairwise(path))
        assert set(path) <= {4, 8, 16, 32}


def test_checkpoints_save_memory_in_a_search_that_has_none():
    assert AutoDeepLab.Options().lighter("search") == [{"checkpoint": True}]
    assert AutoDeepLab.Options(checkpoint=True).lighter("search") == AutoDeepLab.Options().lighter("retrain") == []


def test_graphs_say_which_operations_compute_nothing():
    for graph in (AutoDeepLab().graph(), AutoDeepLab().graph(autodeeplab_s.genotype)):
        assert (graph.graph["skips"], graph.graph["zeros"]) == (("skip",), ("zero",))


def test_a_small_space_enumerates_to_as_many_genotypes_as_counting_by_hand_gives():
    space = AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=2, operations=("skip", "max_pool_3x3", "zero")))
    assert sum(1 for _ in enumerate_all(space)) == (1 * 4) * (3 * 4) * 4


def test_the_papers_cell_has_5_56e14_ordered_choices():
    space = AutoDeepLab()
    counts = {answer.name: answer.count for answer in encode(space, autodeeplab_s.genotype)}
    unordered = [counts[f"cell/b{block}/inputs"] for block in range(1, 6)]
    assert unordered == [1, 3, 6, 10, 15]
    assert np.prod([(2 + i) ** 2 * 8**2 for i in range(5)], dtype=float) == pytest.approx(5.566e14, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 5, "layers": 3}, "at most 4 levels"),
        ({"operations": ("zero",)}, "never derived"),
        ({"operations": ("skip", "skip")}, "more than once"),
        ({"operations": ("conv_7x7",)}, "sep_3x3"),
        ({"layers": 0}, "greater than or equal to 1"),
        ({"network": {"drop_path_keep": 0}}, "greater than 0"),
        ({"network": {"aspp_rate": (1,)}}, "Extra inputs"),
    ],
)
def test_impossible_options_are_refused_with_the_way_out(options, message):
    with pytest.raises(ValidationError, match=message):
        AutoDeepLab.Options(**options)


def test_every_option_is_documented_in_its_schema():
    schema = AutoDeepLab.Options.model_json_schema()
    network = schema["$defs"]["NetworkOptions"]
    undocumented = [
        name
        for group in (schema, network)
        for name, field in group["properties"].items()
        if not field.get("description")
    ]
    assert not undocumented


def test_a_task_of_one_label_an_image_is_refused():
    task = Task(3, 10, (32, 32), dense=False)
    with pytest.raises(CapabilityError, match="dense task"):
        AutoDeepLab().build(autodeeplab_s.genotype, task)
    with pytest.raises(CapabilityError, match="dense task"):
        AutoDeepLab().relax(task, lambda logits: logits)


def test_a_genotype_that_derives_zero_is_refused():
    answers = dict(autodeeplab_s.genotype.decisions) | {"cell/b1/h-2": "zero"}
    with pytest.raises(GenotypeError, match="zero"):
        AutoDeepLab().build(Genotype("autodeeplab", tuple(answers.items())), Task(3, 19, (64, 64)))


@pytest.mark.parametrize(
    ("record", "filters"), [(autodeeplab_s, 20), (autodeeplab_m, 32), (autodeeplab_l, 48)], ids="sml"
)
def test_the_published_networks_are_legal_and_know_their_filters(record, filters):
    validate(AutoDeepLab(AutoDeepLab.Options(**record.options)), record.genotype)
    assert record.options["filters"] == filters
    assert "1901.02985" in record.source


def test_the_published_path_starts_at_stride_4_and_ends_at_8():
    path = [autodeeplab_s.genotype[f"path/l{layer}"] for layer in range(1, 13)]
    assert path == [4, 4, 4, 8, 16, 8, 16, 16, 32, 32, 16, 8]


def test_the_published_fifth_block_reads_blocks_2_and_4():
    genotype = autodeeplab_s.genotype
    assert genotype["cell/b5/inputs"] == ("b2", "b4")
    assert (genotype["cell/b5/b2"], genotype["cell/b5/b4"]) == ("sep_5x5", "atrous_5x5")


def test_the_graph_has_a_trellis_and_a_cell_of_20_edges_with_their_rows_in_order():
    graph = AutoDeepLab().graph()
    assert parts(graph) == ["network", "cell"]
    operations = [data for _, _, data in graph.edges(data=True) if data["kind"] == "operation"]
    assert sorted(data["weight"] for data in operations) == [("operation", row) for row in range(20)]
    assert all(len(data["operations"]) == 8 for data in operations)


def test_the_graph_of_a_genotype_is_its_path_and_two_operations_a_block():
    graph = AutoDeepLab().graph(autodeeplab_s.genotype)
    strides = [data["stride"] for _, data in graph.nodes(data=True) if data["kind"] == "state"]
    assert strides == [4, 4, 4, 8, 16, 8, 16, 16, 32, 32, 16, 8]
    assert part(graph, "network").number_of_edges() == 14
    chosen = {
        (source, target): data["operation"]
        for source, target, data in graph.edges(data=True)
        if data["kind"] == "operation"
    }
    assert len(chosen) == 10
    assert chosen["cell/b2", "cell/b5"] == "sep_5x5"
    assert chosen["cell/b4", "cell/b5"] == "atrous_5x5"
    assert graph.in_degree("cell/output") == 5


def test_the_order_of_a_graph_does_not_depend_on_pythons_hash_seed():
    program = (
        "import sys; from nasframe.graph import to_json; from nasframe_autodeeplab.space import AutoDeepLab as A;"
        "from nasframe_autodeeplab.published import autodeeplab_s as s; from nasframe_autodeeplab.trellis import moves;"
        "sys.stdout.write(to_json(A().graph(s.genotype)) + to_json(moves(A().trellis)))"
    )
    texts = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, env=os.environ | {"PYTHONHASHSEED": seed})
        for seed in "12"
    ]
    assert texts[0].stdout and texts[0].stdout == texts[1].stdout


def test_every_declared_component_is_where_it_says():
    for component in nasframe_autodeeplab.nasframe_components():
        module, _, attribute = component.target.partition(":")
        target = getattr(importlib.import_module(module), attribute)
        if component.kind == "space":
            assert target is AutoDeepLab and target.name == component.name
        elif component.kind == "check":
            assert all(isinstance(golden, Golden) for golden in target)
        else:
            assert isinstance(target, GenotypeRecord)

"""``nasframe derive``: what it decodes equals trying every path, its costs are those of the built networks."""

import json
import math
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from nasframe import GenotypeError, Task
from nasframe.cost.counting import count
from nasframe.decode import terminals
from nasframe.derive import favoured, genotype_of, genotype_with, read_weighted, strongest_cells
from nasframe.files import genotypes
from nasframe.genotype import enumerate_all, sample
from nasframe.graph import edges, log_weight, with_weights
from nasframe.testing.tiny_blocks import TinyBlocks

TASK = Task(3, 2, (8, 8))


@pytest.fixture
def derive(invoke):
    def derive(*arguments):
        result = invoke("derive", *arguments, "--format", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return derive


def every_path(folder, step=None):
    """All paths with their log-probabilities, best first."""
    graph = read_weighted(folder, step).graph
    network = graph.subgraph([node for node, part in graph.nodes(data="part") if part == "network"])
    start, ends = terminals(network)
    found = []
    for end in ends:
        for path in nx.all_simple_paths(network, start, end):
            found.append((sum(math.log(network.edges[move]["value"]) for move in pairwise(path)), path))
    return sorted(found, reverse=True)


def test_the_best_paths_equal_trying_every_path(derive, searched):
    folder = searched()
    expected = every_path(folder)
    found = derive(folder, "--k", 100)
    assert found["path_count"] == len(found["paths"]) == len(expected)
    assert [path["nodes"] for path in found["paths"]] == [path for _, path in expected]
    assert [path["log_probability"] for path in found["paths"]] == pytest.approx([log for log, _ in expected])
    assert found["paths"][0]["gap"] == pytest.approx(expected[0][0] - expected[1][0])
    assert found["paths"][-1]["gap"] is None
    assert sum(path["probability"] for path in found["paths"]) == pytest.approx(1)
    assert found["known"][0]["name"] == "run"
    assert found["known"][0]["distance"] == {"layers": 0, "levels": 0}


def test_a_layers_entropy_is_that_of_where_the_paths_cross_it(derive, searched):
    found = derive(searched(), "--k", 100)
    for layer in (1, 2, 3):
        shares = {}
        for path in found["paths"]:
            level = path["levels"][layer - 1]
            shares[level] = shares.get(level, 0) + path["probability"]
        expected = -sum(share * math.log(share) for share in shares.values())
        assert found["layer_entropy"][str(layer)] == pytest.approx(expected)
    assert "0" not in found["layer_entropy"]


def test_costs_are_those_of_the_retrained_networks(derive, searched, stairs, invoke):
    folder = searched()
    wide = type(stairs)(stairs.Options(width=4))
    for rank, path in enumerate(derive(folder, "--k", 3)["paths"], 1):
        assert invoke("derive", folder, "--pick", rank, "--output", f"{rank}.yaml").exit_code == 0
        record = genotypes.read(f"{rank}.yaml")
        assert record.options == {"layers": 3, "width": 4}
        found = count(wide, record.genotype, TASK)
        assert path["costs"] == {"params": found.params, "macs": found.macs}


def test_bounds_hold_together_and_nothing_better_is_within_them(derive, searched):
    folder = searched()
    everything = derive(folder, "--k", 100)["paths"]
    most = sorted(path["costs"]["macs"] for path in everything)[len(everything) // 2]
    within = derive(folder, "--k", 100, "--max", f"macs={most}", "--max", "down=1", "--min", "stay=1")["paths"]
    steps = {tuple(path["nodes"]): [b - a for a, b in pairwise([0, *path["levels"]])] for path in everything}
    expected = [
        path["nodes"]
        for path in everything
        if path["costs"]["macs"] <= most
        and sum(step > 0 for step in steps[tuple(path["nodes"])]) <= 1
        and 0 in steps[tuple(path["nodes"])]
    ]
    assert expected and len(expected) < len(everything)
    assert [path["nodes"] for path in within] == expected
    assert within[0]["costs"].keys() == {"params", "macs", "down", "stay"}


def test_bounds_that_no_path_meets_name_the_cheapest_path(invoke, derive, searched):
    folder = searched()
    cheapest = min(derive(folder, "--k", 100)["paths"], key=lambda path: (path["costs"]["macs"], -path["probability"]))
    result = invoke("derive", folder, "--max", "macs=1", "--min", "down=9")
    assert result.exit_code == 2
    assert "no path is within the bounds: macs at most 1" in result.stderr
    assert f"The cheapest path by macs: {' '.join(cheapest['labels'])} " in result.stderr
    assert f"macs {cheapest['costs']['macs']:.10g}" in result.stderr
    assert "The dearest path by down: 8 16 16" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max", "mcas=3"], "there is no cost 'mcas' here; did you mean 'macs'?"),
        (["--max", "macs"], "--max macs: expected NAME=NUMBER"),
        (["--min", "macs=many"], "--min macs=many: expected NAME=NUMBER"),
        (["--min", "macs=nan"], "--min macs=nan: expected NAME=NUMBER"),
        (["--max", "down=1", "--min", "down=2"], "asks for at least 2.0 and at most 1.0"),
        (["--step", "9"], "no snapshot of step 9; the nearest are of 1, 2"),
        (["--output", "there.yaml"], "there.yaml: exists already"),
        (["--output", "new.yaml", "--pick", "200"], "--pick 200: within the bounds are only 12 paths"),
    ],
)
def test_what_is_given_wrong_is_said_and_exits_with_2(invoke, searched, arguments, message, tmp_path):
    (tmp_path / "there.yaml").write_text("")
    result = invoke("derive", searched(), *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert not (tmp_path / "new.yaml").exists()


def test_another_step_is_another_snapshot(derive, searched):
    folder = searched()
    found = derive(folder, "--step", 1)
    assert found["step"] == 1
    assert found["paths"][0]["nodes"] == every_path(folder, 1)[0][1]
    assert derive(folder)["step"] == 2


def test_a_torn_last_snapshot_is_passed_over(derive, searched, invoke):
    folder = searched()
    (folder / "snapshots/00000007.npz").write_bytes(b"PK\x03\x04 torn")
    assert derive(folder)["step"] == 2
    assert "00000007.npz cannot be read" in invoke("derive", folder, "--step", 7).stderr


def test_the_unbiased_rule_prefers_no_path_where_the_weights_prefer_none(derive, make_run, stairs):
    table = np.zeros((3, 3, 3))
    for node, _, place in stairs.graph().edges(data="weight"):
        if place[0] == "move":
            table[place[1:]] = 1 / stairs.graph().out_degree(node)
    folder = make_run(snapshots={2: {"move": table, "operation": np.full((3, 3), 1 / 3)}})
    paths = derive(folder, "--rule", "unbiased", "--k", 100)["paths"]
    assert {path["gap"] for path in paths[:-1]} == {0.0}
    assert paths[0]["levels"] == [0, 0, 0]
    assert [path["probability"] for path in paths] == pytest.approx([1 / len(paths)] * len(paths))
    literal = derive(folder, "--k", 100)["paths"]
    assert literal[0]["probability"] == pytest.approx(1 / 8)  # two moves out of the finest level, three elsewhere
    assert literal[-1]["probability"] == pytest.approx(1 / 18)


def test_the_designs_that_a_space_knows_are_told_where_they_fit(derive, make_run, stairs, invoke):
    deep = type(stairs)(stairs.Options(layers=12))
    table = np.full((12, 3, 3), 1 / 3)
    folder = make_run(space=deep, snapshots={2: {"move": table, "operation": np.full((3, 3), 1 / 3)}})
    known = {known["name"]: known for known in derive(folder)["known"]}
    assert known.keys() == {"down"}
    assert known["down"]["path"]["levels"] == [0, 1, *[2] * 10]
    assert known["down"]["distance"] == {"layers": 11, "levels": 21}
    assert known["down"]["path"]["log_probability"] == pytest.approx(12 * math.log(1 / 3))
    assert "Down-like" in invoke("derive", folder).stdout


def test_the_cells_two_strongest_edges_and_their_margins(derive, make_run, stairs):
    operation = np.array([[0.2, 0.1, 0.7], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
    table = np.full((3, 3, 3), 1 / 3)
    (block,) = derive(make_run(snapshots={2: {"move": table, "operation": operation}}))["cells"]["cell"]
    assert [(edge["before"], edge["operation"]) for edge in block["edges"]] == [
        ("cell/b", "conv_3x3"),
        ("cell/c", "conv_1x1"),
    ]
    assert block["margin"]["difference"] == pytest.approx(0.3)
    assert block["edges"][0]["margin"]["difference"] == pytest.approx(0.3)


def test_a_run_whose_plugin_is_gone_is_decoded_without_costs(derive, invoke, searched):
    folder = searched()
    text = (folder / "experiment.yaml").read_text().replace("type: stairs", "type: gone")
    (folder / "experiment.yaml").write_text(text)
    found = derive(folder, "--max", "down=1")
    assert found["paths"][0]["costs"].keys() == {"down"}
    assert "no space is called 'gone'" in found["remarks"][0]
    assert invoke("derive", folder, "--max", "macs=1e9").exit_code == 2
    assert "no space is called 'gone'" in invoke("derive", folder, "--output", "x.yaml").stderr


def test_a_run_that_does_not_know_its_images_asks_for_their_size(derive, invoke, make_run, stairs):
    arrays = {"move": np.full((3, 3, 3), 1 / 3), "operation": np.full((3, 3), 1 / 3)}
    folder = make_run(snapshots={2: arrays}, state="searching")
    assert "give --size HxW and --classes N" in derive(folder)["remarks"][0]
    assert "give --size HxW and --classes N" in invoke("derive", folder, "--max", "macs=1").stderr
    assert derive(folder, "--size", "8x8", "--classes", 2)["paths"][0]["costs"]["macs"] > 0
    assert invoke("derive", folder, "--size", "8").exit_code == 2


def test_latency_is_one_more_cost(derive, searched):
    costs = derive(searched(), "--latency", "--max", "latency=1e6")["paths"][0]["costs"]
    assert costs.keys() == {"params", "macs", "latency"}
    assert costs["latency"] > 0


def test_a_space_without_a_trellis_has_cells_alone(derive, invoke, make_run):
    from nasframe.testing.tiny import TinySpace

    folder = make_run(space=TinySpace(), snapshots={2: {"operation": np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])}})
    found = derive(folder)
    assert found["paths"] == [] and found["path_count"] == 0
    assert found["remarks"] == ["No paths: the space has no trellis of moves."]
    assert [block["edges"][0]["operation"] for block in found["cells"]["cell"]] == ["softplus", "identity"]
    assert invoke("derive", folder).exit_code == 0


def test_a_run_without_snapshots_or_no_run_at_all_is_refused(invoke, make_run, tmp_path):
    assert "has no snapshots: its strategy keeps no mixing weights" in invoke("derive", make_run()).stderr
    assert "is no run folder: it does not exist" in invoke("derive", "gone").stderr
    assert invoke("derive", tmp_path).exit_code == 2


def test_snapshots_that_do_not_fit_the_graph_are_refused(invoke, make_run):
    arrays = {"move": np.full((1, 3, 3), 1 / 3), "operation": np.full((3, 3), 1 / 3)}
    assert "does not fit graph.json" in invoke("derive", make_run(snapshots={2: arrays})).stderr
    other = make_run("other", snapshots={2: {"alpha": np.ones(3)}})
    assert "hold alpha, to which no edge of graph.json refers" in invoke("derive", other).stderr


def test_the_table_has_a_row_for_each_path_and_block(invoke, searched):
    result = invoke("derive", searched(), "--k", 3, "--max", "down=1")
    assert result.exit_code == 0
    assert "The best 3 of 12 paths within down <= 1:" in result.stdout
    assert "the run's own" in result.stdout
    assert "cell, the strongest edges of each block:" in result.stdout


def test_every_genotype_is_found_again_from_its_graph(stairs):
    for genotype in enumerate_all(stairs):
        graph = stairs.graph(genotype)
        wanted = {(a, b): data.get("operation") for a, b, data in graph.edges(data=True)}
        assert genotype_of(stairs, wanted) == genotype


def test_a_genotype_whose_blocks_take_an_input_twice_is_found_again_from_its_graph_and_from_weights():
    space = TinyBlocks(TinyBlocks.Options(blocks=2))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        genotype = sample(space, rng)
        wanted = {name: data["operation"] for name, data in edges(space.graph(genotype)) if data["kind"] == "operation"}
        found = genotype_of(space, wanted)
        assert {key: found[key] for key in genotype.answers if "combine" not in key} == {
            key: answer for key, answer in genotype.answers.items() if "combine" not in key
        }
        arrays = {"operation": rng.dirichlet(np.ones(3), size=10)}
        weighted = with_weights(space.graph(), arrays)
        derived = genotype_with(space, weighted, None, strongest_cells(weighted))
        chosen = favoured(weighted)
        assert log_weight(weighted, space.graph(derived)) == pytest.approx(log_weight(weighted, chosen))
        rows = dict(zip(space.edges(), arrays["operation"], strict=True))
        for block in ("b0", "b1"):
            for side in ("left", "right"):
                best = max((row.max(), before) for (before, *place), row in rows.items() if place == [block, side])
                assert derived[f"{block}/{side}/input"] == best[1]


def test_which_of_two_edges_a_space_lacks_is_said_with_its_key():
    wanted = {("cell/h0", "cell/b0", "left"): "tanh", ("cell/h0", "cell/b0", "middle"): "tanh"}
    with pytest.raises(GenotypeError, match="differs from 'cell/h0' to 'cell/b0', middle"):
        genotype_of(TinyBlocks(TinyBlocks.Options(blocks=1)), wanted)


def test_a_graph_that_no_genotype_has_is_refused(stairs):
    arrays = {"move": np.full((3, 3, 3), 1 / 3), "operation": np.full((3, 3), 1 / 3)}
    graph = with_weights(stairs.graph(), arrays)
    jump = {("stem", "l1/0"): None, ("l1/0", "l2/0"): None, ("l2/0", "l3/2"): None}
    assert "l3/2" in graph
    with pytest.raises(GenotypeError, match="no genotype with these moves"):
        genotype_of(stairs, jump)

"""k best paths, bounds and marginals, against brute force on random trellises."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasframe.decode import (
    Bound,
    attribute_cost,
    attribute_count,
    count_paths,
    k_best,
    log_probability,
    marginals,
    move_count,
)
from nasframe.errors import GraphError

TIES = (0.0, 0.1, 0.2, 0.25, 0.5, 1.0)


def trellis(layers, levels):
    """All moves of at most one level, from a start at level 0, without values."""
    graph = nx.DiGraph()
    graph.add_node("start", layer=0, level=0)
    for layer in range(1, layers + 1):
        for before in [node for node, at in graph.nodes(data="layer") if at == layer - 1]:
            for level in range(max(0, graph.nodes[before]["level"] - 1), graph.nodes[before]["level"] + 2):
                if level < levels:
                    graph.add_node(f"{layer}/{level}", layer=layer, level=level)
                    graph.add_edge(before, f"{layer}/{level}", kind="move")
    return graph, [node for node, at in graph.nodes(data="layer") if at == layers]


def random_trellis(rng, layers=7, levels=4):
    """Of random size, with or without many ties, holes, moves over a layer, and ends before the last layer."""
    graph, ends = trellis(int(rng.integers(1, layers + 1)), int(rng.integers(1, levels + 1)))
    if rng.random() < 0.3:
        nodes = list(graph)
        for before, after in itertools.product(nodes, nodes):
            if graph.nodes[after]["layer"] == graph.nodes[before]["layer"] + 2 and rng.random() < 0.2:
                graph.add_edge(before, after)
        ends = [*ends, nodes[int(rng.integers(len(nodes)))]]
    tied = rng.random() < 0.5
    for before, after, data in graph.edges(data=True):
        data["value"] = float(rng.choice(TIES)) if tied else float(rng.random())
        data["macs"] = int(rng.integers(0, 10))
        graph.nodes[after]["latency"] = float(rng.integers(0, 10)) / 10
        data["move"] = "down" if graph.nodes[after]["level"] > graph.nodes[before]["level"] else "other"
    return graph, ends


def brute_force(graph, ends):
    """Every path of positive probability, in the documented order."""
    ends = set(ends)
    place = {node: (graph.nodes[node]["level"], graph.nodes[node]["layer"]) for node in graph}
    found, unfinished = [], [(("start",), Fraction(1))]
    while unfinished:
        nodes, product = unfinished.pop()
        if nodes[-1] in ends:
            found.append((nodes, product))
        for after, data in graph.adj[nodes[-1]].items():
            if data["value"] > 0:
                unfinished.append(((*nodes, after), product * Fraction(data["value"])))
    return sorted(found, key=lambda path: (-path[1], [place[node] for node in reversed(path[0])]))


def costs_of(graph, nodes):
    moves = list(itertools.pairwise(nodes))
    return {
        "macs": sum(graph.edges[move]["macs"] for move in moves),
        "latency": math.fsum(graph.nodes[node].get("latency", 0) for node in nodes),
        "down": sum(graph.edges[move]["move"] == "down" for move in moves),
    }


def random_bounds(rng, graph):
    """Limits around what a path costs, some on both sides, some on none."""
    costs = {
        "macs": attribute_cost(graph, "macs"),
        "latency": attribute_cost(graph, "latency"),
        "down": attribute_count(graph, "move", "down"),
    }
    tops = {"macs": 50, "latency": 5.0, "down": 5}
    bounds = []
    for name in rng.permutation(list(costs))[: int(rng.integers(1, 4))]:
        least, most = sorted(round(float(x), 1) * tops[name] / 10 for x in 10 * rng.random(2))
        most = most if rng.random() < 0.8 else math.inf
        least = least if rng.random() < 0.3 else -math.inf
        bounds.append(Bound(str(name), costs[name], most=most, least=least))
    return bounds


def within(bounds, costs):
    return all(bound.least <= costs[bound.name] <= bound.most for bound in bounds)


seeds = pytest.mark.parametrize("seed", range(4))
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@seeds
def test_the_k_best_paths_are_the_first_k_of_all_paths(seed):
    rng = np.random.default_rng([1, seed])
    for _ in range(250):
        graph, ends = random_trellis(rng)
        expected = brute_force(graph, ends)
        k = int(rng.integers(1, 12))
        if not expected:
            with pytest.raises(GraphError, match="can be reached"):
                k_best(graph, "start", ends, k)
            continue
        found = k_best(graph, "start", ends, k)
        assert [path.nodes for path in found] == [nodes for nodes, _ in expected[:k]]
        assert [path.log_probability for path in found] == [log_probability(graph, nodes) for nodes, _ in expected[:k]]
        for path, (_, product), (_, following) in zip(found, expected, [*expected[1:], (None, 0)], strict=False):
            gap = math.log(product / following) if following else math.inf
            assert path.gap == pytest.approx(gap, abs=1e-12)


def chain(values):
    """Moves with their values between nodes named layer/level."""
    graph = nx.DiGraph()
    for (before, after), value in values.items():
        for node in (before, after):
            layer, level = map(int, node.split("/"))
            graph.add_node(node, layer=layer, level=level)
        graph.add_edge(before, after, value=value)
    return graph


def test_ties_go_to_the_smaller_level_of_the_end():
    graph = chain({("0/0", "1/1"): 0.5, ("0/0", "1/0"): 0.5})
    assert k_best(graph, "0/0", ["1/1", "1/0"])[0].nodes == ("0/0", "1/0")


def test_ties_go_to_the_smaller_level_of_the_predecessor():
    graph = chain({("0/0", "1/1"): 0.5, ("1/1", "2/1"): 0.5, ("0/0", "1/0"): 0.5, ("1/0", "2/1"): 0.5})
    assert k_best(graph, "0/0", ["2/1"])[0].nodes == ("0/0", "1/0", "2/1")


def test_a_long_path_of_small_probabilities_keeps_its_order():
    length = 400
    graph = chain({(f"{layer}/0", f"{layer + 1}/0"): 1e-3 for layer in range(length)})
    for layer in range(length):
        graph.add_node(f"{layer + 1}/1", layer=layer + 1, level=1)
        graph.add_edge(f"{layer}/{min(layer, 1)}", f"{layer + 1}/1", value=1.1e-3)
    best = k_best(graph, "0/0", [f"{length}/0", f"{length}/1"])[0]
    assert best.nodes[-1] == f"{length}/1"
    assert best.log_probability == pytest.approx(length * math.log(1.1e-3))


def test_moves_of_probability_zero_are_never_taken():
    graph = chain({("0/0", "1/0"): 0.0, ("0/0", "1/1"): 1e-9})
    assert k_best(graph, "0/0", ["1/0", "1/1"])[0].nodes == ("0/0", "1/1")


def test_a_start_that_is_an_end_is_its_own_path():
    (path,) = k_best(chain({("0/0", "1/0"): 0.5}), "0/0", ["0/0"])
    assert (path.nodes, path.log_probability) == (("0/0",), 0.0)


def test_unreachable_ends_are_refused_by_the_name_of_the_start():
    with pytest.raises(GraphError, match="'0/0'"):
        k_best(chain({("0/0", "1/0"): 0.0}), "0/0", ["1/0"])


def test_paths_with_the_same_values_in_another_order_tie_whatever_rounding_makes_of_their_sums():
    rng = np.random.default_rng(3)
    for _ in range(300):
        values = rng.random(5)
        graph, _ = trellis(0, 1)
        for level, order in enumerate([values, rng.permutation(values)]):
            before = "start"
            for layer, value in enumerate(order, 1):
                graph.add_node(f"{layer}/{level}", layer=layer, level=level)
                graph.add_edge(before, f"{layer}/{level}", value=float(value))
                before = f"{layer}/{level}"
        first, second = k_best(graph, "start", ["5/1", "5/0"], 2)
        assert (first.nodes[-1], first.gap, second.nodes[-1]) == ("5/0", 0.0, "5/1")


@seeds
def test_the_k_best_paths_within_bounds_are_the_first_k_that_meet_them(seed):
    rng = np.random.default_rng([4, seed])
    for _ in range(250):
        graph, ends = random_trellis(rng)
        bounds = random_bounds(rng, graph)
        everything = brute_force(graph, ends)
        if not everything:
            continue
        expected = [nodes for nodes, _ in everything if within(bounds, costs_of(graph, nodes))]
        k = int(rng.integers(1, 6))
        if not expected:
            with pytest.raises(GraphError, match="no path is within the bounds"):
                k_best(graph, "start", ends, k, bounds)
            continue
        found = k_best(graph, "start", ends, k, bounds)
        assert [path.nodes for path in found] == expected[:k]
        for path in found:
            costs = costs_of(graph, path.nodes)
            assert path.costs == {bound.name: costs[bound.name] for bound in bounds}


@given(rng=generators)
@settings(max_examples=100, deadline=None)
def test_loose_bounds_change_nothing_and_tighter_ones_never_raise_the_probability(rng):
    graph, ends = random_trellis(rng)
    if not brute_force(graph, ends):
        return
    free = k_best(graph, "start", ends)[0]
    macs = attribute_cost(graph, "macs")
    loose = k_best(graph, "start", ends, 1, [Bound("macs", macs, most=1000), Bound("free", macs)])[0]
    assert (loose.nodes, loose.log_probability) == (free.nodes, free.log_probability)
    before = free.log_probability
    for most in range(int(loose.costs["macs"]), -1, -3):
        try:
            tight = k_best(graph, "start", ends, 1, [Bound("macs", macs, most=most)])[0]
        except GraphError:
            before = -math.inf
        else:
            assert tight.costs["macs"] <= most
            assert tight.log_probability <= before + 1e-12
            before = tight.log_probability


@given(rng=generators, k=st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_the_k_best_paths_are_distinct_sorted_and_a_prefix_of_the_k_plus_1_best(rng, k):
    graph, ends = random_trellis(rng)
    if not brute_force(graph, ends):
        return
    found = k_best(graph, "start", ends, k)
    assert len({path.nodes for path in found}) == len(found)
    for better, worse in itertools.pairwise(found):
        assert better.gap == max(0.0, better.log_probability - worse.log_probability)
        assert better.log_probability >= worse.log_probability - 1e-12
    assert k_best(graph, "start", ends, k + 1)[:k] == found


def test_costs_whose_exact_sum_is_beyond_the_bound_by_rounding_alone_are_within_it():
    graph, ends = trellis(3, 1)
    for number, edge in enumerate(graph.edges, 1):
        graph.edges[edge].update(value=1.0, seconds=number / 10)
    bound = Bound("seconds", attribute_cost(graph, "seconds"), most=0.6)
    assert k_best(graph, "start", ends, 1, [bound])[0].costs == {"seconds": 0.6}
    with pytest.raises(GraphError, match=r"at most 0\.59 \(the cheapest path costs 0\.6\), which no path meets"):
        k_best(graph, "start", ends, 1, [Bound("seconds", bound.price, most=0.59)])


def test_bounds_that_no_path_meets_together_are_refused_with_what_each_would_allow():
    graph, ends = trellis(4, 4)
    nx.set_edge_attributes(graph, 0.5, "value")
    down, up = (move_count(graph, direction) for direction in ("down", "up"))
    bounds = [Bound("down", down, most=1), Bound("up", up, least=2)]
    message = (
        r"down at most 1 \(the cheapest path costs 0\); up at least 2 \(the dearest path costs 2\); each can be met"
    )
    with pytest.raises(GraphError, match=message):
        k_best(graph, "start", ends, 1, bounds)
    with pytest.raises(GraphError, match=r"up at least 3 \(the dearest path costs 2\), which no path meets"):
        k_best(graph, "start", ends, 1, [bounds[0], Bound("up", up, least=3)])


def test_a_count_of_moves_limits_how_often_a_path_goes_down():
    graph, ends = trellis(6, 4)
    for before, after, data in graph.edges(data=True):
        data["value"] = 0.8 if graph.nodes[after]["level"] > graph.nodes[before]["level"] else 0.1
    free, bound = (
        k_best(graph, "start", ends, 1, [Bound("down", move_count(graph, "down"), most=most)])[0] for most in (9, 2)
    )
    assert (free.costs["down"], bound.costs["down"]) == (4, 2)


def test_a_cost_is_asked_once_for_each_move_of_auto_deeplabs_trellis():
    rng = np.random.default_rng(5)
    graph, ends = trellis(12, 4)
    asked = 0

    def cost(before, node):
        nonlocal asked
        asked += 1
        return 0 if before is None else graph.edges[before, node]["macs"]

    for _, _, data in graph.edges(data=True):
        data.update(value=float(rng.random()), macs=int(rng.integers(1, 10**9)), latency=float(rng.random()))
    bounds = [Bound("macs", cost, most=4e9), Bound("latency", attribute_cost(graph, "latency"), most=5)]
    found = k_best(graph, "start", ends, 10, bounds)
    assert len(found) == 10
    assert asked == 1 + graph.number_of_edges()


@pytest.mark.parametrize(("layers", "levels", "count"), [(12, 4, 75_025), (11, 4, 28_657), (4, 3, 29), (3, 1, 1)])
def test_the_number_of_paths_is_exact_and_asks_no_values(layers, levels, count):
    graph, ends = trellis(layers, levels)
    assert count_paths(graph, "start", ends) == count


def test_the_number_of_paths_is_what_brute_force_finds():
    rng = np.random.default_rng(6)
    for _ in range(200):
        graph, ends = random_trellis(rng)
        nx.set_edge_attributes(graph, 0.5, "value")
        assert count_paths(graph, "start", ends) == len(brute_force(graph, ends))


@seeds
def test_marginals_and_entropies_are_those_of_all_paths(seed):
    rng = np.random.default_rng([7, seed])
    for _ in range(150):
        graph, ends = random_trellis(rng)
        paths = brute_force(graph, ends)
        if not paths:
            continue
        total = sum(product for _, product in paths)
        nodes, moves = Counter(), Counter()
        for path, product in paths:
            nodes.update(dict.fromkeys(path, product / total))
            moves.update(dict.fromkeys(itertools.pairwise(path), product / total))
        found = marginals(graph, "start", ends)
        assert found.nodes == pytest.approx({node: float(share) for node, share in nodes.items()}, abs=1e-12)
        assert found.moves == pytest.approx({move: float(share) for move, share in moves.items()}, abs=1e-12)
        assert found.log_partition == pytest.approx(math.log(total), abs=1e-12)
        shares = [float(product / total) for _, product in paths]
        assert found.entropy == pytest.approx(-sum(p * math.log(p) for p in shares), abs=1e-9)
        assert sum(found.ends.values()) == pytest.approx(1)


@given(rng=generators)
@settings(max_examples=100, deadline=None)
def test_the_nodes_of_a_layer_share_the_probability_1_and_its_entropy_is_theirs(rng):
    graph, ends = trellis(int(rng.integers(1, 8)), 4)
    for edge in graph.edges:
        graph.edges[edge]["value"] = float(rng.random()) + 1e-6
    found = marginals(graph, "start", ends)
    for layer, entropy in found.layer_entropy.items():
        shares = [share for node, share in found.nodes.items() if graph.nodes[node]["layer"] == layer]
        assert sum(shares) == pytest.approx(1)
        assert entropy == pytest.approx(-sum(p * math.log(p) for p in shares), abs=1e-9)
        assert 0 <= entropy <= math.log(len(shares)) + 1e-9


def test_a_partition_sum_of_normalised_moves_is_1():
    graph, ends = trellis(12, 4)
    rng = np.random.default_rng(8)
    for node in graph:
        values = rng.random(len(graph.adj[node]))
        for data, value in zip(graph.adj[node].values(), values, strict=True):
            data["value"] = float(value / values.sum())
    assert marginals(graph, "start", ends).log_partition == pytest.approx(0, abs=1e-12)


def test_marginals_of_products_far_below_the_smallest_float_keep_their_digits():
    graph, ends = trellis(6, 2)
    nx.set_edge_attributes(graph, 1e-300, "value")
    found = marginals(graph, "start", ends)
    assert found.nodes["3/0"] == pytest.approx(0.5)
    assert found.entropy == pytest.approx(math.log(count_paths(graph, "start", ends)))
    assert k_best(graph, "start", ends)[0].log_probability == pytest.approx(6 * math.log(1e-300))


def test_sampled_paths_are_as_frequent_as_the_distribution_says():
    rng = np.random.default_rng(9)
    graph, ends = trellis(4, 3)
    for edge in graph.edges:
        graph.edges[edge]["value"] = float(rng.random())
    ends.append("2/1")
    found = marginals(graph, "start", ends)
    draws = 4000
    drawn = Counter(found.sample(rng) for _ in range(draws))
    for nodes, _ in brute_force(graph, ends):
        expected = math.exp(log_probability(graph, nodes) - found.log_partition)
        assert abs(drawn[nodes] / draws - expected) <= 5 * math.sqrt(expected * (1 - expected) / draws) + 1 / draws
    assert set(drawn) <= {nodes for nodes, _ in brute_force(graph, ends)}


def test_sampling_is_deterministic_in_the_generators_seed():
    graph, ends = trellis(5, 4)
    nx.set_edge_attributes(graph, 0.5, "value")
    found = marginals(graph, "start", ends)
    once, again = ([found.sample(rng) for _ in range(5)] for rng in map(np.random.default_rng, (1, 1)))
    assert once == again
    assert len(set(once)) > 1

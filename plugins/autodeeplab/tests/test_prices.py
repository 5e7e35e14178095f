"""What paths cost: the sums over a priced trellis are the parameters and multiply-adds of the built networks."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from nasframe import Genotype, Task, decode
from nasframe.cost.counting import count, counted
from nasframe.cost.latency import timed
from nasframe.genotype import enumerate_all, sample
from nasframe_autodeeplab.published import autodeeplab_s
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, moves

SMALL = {"blocks": 1, "filters": 2, "network": {"stem_filters": (4, 6, 8), "aspp_filters": 8, "decoder_filters": 8}}


def space_of(**options):
    return AutoDeepLab(AutoDeepLab.Options(**{**SMALL, **options}))


def with_path_of(cell, path):
    """The genotype with one's cell and the other's path."""
    return Genotype(
        cell.space, tuple((name, path[name] if name.startswith("path/") else given) for name, given in cell.decisions)
    )


def summed(priced, space, genotype):
    nodes = decode.priced_path(priced, (ENTRY, *space.questions.path_states(genotype)))
    edges = [priced.edges[move] for move in pairwise(nodes)]
    return tuple(sum(edge[name] for edge in edges) for name in ("params", "macs"))


def paths(space):
    """A genotype for each path, all with the first cell."""
    first = next(enumerate_all(space))
    cell = [(name, given) for name, given in first.decisions if not name.startswith("path/")]
    trellis = moves(space.trellis)
    last = [node for node in trellis if trellis.out_degree(node) == 0]
    for nodes in (path for end in last for path in nx.all_simple_paths(trellis, ENTRY, end)):
        strides = [(f"path/{node.partition('/')[0]}", trellis.nodes[node]["stride"]) for node in nodes[1:]]
        yield Genotype(space.name, (*cell, *strides))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"layers": 3, "levels": 4}, (65, 97)),  # no path needs another padding than the others
        ({"layers": 3, "levels": 4}, (50, 77)),  # each coarsest stride needs its own
        ({"layers": 4, "levels": 2}, (33, 30)),
        ({"layers": 1, "levels": 2}, (21, 22)),
    ],
)
def test_every_path_costs_what_its_network_costs(options, size):
    space, task = space_of(**options), Task(3, 5, size)
    genotypes = list(paths(space))
    priced = space.priced_trellis(genotypes[0], task, counted)
    for genotype in genotypes[:: max(1, len(genotypes) // 3)]:
        found = count(space, genotype, task)
        assert summed(priced, space, genotype) == (found.params, found.macs)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_any_cell_on_a_random_path_of_twelve_layers_costs_what_its_network_costs(seed):
    rng = np.random.default_rng(seed)
    space = space_of(blocks=2, network={**SMALL["network"], "low_level_layer": 2 * seed, "pooling_window": 33})
    task = Task(2, 3, (int(rng.integers(20, 90)), int(rng.integers(20, 90))))
    cell = sample(space, rng)
    priced = space.priced_trellis(cell, task, counted)
    genotype = with_path_of(cell, sample(space, rng))
    found = count(space, genotype, task)
    assert summed(priced, space, genotype) == (found.params, found.macs)


def test_the_published_network_has_its_published_cost():
    space = AutoDeepLab(AutoDeepLab.Options(filters=20))
    priced = space.priced_trellis(autodeeplab_s.genotype, Task(3, 19, (1025, 2049)), counted)
    assert summed(priced, space, autodeeplab_s.genotype) == (10_147_427, 320_450_382_392)


def test_a_priced_trellis_has_each_path_once_also_where_sizes_differ():
    space = space_of()
    plain = moves(space.trellis)
    priced = space.priced_trellis(
        sample(space, np.random.default_rng(0)), Task(3, 5, (50, 77)), lambda build, *_: {"n": 1}
    )
    assert decode.count_paths(priced, *decode.terminals(priced)) == 75_025
    decode.with_values_of(priced, plain)
    assert {priced.nodes[node]["place"] for node in priced} == set(plain)


def test_equal_parts_are_measured_once():
    asked = []

    def measure(build, *shapes):
        asked.append(shapes)
        return {"n": 1}

    space = space_of()
    space.priced_trellis(sample(space, np.random.default_rng(0)), Task(3, 5, (65, 65)), measure)
    assert len(asked) < 60


def test_a_part_that_is_timed_is_also_counted():
    space = space_of(layers=1, levels=1, blocks=1)
    genotype = next(enumerate_all(space))
    priced = space.priced_trellis(genotype, Task(3, 2, (9, 9)), timed("cpu"))
    (edge,) = [data for _, _, data in priced.edges(data=True)]
    assert edge["latency"] > 0
    assert (edge["params"], edge["macs"]) == summed(priced, space, genotype)

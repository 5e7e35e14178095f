from itertools import pairwise

import numpy as np
import pytest

from nasframe import CapabilityError
from nasframe.derive import Request, Weighted, derive, genotype_with
from nasframe.genotype import enumerate_all, validate
from nasframe.graph import with_weights
from nasframe_autodeeplab.cell_graph import edges
from nasframe_autodeeplab.decoding import decode, decode_several
from nasframe_autodeeplab.options import PRIMITIVES
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, moves


def flat(space):
    """Mixing weights of equal logits."""
    weighted = moves(space.trellis)
    rows = 1 + max(row for _, _, (_, row, _) in weighted.edges(data="weight"))
    table = np.zeros((rows, 3))
    for source, _, (_, row, column) in weighted.edges(data="weight"):
        table[row, column] = 1 / weighted.out_degree(source)
    count = len(space.options.operations)
    return {"operation": np.full((len(edges(space.options.blocks)), count), 1 / count), "move": table}


def path(genotype, layers=12):
    return [genotype[f"path/l{layer}"] for layer in range(1, layers + 1)]


def random_weights(space, rng):
    weights = flat(space)
    weights["operation"] = rng.dirichlet(np.ones(8), size=len(weights["operation"]))
    noisy = weights["move"] * rng.uniform(0.01, 1, weights["move"].shape)
    weights["move"] = noisy / noisy.sum(axis=1, keepdims=True)
    return weights


def test_ties_go_to_the_lower_edge_the_lower_operation_and_the_finer_level():
    space = AutoDeepLab()
    genotype = decode(space.questions, flat(space))
    assert all(genotype[f"cell/b{block}/inputs"] == ("h-2", "h-1") for block in range(1, 6))
    assert all(genotype[f"cell/b{block}/h-1"] == "sep_3x3" for block in range(1, 6))
    assert path(genotype) == [4] * 12


def test_operations_stay_with_their_inputs_whichever_edge_is_the_stronger():
    space = AutoDeepLab(AutoDeepLab.Options(blocks=1))
    weights = flat(space)
    weights["operation"] = np.full((2, 8), 0.01)
    weights["operation"][0, PRIMITIVES.index("skip")] = 0.5
    weights["operation"][1, PRIMITIVES.index("atrous_5x5")] = 0.9
    genotype = decode(space.questions, weights)
    assert genotype["cell/b1/inputs"] == ("h-2", "h-1")
    assert genotype["cell/b1/h-2"] == "skip"
    assert genotype["cell/b1/h-1"] == "atrous_5x5"


def test_zero_is_never_derived_and_does_not_make_an_edge_strong():
    space = AutoDeepLab(AutoDeepLab.Options(blocks=2))
    weights = flat(space)
    zero = PRIMITIVES.index("zero")
    weights["operation"] = np.full((5, 8), 0.1)
    weights["operation"][:, zero] = 0.3
    weights["operation"][2, zero] = 0.99  # the edge from h-2 to b2
    weights["operation"][2, :zero] = 0.001
    genotype = decode(space.questions, weights)
    assert genotype["cell/b2/inputs"] == ("h-1", "b1")
    assert "zero" not in genotype.answers.values()


def test_an_edges_strength_is_its_strongest_operation_not_its_sum():
    space = AutoDeepLab(AutoDeepLab.Options(blocks=2))
    weights = flat(space)
    weights["operation"] = np.full((5, 8), 0.11)
    for row, strongest in ((3, 0.2), (4, 0.3)):
        weights["operation"][row] = 0.0
        weights["operation"][row, 2] = strongest
    assert decode(space.questions, weights)["cell/b2/inputs"] == ("h-1", "b1")


def test_random_weights_derive_legal_genotypes_with_the_two_strongest_edges():
    space = AutoDeepLab()
    rng = np.random.default_rng(0)
    for _ in range(50):
        weights = random_weights(space, rng)
        genotype = decode(space.questions, weights)
        validate(space, genotype)
        for block in range(1, 6):
            strength = {
                edge.source: weights["operation"][row, :7].max()
                for row, edge in enumerate(edges(5))
                if edge.block == f"b{block}"
            }
            assert set(genotype[f"cell/b{block}/inputs"]) == set(sorted(strength, key=strength.get)[-2:])


def test_the_path_follows_the_most_probable_moves():
    space = AutoDeepLab()
    weights = flat(space)
    wanted = [8, 16, 32, 16, 8, 4, 8, 16, 32, 16, 8, 4]
    node = "stem2"
    for layer, stride in enumerate(wanted, start=1):
        target = f"l{layer}/s{stride}"
        _, row, column = space.trellis.edges[node, target]["weight"]
        weights["move"][row] *= 0.1
        weights["move"][row, column] = 0.9
        node = target
    assert path(decode(space.questions, weights)) == wanted


def test_the_number_of_layers_is_not_built_in():
    space = AutoDeepLab(AutoDeepLab.Options(layers=5, levels=3, blocks=2))
    genotype = decode(space.questions, flat(space))
    assert path(genotype, layers=5) == [4] * 5
    assert "path/l6" not in genotype.answers


@pytest.mark.parametrize(("rule", "expected"), [("literal", 4), ("unbiased", 8)])
def test_only_the_unbiased_rule_leaves_the_border_for_slightly_better_inner_moves(rule, expected):
    space = AutoDeepLab(AutoDeepLab.Options(decode=rule))
    weights = flat(space)
    for layer in range(2, 13):
        _, row, column = space.trellis.edges[f"l{layer - 1}/s8", f"l{layer}/s8"]["weight"]
        weights["move"][row] = [0.32, 0.32, 0.32]
        weights["move"][row, column] = 0.36
    assert path(decode(space.questions, weights)) == [expected] * 12


def test_of_noise_the_unbiased_rule_makes_paths_as_coarse_as_random_ones_and_the_literal_rule_the_finest():
    """Of all paths of six layers the mean level is 1.13: see benchmarks/decoding_bias.py."""
    levels = {}
    for rule in ("literal", "unbiased"):
        space = AutoDeepLab(AutoDeepLab.Options(layers=6, blocks=1, decode=rule))
        weights, rng = flat(space), np.random.default_rng(0)
        even = weights["move"]
        found = []
        for _ in range(100):
            noisy = even * np.exp(0.1 * rng.standard_normal(even.shape))
            weights["move"] = noisy / noisy.sum(axis=1, keepdims=True)
            found += path(decode(space.questions, weights), layers=6)
        levels[rule] = np.log2(found).mean() - 2
    assert levels["literal"] < 0.2 and 1.0 < levels["unbiased"] < 1.26


@pytest.mark.parametrize("rule", ["literal", "unbiased"])
def test_the_space_decodes_as_the_decoders_of_the_core_do(rule):
    space = AutoDeepLab(AutoDeepLab.Options(layers=5, levels=3, blocks=3, decode=rule))
    rng = np.random.default_rng(0)
    for _ in range(5):
        weights = random_weights(space, rng)
        weighted = Weighted(None, 0, with_weights(space.graph(), weights), None)
        found = derive(weighted, Request(1, rule), CapabilityError("no prices"), None)
        assert genotype_with(space, weighted.graph, found.paths[0], found.cells) == decode(space.questions, weights)


def test_flat_betas_are_an_exact_tie_for_the_unbiased_rule():
    space = AutoDeepLab(AutoDeepLab.Options(decode="unbiased"))
    weighted = Weighted(None, 0, with_weights(space.graph(), flat(space)), None)
    paths = derive(weighted, Request(50, "unbiased"), CapabilityError("no prices"), None).paths
    assert {found.gap for found in paths} == {0.0}
    assert path(decode(space.questions, flat(space))) == [4] * 12


@pytest.mark.parametrize("seed", range(3))
def test_several_are_the_most_probable_of_all_genotypes_in_order(seed):
    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=2, blocks=2, operations=("sep_3x3", "skip", "zero")))
    rng = np.random.default_rng(seed)
    weights = flat(space)
    weights["operation"] = rng.dirichlet(np.ones(3), size=len(weights["operation"]))
    weights["move"] = weights["move"] * rng.uniform(0.1, 1, weights["move"].shape)

    def log(genotype):
        rows = {edge: row for row, edge in enumerate(edges(2))}
        columns = space.options.operations
        chosen = [
            weights["operation"][rows[source, block], columns.index(operation)]
            for block, wiring in space.questions.cell_wiring(genotype).items()
            for source, operation in wiring
        ]
        trellis = with_weights(moves(space.questions.trellis), weights)
        path = [ENTRY, *space.questions.path_states(genotype)]
        chosen += [trellis.edges[move]["value"] for move in pairwise(path)]
        return float(np.log(chosen).sum())

    every = sorted(enumerate_all(space), key=log, reverse=True)
    several = decode_several(space.questions, weights, 50)
    assert several[0] == decode(space.questions, weights)
    assert len(set(several)) == 50
    assert [log(one) for one in several] == pytest.approx([log(one) for one in every[:50]])


def test_of_equal_weights_the_first_of_several_is_what_decoding_gives():
    space = AutoDeepLab()
    assert decode_several(space.questions, flat(space), 3)[0] == decode(space.questions, flat(space))

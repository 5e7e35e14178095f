"""The mean cost of drawn genotypes against counting them, and the best genotype within bounds against trying all."""

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from nasframe import RunError, Task
from nasframe.cost.counting import count, counted
from nasframe.genotype import enumerate_all, sample
from nasframe_autodeeplab.cell_graph import Edge, edges
from nasframe_autodeeplab.decoding import decode, genotype_of
from nasframe_autodeeplab.drawn_cells import kept_probabilities
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.supernet_costs import AutoDeepLabCosts
from nasframe_autodeeplab.trellis import ENTRY, moves

NETWORK = {"stem_filters": (4, 6, 8), "aspp_filters": 8, "decoder_filters": 8}
SMALL = {"blocks": 2, "filters": 4, "layers": 3, "levels": 3, "network": NETWORK}


def space_of(**options):
    return AutoDeepLab(AutoDeepLab.Options(**{**SMALL, **options}))


def random_weights(space, seed, scale=1.0):
    """Mixing weights of random logits, as a supernet has them."""
    torch.manual_seed(seed)
    options = space.options
    places = [weight for _, _, weight in moves(space.trellis).edges(data="weight")]
    absent = torch.ones(1 + max(row for _, row, _ in places), 3, dtype=torch.bool)
    for _, row, column in places:
        absent[row, column] = False
    alpha = scale * torch.randn(len(edges(options.blocks)), len(options.operations), dtype=torch.float64)
    beta = scale * torch.randn(absent.shape, dtype=torch.float64)
    return {"operation": alpha.softmax(-1), "move": beta.masked_fill(absent, -math.inf).softmax(-1)}


def certain_weights(space, genotype):
    """Weights 1 for what a genotype takes, and 0 for all else."""
    options = space.options
    operation = torch.zeros(len(edges(options.blocks)), len(options.operations), dtype=torch.float64)
    wiring = space.questions.cell_wiring(genotype)
    for row, edge in enumerate(edges(options.blocks)):
        for source, name in wiring[edge.block]:
            if source == edge.source:
                operation[row, options.operations.index(name)] = 1
    trellis = moves(space.trellis)
    move = torch.zeros(1 + max(w[1] for _, _, w in trellis.edges(data="weight")), 3, dtype=torch.float64)
    path = [ENTRY, *space.questions.path_states(genotype)]
    for before, node in pairwise(path):
        move[trellis.edges[before, node]["weight"][1:]] = 1
    return {"operation": operation, "move": move}


def strongest_two(block_rows, drawn):
    """Of a block's (edge, drawn operation, its weight) the two of most weight, the lower edge first among equals."""
    return sorted(sorted(block_rows, key=lambda row: (-drawn[row][1], row))[:2])


def cell_answers(space, drawn):
    """Args: drawn: by row of the table of alphas, the operation that its edge drew and its weight."""
    cell_edges = edges(space.options.blocks)
    answers = {}
    for block in space.questions.blocks:
        kept = strongest_two([row for row, edge in enumerate(cell_edges) if edge.block == block], drawn)
        answers[f"cell/{block}/inputs"] = tuple(cell_edges[row].source for row in kept)
        answers |= {f"cell/{block}/{cell_edges[row].source}": drawn[row][0] for row in kept}
    return answers


def draw(space, weights, rng):
    """One genotype by the draws that ``AutoDeepLabCosts`` describes, written out."""
    names = space.options.operations
    drawn = []
    for row in weights["operation"].tolist():
        kept = {name: weight for name, weight in zip(names, row, strict=True) if name != "zero"}
        total = sum(kept.values())
        name = rng.choice(list(kept), p=[weight / total for weight in kept.values()])
        drawn.append((str(name), kept[name]))
    trellis, path = moves(space.trellis), [ENTRY]
    while after := list(trellis.successors(path[-1])):
        chances = [float(weights["move"][trellis.edges[path[-1], node]["weight"][1:]]) for node in after]
        path.append(after[rng.choice(len(after), p=np.array(chances) / sum(chances))])
    return genotype_of(space.questions, cell_answers(space, drawn), path)


@pytest.fixture(scope="module")
def costs():
    """Of a small space at a size to which the coarsest stride pads differently."""
    return AutoDeepLabCosts(space_of().questions, Task(3, 5, (34, 45)), counted)


@pytest.mark.parametrize("seed", range(3))
def test_certain_weights_cost_exactly_what_their_network_costs(costs, seed):
    space, task = space_of(), Task(3, 5, (34, 45))
    genotype = sample(space, np.random.default_rng(seed))
    weights = certain_weights(space, genotype)
    found = count(space, genotype, task)
    assert decode(space.questions, {name: array.numpy() for name, array in weights.items()}) == genotype
    assert {name: mean.item() for name, mean in costs.expected(weights).items()} == {
        "params": found.params,
        "macs": found.macs,
    }


def test_weights_that_are_one_on_every_edge_cost_what_decoding_keeps_of_them(costs):
    space, task = space_of(), Task(3, 5, (34, 45))
    weights = random_weights(space, 3, scale=1e9)
    assert set(weights["operation"].flatten().tolist()) == {0.0, 1.0}
    genotype = decode(space.questions, {name: array.numpy() for name, array in weights.items()})
    found = count(space, genotype, task)
    mean = costs.expected(weights)
    assert (mean["params"].item(), mean["macs"].item()) == (found.params, found.macs)


@pytest.mark.slow
def test_the_mean_is_that_of_counting_what_is_drawn():
    space, task, rng = space_of(layers=2), Task(3, 2, (18, 21)), np.random.default_rng(0)
    weights = random_weights(space, 1)
    costs = AutoDeepLabCosts(space.questions, task, counted)
    counted_draws = [count(space, draw(space, weights, rng), task) for _ in range(40)]
    for name, mean in costs.expected(weights).items():
        amounts = np.array([getattr(cost, name) for cost in counted_draws], dtype=float)
        error = amounts.std(ddof=1) / math.sqrt(len(amounts))
        assert abs(amounts.mean() - mean.item()) < 4 * error < mean.item()


def test_the_mean_over_all_draws_of_a_tiny_space_is_exact():
    space, task = space_of(layers=2, levels=2, operations=("sep_3x3", "skip", "zero")), Task(3, 2, (18, 21))
    weights = random_weights(space, 0)
    names, rows = ("sep_3x3", "skip"), weights["operation"][:, :2]
    shares = rows / rows.sum(-1, keepdim=True)
    costs = AutoDeepLabCosts(space.questions, task, counted)
    trellis = moves(space.trellis)
    expected = 0.0
    for picks in product(range(2), repeat=len(rows)):
        chance = math.prod(shares[row, pick].item() for row, pick in enumerate(picks))
        answers = cell_answers(space, [(names[pick], rows[row, pick].item()) for row, pick in enumerate(picks)])
        for path in ([ENTRY, one, two] for one in trellis.successors(ENTRY) for two in trellis.successors(one)):
            steps = [trellis.edges[move]["weight"][1:] for move in pairwise(path)]
            certain = certain_weights(space, genotype_of(space.questions, answers, path))
            on_path = math.prod(weights["move"][step].item() for step in steps)
            expected += chance * on_path * costs.expected(certain)["macs"].item()
    assert costs.expected(weights)["macs"].item() == pytest.approx(expected, rel=1e-12)


def test_its_gradient_is_the_numeric_one(costs):
    space = space_of()
    torch.manual_seed(0)
    logits = {
        name: torch.where(weights > 0, weights, 1).log().requires_grad_()
        for name, weights in random_weights(space, 2).items()
    }
    absent = random_weights(space, 2)["move"] == 0

    def relative(alpha, beta):
        mean = costs.expected({"operation": alpha.softmax(-1), "move": beta.masked_fill(absent, -math.inf).softmax(-1)})
        return mean["params"].log(), mean["macs"].log()

    assert torch.autograd.gradcheck(relative, (logits["operation"], logits["move"]), eps=1e-6, atol=1e-7)


def test_every_edge_that_may_be_kept_has_a_gradient(costs):
    weights = {name: array.requires_grad_() for name, array in random_weights(space_of(), 0).items()}
    costs.expected(weights)["macs"].backward()
    heavy = weights["operation"].grad.abs().sum(-1)
    assert (heavy > 0).all()


def test_of_each_block_two_edges_are_kept_in_the_mean():
    kept = kept_probabilities(random_weights(space_of(blocks=4), 5)["operation"][:, :-1], 4)
    sizes = [2, 3, 4, 5]
    assert [rows.sum().item() for rows in kept.split(sizes)] == pytest.approx([2.0] * 4)
    assert (kept >= 0).all() and (kept.sum(-1) <= 1 + 1e-12).all()


def test_among_equal_edges_the_lower_ones_are_kept():
    weights = torch.zeros(5, 2, dtype=torch.float64)
    weights[:, 1] = 1.0
    assert kept_probabilities(weights, 2)[:, 1].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]


def test_a_space_of_one_kind_of_cell_is_measured_in_a_few_parts():
    asked = []

    def measure(build, *shapes):
        asked.append(shapes)
        return {"n": 1.0}

    AutoDeepLabCosts(space_of(layers=12, levels=4).questions, Task(3, 5, (65, 65)), measure)
    assert len(asked) < 120


TASK = Task(3, 3, (18, 21))
"""The coarser stride pads it differently."""


@pytest.fixture(scope="module")
def tiny():
    """A space of 972 genotypes, its costs, and of each genotype what it costs."""
    space = space_of(layers=2, levels=2, operations=("sep_5x5", "atrous_3x3", "skip", "zero"))
    costs = AutoDeepLabCosts(space.questions, TASK, counted)
    known = {}
    for genotype in enumerate_all(space):
        mean = costs.expected(certain_weights(space, genotype))
        known[genotype] = {name: cost.item() for name, cost in mean.items()}
    return space, costs, known


def arrays(weights):
    return {name: array.numpy() for name, array in weights.items()}


def log_probability(space, weights, genotype):
    rows, trellis = {edge: row for row, edge in enumerate(edges(space.options.blocks))}, moves(space.trellis)
    wiring = space.questions.cell_wiring(genotype)
    kept = [
        weights["operation"][rows[Edge(source, block)], space.options.operations.index(name)]
        for block, inputs in wiring.items()
        for source, name in inputs
    ]
    path = [ENTRY, *space.questions.path_states(genotype)]
    taken = [weights["move"][trellis.edges[move]["weight"][1:]] for move in pairwise(path)]
    return sum(math.log(weight) for weight in (*kept, *taken))


@pytest.mark.parametrize(("seed", "scale"), [(0, 0.5), (1, 0.01), (2, 3.0)])
def test_nothing_within_the_bounds_is_more_probable(tiny, seed, scale):
    space, costs, known = tiny
    weights = arrays(random_weights(space, seed, scale))
    macs = np.quantile([cost["macs"] for cost in known.values()], [0.05, 0.3, 0.7])
    params = np.quantile([cost["params"] for cost in known.values()], [0.8, 0.5, 0.2])
    for most in ({"macs": macs[0]}, {"params": params[2]}, {"macs": macs[1], "params": params[1]}):
        within = [g for g, cost in known.items() if all(cost[name] <= bound for name, bound in most.items())]
        best = max(log_probability(space, weights, genotype) for genotype in within)
        found = costs.derive(weights, most)
        assert found in within
        assert log_probability(space, weights, found) == pytest.approx(best, abs=1e-12)


def test_a_bound_that_the_strongest_genotype_meets_to_the_last_one_leaves_it(tiny):
    space, costs, known = tiny
    weights = arrays(random_weights(space, 4))
    strongest = decode(space.questions, weights)
    macs = known[strongest]["macs"]
    assert costs.derive(weights, {"macs": macs}) == costs.derive(weights, {}) == strongest
    other = costs.derive(weights, {"macs": macs - 1})
    assert other != strongest and count(space, other, TASK).macs < macs


def test_what_is_found_is_within_the_bounds_by_counting(tiny):
    space, costs, known = tiny
    most = {name: float(np.median([cost[name] for cost in known.values()])) for name in ("macs", "params")}
    found = count(space, costs.derive(arrays(random_weights(space, 7)), most), TASK)
    assert found.macs <= most["macs"] and found.params <= most["params"]


def test_bounds_that_nothing_meets_are_refused_with_the_least_that_there_is(tiny):
    space, costs, known = tiny
    least = min(cost["macs"] for cost in known.values())
    expected = rf"no genotype .* \(macs at most {least - 1:,.0f}, the cheapest has {least:,.0f}\)"
    with pytest.raises(RunError, match=expected):
        costs.derive(arrays(random_weights(space, 0)), {"macs": least - 1})


def test_the_unbiased_rule_holds_within_bounds_too():
    space = space_of(layers=3, levels=2, operations=("skip",), decode="unbiased")
    costs = AutoDeepLabCosts(space.questions, TASK, counted)
    weights = arrays(random_weights(space, 1, 2.0))
    assert costs.derive(weights, {"macs": 1e15}) == decode(space.questions, weights)

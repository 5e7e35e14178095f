import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch

from nasframe import Canonical, Evaluation, Evaluator, Genotype, Growing, Problem, Runtime, Task
from nasframe.genotype import encode, enumerate_all, sample, validate
from nasframe.testing.strategies import StrategyContract
from nasframe.testing.tiny_blocks import TinyBlocks
from nasframe_progressive.candidates import Candidates, Narrowed
from nasframe_progressive.options import ProgressiveOptions, SurrogateOptions
from nasframe_progressive.strategy import Progressive
from nasframe_progressive.surrogate import _ranks, predict
from nasframe_progressive.tokens import tokenise

ALL, NETWORKS = Candidates(distinct=False), Candidates(distinct=True)
SMALL = SurrogateOptions(members=2, hidden=8, epochs=15, batch=32)
TINY = SurrogateOptions(members=1, hidden=4, epochs=1)


class TestProgressive(StrategyContract):
    strategy = Progressive
    options = Progressive.Options(samples=6, keep=1, budget=0.2, surrogate=TINY)


class TestProgressiveWithAnLstm(StrategyContract):
    strategy = Progressive
    options = Progressive.Options(
        samples=6, keep=2, pool=5, budget=0.2, surrogate=TINY.model_copy(update={"kind": "lstm"})
    )


class Rows:
    """Some rows of four options, of which the first means that a row is not there."""

    name = "rows"

    def __init__(self, rows=4):
        self.rows = rows

    def decide(self, choose):
        for row in range(self.rows):
            choose(f"row{row}", (0, 1, 2, 3))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class GrowingRows(Rows, Growing):
    """Row by row: those to come are not there."""

    def __init__(self, rows=4, grown=None):
        super().__init__(rows)
        self.grown = rows if grown is None else grown

    def decide(self, choose):
        for row in range(self.rows):
            choose(f"row{row}", (0, 1, 2, 3) if row < self.grown else (0,))

    def growth(self):
        return [*(GrowingRows(self.rows, grown) for grown in range(1, self.rows)), self]


class Counted(Rows, Growing):
    """Asks how many rows there are, then for each of them."""

    name = "counted"

    def __init__(self, counts=(1, 2, 3)):
        self.counts = counts

    def decide(self, choose):
        for row in range(choose("count", self.counts)):
            choose(f"row{row}", (0, 1, 2))

    def growth(self):
        return [Counted((1,)), Counted((2,)), self]


class Sum(Evaluator):
    """The mean of the answers' indices."""

    name: ClassVar[str] = "sum"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        score = float(np.mean(list(candidate.genotype.answers.values())))
        return Evaluation(score, {"sum": score})


def searched(space, samples, seed=0, done=None, **options):
    problem = Problem(space, Sum(), Runtime(seed=seed))
    strategy = Progressive(problem, Progressive.Options(samples=samples, **{"surrogate": SMALL, **options}))
    for index in range(samples if done is None else done):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def genotypes(strategy):
    return [genotype for genotype, _ in strategy.history]


def answers(genotype):
    return tuple(genotype.answers.values())


def test_the_first_stage_is_evaluated_wholly_and_the_others_follow_in_order():
    found = [answers(genotype) for genotype in genotypes(searched(GrowingRows(), 14, keep=6))]
    assert found[:4] == [(0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0)]
    sizes = [max(row for row in range(4) if one[row] or row == 0) for one in found]
    assert sizes == sorted(sizes) and 1 <= sizes.count(1) <= 6


def test_children_repeat_what_their_parents_were_free_to_answer():
    stages = GrowingRows().growth()
    parents = ALL.some(stages[1], 100, np.random.default_rng(0))[5:7]
    children = ALL.grown(parents, stages[1], stages[2], 100, np.random.default_rng(0))
    assert len(children) == 2 * 4
    assert {answers(child)[:2] for child in children} == {answers(parent)[:2] for parent in parents}
    assert {answers(child)[2] for child in children} == {0, 1, 2, 3} and {answers(child)[3] for child in children} == {
        0
    }


def test_growth_may_fix_an_answer_anew_at_each_stage():
    space = Counted()
    stages = space.growth()
    parents = ALL.some(stages[0], 100, np.random.default_rng(0))
    children = ALL.grown(parents, stages[0], stages[1], 100, np.random.default_rng(0))
    assert (len(parents), len(children)) == (3, 9)
    for child in children:
        validate(space, child)
        assert child["count"] == 2


def test_growth_goes_on_over_the_whole_space_when_it_has_come_to_its_end():
    found = genotypes(searched(Counted(), 30, keep=4))
    assert len(set(found)) == 30
    assert [genotype["count"] for genotype in found[:7]] == [1, 1, 1, 2, 2, 2, 2]


class Symmetric(Rows, Canonical):
    """Rows whose order makes no other network."""

    def canonical(self, genotype):
        return Genotype(self.name, tuple(zip(genotype.answers, sorted(answers(genotype)), strict=True)))


def test_each_network_is_evaluated_once_by_its_canonical_genotype_if_wanted():
    found = genotypes(searched(Symmetric(2), 10, keep=6, distinct=True))
    assert len(set(found)) == 10, "10 of the 16 genotypes are different networks"
    assert all(list(answers(genotype)) == sorted(answers(genotype)) for genotype in found)
    numbers = [len(one.some(Symmetric(4), 256, np.random.default_rng(0))) for one in (NETWORKS, ALL)]
    assert numbers == [35, 256]


def indices(genotype):
    """The mean of the operations' indices, so that the best cell is known."""
    return np.mean([len(answer) for name, answer in genotype.answers.items() if "operation" in name])


class Lengths(Sum):
    def evaluate(self, candidate, budget=1.0):
        built = sum(parameter.numel() for parameter in candidate.build().parameters())
        return Evaluation(float(indices(candidate.genotype)), {"weights": float(built)})


def test_cells_grow_block_by_block_though_small_ones_are_none_of_the_space():
    space = TinyBlocks(TinyBlocks.Options(blocks=3))
    strategy = Progressive(
        Problem(space, Lengths(), Runtime(seed=0)),
        Progressive.Options(samples=82, keep=4, first=72, pool=50, surrogate=TINY),
    )
    for index in range(82):
        strategy.step(index, np.random.default_rng(0))
    validate(space, strategy.best())
    found = [len(genotype.answers) // 5 for genotype in genotypes(strategy)]
    assert found[:80] == [1] * 72 + [2] * 4 + [3] * 4 and set(found[80:]) == {3}
    assert not any(result.failure for _, result in strategy.history), "each stage builds its own"
    assert strategy.best() in [genotype for genotype in genotypes(strategy) if strategy.is_whole(genotype)]
    parents = [genotype.answers.items() for genotype in genotypes(strategy)[72:76]]
    assert all(any(parent <= child.answers.items() for parent in parents) for child in genotypes(strategy)[76:80])


def test_before_the_last_stage_the_best_is_what_the_best_small_network_grows_to_first():
    space = TinyBlocks(TinyBlocks.Options(blocks=2))
    strategy = Progressive(Problem(space, Lengths(), Runtime()), Progressive.Options(samples=9, surrogate=TINY))
    for index in range(9):
        strategy.step(index, np.random.default_rng(0))
    small = max(strategy.history, key=lambda one: one[1].score)[0]
    best = strategy.best()
    assert not strategy.is_whole(small) and strategy.is_whole(best)
    assert small.answers.items() <= best.answers.items()


def test_a_space_without_growth_begins_with_k_at_random():
    found = genotypes(searched(Rows(), 10, keep=10))
    again = genotypes(searched(GrowingRows(), 10, keep=10, grow=False))
    assert len(set(found)) == 10 and found == again
    assert len({answers(one)[3] for one in found}) > 1


@pytest.mark.parametrize("kind", ["mlp", "lstm"])
def test_the_surrogate_finds_the_best_of_256_in_60(kind):
    surrogate = SMALL.model_copy(update={"kind": kind, "epochs": 25})
    strategy = searched(Rows(), 60, keep=20, surrogate=surrogate)
    assert max(result.score for _, result in strategy.history) == 3
    assert np.mean([result.score for _, result in strategy.history[40:]]) > 2


def test_nothing_is_evaluated_twice_before_the_space_is_used_up():
    found = genotypes(searched(Rows(2), 20, keep=6))
    assert len(set(found[:16])) == 16 and len(found) == 20


@pytest.mark.parametrize("kind", ["mlp", "lstm"])
def test_predictions_rank_genotypes_that_were_not_seen(kind):
    rng = np.random.default_rng(0)
    everything = list(enumerate_all(Rows()))
    rng.shuffle(everything)
    scores = [sum(index * answer for index, answer in enumerate(answers(one))) for one in everything]
    options = SurrogateOptions(kind=kind, members=2, hidden=16, epochs=30, batch=16)
    predicted = predict(list(zip(everything[:80], scores, strict=False)), everything[80:], options, seed=0)
    assert correlation(predicted, scores[80:]) > 0.85


def correlation(one, other):
    """Of ranks."""
    return np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1]


def test_predictions_follow_from_the_seed_and_leave_torchs_generator_as_it_was():
    known = [(genotype, float(index)) for index, genotype in enumerate(enumerate_all(Rows(2)))]
    before = torch.get_rng_state()
    first, second, other = (predict(known, [known[3][0]], TINY, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert first == second != other


def test_a_prediction_does_not_depend_on_the_length_of_the_others():
    long = list(enumerate_all(Counted()))
    known = [(genotype, float(index)) for index, genotype in enumerate(long[:12])]
    for kind in ("mlp", "lstm"):
        options = SMALL.model_copy(update={"kind": kind})
        alone = predict(known, [long[0]], options, 0)
        together = predict(known, [long[0], long[11]], options, 0)
        np.testing.assert_allclose(alone[0], together[0], rtol=1e-5)


def test_scores_become_shares_of_lower_ones_whatever_their_scale():
    np.testing.assert_allclose(_ranks(np.array([-500.0, 3.0, 0.0, 3.0])), [0.125, 0.75, 0.375, 0.75])


def test_an_answer_has_one_number_and_with_its_decision_another():
    tokens = tokenise([one for one in enumerate_all(Counted()) if one["count"] < 3])
    assert tokens.counts == (1 + 2 + 3 + 3, 1 + 3)
    assert (tokens.pairs[0, -1], tokens.pairs[-1, -1]) == (0, tokens.counts[0] - 1)


def test_a_large_space_is_drawn_from_and_mutated_in():
    space, rng = Rows(12), np.random.default_rng(0)
    best = [sample(space, rng)]
    pool = ALL.anywhere(space, best, {best[0]}, 40, rng)
    near = [one for one in pool if sum(one[name] != best[0][name] for name in one.answers) == 1]
    assert len(set(pool)) == 40 and 20 <= len(near) < 40 and best[0] not in pool


def test_a_restored_search_plans_the_same_rounds():
    one = searched(Counted(), 30, done=17, keep=4)
    other = Progressive(one.problem, one.options)
    other.load_state_dict(one.state_dict())
    for index in range(17, 30):
        assert one.step(index, np.random.default_rng(0)) == other.step(index, np.random.default_rng(9))
    assert one.history == other.history


def test_the_surrogate_of_the_defaults_is_an_ensemble_of_five():
    surrogate = ProgressiveOptions().surrogate
    assert (surrogate.members, surrogate.hidden, surrogate.lr) == (5, 100, 0.01)


def test_encoding_agrees_with_the_space():
    assert [one.count for one in encode(Narrowed(Rows(), {"row1": 2}), sample_with(2))] == [4, 1, 4, 4]


def sample_with(answer):
    return sample(Narrowed(Rows(), {"row1": answer}), np.random.default_rng(0))


def test_checking_an_experiment_needs_no_torch():
    program = "import sys, nasframe_progressive.strategy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from nasframe import Candidate, Evaluation, Evaluator, ExperimentError, Problem, Runtime, Task
from nasframe.genotype import sample, trace
from nasframe.testing.strategies import StrategyContract
from nasframe.testing.tiny import TinySpace
from nasframe_evolution.mutation import Mutation
from nasframe_evolution.regularised import Evolution


class TestEvolution(StrategyContract):
    strategy = Evolution
    options = Evolution.Options(samples=4, population=2, sample=2, budget=0.2)


class TestEvolutionFromTheBest(StrategyContract):
    strategy = Evolution
    options = Evolution.Options(samples=6, start=3, population=2, sample=1)


class TestClassicalEvolution(StrategyContract):
    strategy = Evolution
    options = Evolution.Options(samples=5, population=2, sample=1, dies="worst", identity=0, budget=0.2)


class Bits:
    """The paper's toy (appendix): a string of bits."""

    name = "bits"

    def __init__(self, length=100):
        self.length = length

    def decide(self, choose):
        for place in range(self.length):
            choose(f"{'even' if place % 2 == 0 else 'odd'}/{place}", (0, 1))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class ShareOfOnes(Evaluator):
    """The share of ones, with the noise of a training."""

    name: ClassVar[str] = "share-of-ones"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))
        self.rng = np.random.default_rng(self.runtime.seed)

    def evaluate(self, candidate: Candidate, budget=1.0):
        share = ones(candidate.genotype)
        return Evaluation(share + self.rng.normal(0, 0.01), {"true": share})


def ones(genotype):
    return sum(genotype.answers.values()) / len(genotype.answers)


def searched(seed=0, length=100, **options):
    problem = Problem(Bits(length), ShareOfOnes(None, Runtime(seed=seed)))
    strategy = Evolution(problem, Evolution.Options(**options))
    for index in range(strategy.steps):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def distance(one, other):
    return sum(one[name] != other[name] for name in one.answers)


def best_true(strategy):
    return max(result.metrics["true"] for _, result in strategy.history)


def test_the_defaults_are_the_papers():
    options = Evolution.Options()
    assert (options.population, options.sample, options.identity, options.dies) == (100, 25, 0.05, "oldest")


def test_the_papers_toy_is_solved_as_far_as_in_the_paper():
    assert best_true(searched(samples=1000, identity=0)) >= 0.85


def test_a_sample_of_one_is_a_random_walk_that_learns_nothing():
    assert best_true(searched(samples=600, sample=1, identity=0)) <= 0.75


def test_a_parent_is_always_among_the_youngest_whatever_its_score():
    population = 10
    genotypes = [g for g, _ in searched(samples=120, population=population, sample=5, length=40, identity=0).history]
    for index in range(population, len(genotypes)):
        alive = genotypes[index - population : index]
        assert any(distance(genotypes[index], parent) == 1 for parent in alive)


def test_the_oldest_dies_even_if_it_is_the_best():
    strategy = searched(samples=6, population=5, sample=5, length=8)
    first, second = strategy.history[0][0], strategy.history[1][0]
    strategy.tell(first, Evaluation(99.0))
    for genotype in [second] * 5:
        strategy.tell(genotype, Evaluation(0.0))
    children = [strategy.ask(np.random.default_rng(seed)) for seed in range(20)]
    assert all(distance(child, second) <= 1 for child in children)


def test_the_best_survives_where_the_worst_dies():
    strategy = searched(samples=6, population=5, sample=5, length=8, dies="worst")
    first = strategy.history[0][0]
    strategy.tell(first, Evaluation(99.0))
    for genotype, _ in [strategy.history[1]] * 20:
        strategy.tell(genotype, Evaluation(0.0))
    parents = [strategy.ask(np.random.default_rng(seed)) for seed in range(200)]
    near = sum(distance(child, first) <= 1 for child in parents)
    assert near > 100


def test_the_first_population_is_drawn_at_random():
    genotypes = [genotype for genotype, _ in searched(samples=20, population=20, sample=2).history]
    distances = [distance(one, other) for one, other in pairwise(genotypes)]
    assert min(distances) > 25


def test_the_best_of_more_random_draws_are_the_first_population_in_the_order_of_their_ages():
    strategy = searched(samples=30, start=30, population=5, sample=2, length=20)
    history = strategy.history
    distances = [distance(one, other) for (one, _), (other, _) in pairwise(history)]
    assert min(distances) > 1, "all are drawn at random"
    ranked = sorted(range(30), key=lambda number: -history[number][1].score)[:5]
    assert [genotype for genotype, _ in strategy._alive] == [history[number][0] for number in sorted(ranked)]
    strategy = searched(samples=31, start=30, population=5, sample=2, length=20, identity=0)
    child = strategy.history[30][0]
    assert any(distance(child, history[number][0]) == 1 for number in ranked)
    assert [genotype for genotype, _ in strategy._alive[:4]] == [history[number][0] for number in sorted(ranked)[1:]]


def test_fewer_random_draws_than_the_population_are_refused():
    with pytest.raises(ValidationError, match="start is 9 and population 10"):
        Evolution.Options(population=10, sample=5, start=9)


def test_a_child_equals_its_parent_as_often_as_asked():
    space = Bits(10)
    parent = sample(space, np.random.default_rng(0))
    mutation = Mutation(space, ["*"], identity=0.25)
    same = sum(mutation.child(parent, np.random.default_rng(seed)) == parent for seed in range(1000))
    assert 200 < same < 300


def test_kinds_are_drawn_equally_often_however_many_decisions_they_have():
    space = Bits(41)
    parent = sample(space, np.random.default_rng(0))
    mutation = Mutation(space, ["even/0", "odd/*"], identity=0)
    changed = Counter(
        next(name for name in parent.answers if parent[name] != child[name]).split("/")[0]
        for child in (mutation.child(parent, np.random.default_rng(seed)) for seed in range(1000))
    )
    assert 450 < changed["even"] < 550 and changed["even"] + changed["odd"] == 1000


def test_a_kind_that_fits_no_decision_is_refused_with_the_decisions_there_are():
    with pytest.raises(ExperimentError, match=r"strategy\.kinds\[1\] is 'layer', which fits no decision.*'layer0'"):
        Evolution(Problem(TinySpace(), ShareOfOnes()), Evolution.Options(kinds=("*0", "layer")))


def test_a_space_of_one_genotype_can_be_searched():
    class Point(Bits):
        def decide(self, choose):
            choose("only", (1,))

    problem = Problem(Point(), ShareOfOnes())
    strategy = Evolution(problem, Evolution.Options(samples=4, population=2, sample=1))
    for index in range(4):
        strategy.step(index, np.random.default_rng(index))
    assert strategy.best() == trace(Point(), lambda name, options: options[0])


def test_a_sample_larger_than_the_population_is_refused():
    with pytest.raises(ValidationError, match="a sample is at most the population"):
        Evolution.Options(population=10, sample=11)


def test_checking_an_experiment_needs_no_torch():
    program = "import sys, nasframe_evolution.regularised; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

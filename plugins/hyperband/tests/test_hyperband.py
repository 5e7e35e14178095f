"""Successive halving and Hyperband against the paper, over several strategies."""

import dataclasses
from typing import ClassVar

import numpy as np
import pytest

from nasframe import AskTell, Evaluation, Evaluator, Problem, Task
from nasframe.genotype import sample
from nasframe.testing.strategies import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_hyperband.schedule import hyperband
from nasframe_hyperband.strategy import Halving, Hyperband


class Draws(AskTell):
    """Draws at random, and notes what it is told."""

    name = "draws"

    def __init__(self, problem):
        super().__init__(problem, None, steps=1)
        self.heard = []

    def ask(self, rng):
        for _ in range(1000):
            genotype = sample(self.problem.space, rng)
            if not self.is_known(genotype):
                return genotype
        return None

    def tell(self, genotype, result):
        self.heard.append((genotype, result.budget, bool(result.failure)))


class TestHyperband(StrategyContract):
    strategy = Hyperband
    options = Hyperband.Options(units=3)

    def problem(self):
        return Problem(TinySpace(), TinyEvaluator(), over=Draws)


class TestHalving(TestHyperband):
    strategy = Halving
    options = Halving.Options(candidates=4, eta=2)


class Growing(Evaluator):
    """The score is the share of softplus layers, seen the better the larger the budget; three layers of tanh fail."""

    name: ClassVar[str] = "growing"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        answers = list(candidate.genotype.answers.values())
        if answers.count("tanh") > 2:
            raise MemoryError("no room")
        return Evaluation(answers.count("softplus") + 0.1 * budget, {"budget": budget})


def searched(kind=Hyperband, layers=4, **options):
    problem = Problem(TinySpace(TinySpace.Options(layers=layers)), Growing(), over=Draws)
    strategy = kind(problem, kind.Options(**options))
    for index in range(strategy.steps):
        strategy.step(index, np.random.default_rng(index))
    return strategy


def test_the_schedule_is_what_algorithm_1_gives_by_hand():
    # n = ceil(5 * 3**s / (s + 1)) for s = 4, 3, …: 81, 33.75, 15, 7.5, 5; then a third of them, rounded down.
    table = {
        0: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        1: [(34, 3), (11, 9), (3, 27), (1, 81)],
        2: [(15, 9), (5, 27), (1, 81)],
        3: [(8, 27), (2, 81)],
        4: [(5, 81)],
    }
    found = {}
    for rung in hyperband(81, 3):
        found.setdefault(rung.bracket, []).append((rung.candidates, pytest.approx(81 * rung.budget)))
    assert found == table


def test_no_budget_is_below_the_smallest():
    history = searched(Halving, candidates=12, eta=2, smallest=0.25).history
    assert [result.budget for _, result in history] == [0.25] * 12 + [0.5] * 6 + [1.0] * 3
    assert {result.budget for _, result in searched(Halving, candidates=9, smallest=1 / 3).history} == {1 / 3, 1.0}
    assert {result.budget for _, result in searched(Halving, candidates=9, smallest=0.34).history} == {1.0}
    assert hyperband(81, 3, 0.1) == hyperband(9, 3)


def test_in_each_rung_the_best_of_the_one_before_go_on():
    history = searched(Halving, candidates=27).history
    assert [result.budget for _, result in history] == [1 / 27] * 27 + [1 / 9] * 9 + [1 / 3] * 3 + [1.0]
    for before, after in ((range(27), range(27, 36)), (range(27, 36), range(36, 39)), (range(36, 39), range(39, 40))):
        ranked = sorted((history[i] for i in before), key=lambda one: (bool(one[1].failure), -one[1].score))
        gone_on = {history[i][0] for i in after}
        assert gone_on == {genotype for genotype, _ in ranked[: len(after)]}


def test_a_plan_is_told_what_each_rung_costs():
    problem = Problem(TinySpace(), TinyEvaluator(), over=Draws)
    options = Halving.Options(candidates=4, eta=2)
    assert Halving(problem, options).planned() == [(4, 0.25), (2, 0.5), (1, 1.0)]
    kept = options.model_copy(update={"weights": "kept"})
    assert Halving(problem, kept).planned() == [(6, 0.25), (1, 0.5)]  # four begin, two go from 0.25 to 0.5, one to 1


def test_who_was_stopped_early_goes_on_after_all_who_were_not():
    problem = Problem(TinySpace(), Growing(), over=Draws)
    strategy = Halving(problem, Halving.Options(candidates=2, eta=2))
    stopped, done = (sample(problem.space, np.random.default_rng(seed)) for seed in (1, 2))
    strategy.receive(stopped, Evaluation(0.9, budget=0.25))
    strategy.receive(done, Evaluation(0.1, budget=0.5))
    assert stopped != done and strategy.ask(np.random.default_rng(0)) == done


def test_the_best_is_one_with_a_full_evaluation():
    strategy = searched(units=9)
    full = [(genotype, result) for genotype, result in strategy.history if result.budget == 1.0]
    assert strategy.best() == max(full, key=lambda one: one[1].score)[0]


def test_the_other_strategy_hears_each_candidate_once_with_its_largest_budget():
    strategy = searched(units=9)
    heard = strategy._over.heard
    assert len(heard) == 9 + 5 + 3, "as many as begin in the three brackets"
    assert [genotype for genotype, _, _ in heard[:9]] == [genotype for genotype, _ in strategy.history[:9]]
    largest = {}
    for genotype, result in strategy.history[:13]:
        largest[genotype] = max(result.budget, largest.get(genotype, 0))
    assert [(genotype, budget) for genotype, budget, _ in heard[:9]] == list(largest.items())
    assert any(failure for _, _, failure in heard)


def test_the_other_strategy_knows_what_it_proposed_in_the_bracket():
    begun = [genotype for genotype, _ in searched(Halving, candidates=27).history[:27]]
    assert len(set(begun)) == 27


def test_where_the_other_strategy_waits_the_rest_is_drawn_at_random():
    history = searched(Halving, layers=1, candidates=9).history
    assert len(history) == 13 and len({genotype for genotype, _ in history}) == 3


def test_a_rung_waits_for_the_one_before():
    problem = Problem(TinySpace(), Growing(), over=Draws)
    strategy = Halving(problem, Halving.Options(candidates=3))
    rng = np.random.default_rng(0)
    strategy.outstanding = [(sample(problem.space, rng), 1 / 3) for _ in range(3)]
    assert strategy.ask(rng) is None


def test_what_the_constraints_refuse_is_known_to_the_other_strategy():
    strategy = Halving(dataclasses.replace(searched(units=1).problem), Halving.Options())
    genotype = sample(strategy.problem.space, np.random.default_rng(0))
    strategy.refused[genotype] = 0
    assert strategy._over.is_known(genotype)

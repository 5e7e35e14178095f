"""NSGA-II against its paper, and on a problem whose Pareto front is known."""

from typing import ClassVar

import numpy as np

from nasframe import Evaluation, Evaluator, Problem, Task
from nasframe.genotype import sample
from nasframe.pareto import crowding, fronts
from nasframe.testing.strategies import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_evolution.nsga2 import Nsga2

LENGTH = 12


class TestNsga2(StrategyContract):
    strategy = Nsga2
    options = Nsga2.Options(samples=7, population=2, budget=0.2)

    def problem(self):
        return Problem(TinySpace(), TinyEvaluator(), objectives=("score", "accuracy"))


class Bits:
    name = "bits"

    def decide(self, choose):
        for place in range(LENGTH):
            choose(f"bit{place}", (0, 1))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class LeadingOnesTrailingZeros(Evaluator):
    """The score is the number of leading ones, the cost that of places before the trailing zeros.

    The front has LENGTH + 1 genotypes: ones, then zeros.
    """

    name: ClassVar[str] = "lotz"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        bits = "".join(str(bit) for bit in candidate.genotype.answers.values())
        return Evaluation(len(bits) - len(bits.lstrip("1")), {"cost": len(bits.rstrip("0"))})


def problem():
    return Problem(Bits(), LeadingOnesTrailingZeros(), objectives=("score", "cost"))


def searched(samples, **options):
    strategy = Nsga2(problem(), Nsga2.Options(samples=samples, **options))
    for index in range(samples):
        strategy.step(index, np.random.default_rng([7, index]))
    return strategy


def on_the_front(history):
    return {result.score for _, result in history if result.score == result.metrics["cost"]}


def test_the_defaults_are_the_papers():
    options = Nsga2.Options()
    assert (options.population, options.crossover) == (100, 0.9)


def test_it_finds_the_whole_front_where_drawing_at_random_finds_little():
    history = searched(600, population=20).history
    assert len(on_the_front(history)) >= LENGTH - 1
    evaluator, rng = LeadingOnesTrailingZeros(), np.random.default_rng(0)
    drawn = [sample(Bits(), rng) for _ in range(600)]
    random = [(one, evaluator.evaluate(type("C", (), {"genotype": one}))) for one in drawn]
    assert len(on_the_front(random)) <= 6


def test_the_best_fronts_of_parents_and_children_survive_and_of_the_last_one_those_with_room():
    strategy = searched(60, population=20)
    every = [(float(r.score), -r.metrics["cost"]) for _, r in strategy.history]
    first = every[:40]
    survivors = searched(40, population=20)._parents
    ranks = fronts(np.array(first))
    kept = sorted(values for _, values in survivors)
    assert len(kept) == 20
    whole, place = [], 0
    while len(whole) + len(ranks[place]) <= 20:
        whole += [first[i] for i in ranks[place]]
        place += 1
    rest = list(kept)
    for values in whole:
        rest.remove(values)
    last = [first[i] for i in ranks[place]]
    assert all(values in last for values in rest)
    room = dict(zip(last, crowding(np.array(last)), strict=True))
    assert min((room[v] for v in rest), default=0) >= 0


def test_a_generation_waits_for_the_one_before():
    strategy = Nsga2(problem(), Nsga2.Options(samples=8, population=4))
    rng = np.random.default_rng(0)
    strategy.outstanding = [(sample(Bits(), rng), 1.0) for _ in range(4)]
    assert strategy.ask(rng) is None
    strategy.outstanding = strategy.outstanding[:3]
    assert strategy.ask(rng) is not None


def test_what_failed_is_never_a_parent():
    strategy = Nsga2(problem(), Nsga2.Options(samples=8, population=2))
    good, bad = (sample(Bits(), np.random.default_rng(seed)) for seed in range(2))
    strategy.tell(bad, Evaluation(0.0, failure="no memory"))
    strategy.tell(good, Evaluation(1.0, {"cost": 2.0}))
    assert [genotype for genotype, _ in strategy._parents] == [good]

from typing import ClassVar

import numpy as np
import pytest

from nasframe import Evaluation, Evaluator, Genotype, Problem, Task
from nasframe.genotype import encode, sample, validate
from nasframe.testing.tiny import TinySpace
from nasframe_baselines.local_search import LocalSearch
from nasframe_baselines.neighbours import neighbours


class Conditional:
    """A space in which the second question depends on the first."""

    name = "conditional"

    def decide(self, choose):
        width = choose("width", (1, 2, 3))
        choose("inner", tuple(range(width)))
        if width == 3:
            choose("extra", ("no", "yes"))


class Hill(Evaluator):
    """The score is the sum of option indices: one optimum, at the last options."""

    name: ClassVar[str] = "hill"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        score = float(sum(answer.index for answer in encode(SPACE, candidate.genotype)))
        return Evaluation(score, {"height": score})


class TwoHills(Hill):
    name: ClassVar[str] = "two-hills"

    def evaluate(self, candidate, budget=1.0):
        indices = [answer.index for answer in encode(SPACE, candidate.genotype)]
        score = 10.0 if not any(indices) else float(sum(indices))
        return Evaluation(score, {"height": score})


SPACE = TinySpace(TinySpace.Options(layers=4))


def searched(evaluator, samples, move="first", seed=0, start=1):
    strategy = LocalSearch(Problem(SPACE, evaluator), LocalSearch.Options(samples=samples, move=move, start=start))
    for index in range(samples):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def changes(one, other):
    return sum(one.answers.get(name) != answer for name, answer in other.decisions)


def test_neighbours_are_all_genotypes_that_differ_in_one_decision():
    parent = sample(SPACE, np.random.default_rng(0))
    found = neighbours(SPACE, parent)
    assert len(found) == len(set(found)) == 4 * 2
    assert all(changes(parent, one) == 1 for one in found)


def test_neighbours_in_a_conditional_space_are_legal_and_always_the_same():
    parent = Genotype("conditional", (("width", 3), ("inner", 2), ("extra", "yes")))
    found = neighbours(Conditional(), parent)
    for one in found:
        validate(Conditional(), one)
    assert found == neighbours(Conditional(), parent)
    assert Genotype("conditional", (("width", 2), ("inner", 0))) in found


@pytest.mark.parametrize("move", ["first", "best"])
def test_one_climb_finds_the_top_of_a_single_hill(move):
    strategy = searched(Hill(), 40, move)
    assert max(result.score for _, result in strategy.history) == 8


@pytest.mark.parametrize("move", ["first", "best"])
def test_nothing_is_evaluated_twice_before_the_space_is_used_up(move):
    genotypes = [genotype for genotype, _ in searched(Hill(), 70, move).history]
    assert len(set(genotypes)) == 70


def test_each_candidate_is_a_neighbour_of_the_best_of_its_climb():
    top = None
    for genotype, result in searched(Hill(), 20).history:
        if top is not None and top[1] < 8:
            assert changes(top[0], genotype) == 1
        if top is None or result.score > top[1]:
            top = (genotype, result.score)


def test_the_best_move_is_made_only_after_all_neighbours_were_seen():
    strategy = searched(Hill(), 9, "best")
    start = strategy.history[0][0]
    assert {genotype for genotype, _ in strategy.history[1:]} == set(neighbours(SPACE, start))


def test_it_starts_anew_at_an_optimum_and_finds_the_other_hill():
    found = [max(result.score for _, result in searched(TwoHills(), 81, seed=seed).history) for seed in range(5)]
    assert found == [10] * 5


def test_climbs_start_from_the_best_of_the_first_random_draws():
    history = searched(Hill(), 16, start=10).history
    drawn = sorted(history[:10], key=lambda one: -one[1].score)
    assert len({genotype for genotype, _ in history[:10]}) == 10
    assert changes(drawn[0][0], history[10][0]) == 1 and history[10][0] not in dict(history[:10])


def test_the_next_climb_starts_from_the_next_best():
    history = searched(Constant(), 40, start=4).history
    tops = [genotype for genotype, _ in history[:4]]
    around = [set(neighbours(SPACE, top)) for top in tops]
    asked = [genotype for genotype, _ in history[4:]]
    first = [climb for genotype in asked for climb in range(4) if genotype in around[climb]]
    assert asked[0] in around[0] and set(asked[: len(around[0] - set(tops))]) <= around[0]
    assert set().union(*around) - set(tops) <= set(asked), "around each of them was looked before anything else"
    assert set(first) == {0, 1, 2, 3}


def test_a_used_up_space_is_searched_again():
    space = TinySpace(TinySpace.Options(layers=1))
    strategy = LocalSearch(Problem(space, Constant()), LocalSearch.Options(samples=7))
    for index in range(7):
        strategy.step(index, np.random.default_rng(index))
    assert len({genotype for genotype, _ in strategy.history}) == 3


class Constant(Hill):
    name: ClassVar[str] = "constant"

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(1.0, {"height": 1.0})

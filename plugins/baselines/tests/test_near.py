from typing import ClassVar

import numpy as np

from nasframe import Evaluation, Evaluator, Problem, SearchSpace, Task
from nasframe.genotype import encode, validate
from nasframe.testing.tiny import TinySpace
from nasframe_baselines.near import Near

SPACE = TinySpace(TinySpace.Options(layers=6))


class Hill(Evaluator):
    """The score is the sum of option indices."""

    name: ClassVar[str] = "hill"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(height(candidate.genotype), {})


class Pit(Hill):
    name: ClassVar[str] = "pit"

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(0.0, {}, failure="it fell")


class Point(SearchSpace):
    name: ClassVar[str] = "point"

    def decide(self, choose):
        choose("only", ("one",))

    def build(self, genotype, task):
        raise NotImplementedError

    def graph(self, genotype=None):
        raise NotImplementedError


def height(genotype):
    return float(sum(answer.index for answer in encode(SPACE, genotype)))


def searched(samples, seed=0, space=SPACE, evaluator=Hill, steps=None, **options):
    strategy = Near(Problem(space, evaluator()), Near.Options(samples=samples, **options))
    for index in range(steps or samples):
        strategy.step(index, np.random.default_rng((seed, index)))
    return [genotype for genotype, _ in strategy.history]


def changes(one, other):
    return sum(one[name] != answer for name, answer in other.decisions)


def test_what_is_not_drawn_uniformly_differs_from_one_of_the_best_so_far_in_one_decision():
    genotypes = searched(30, start=4, uniform=0.0, incumbents=2)
    for number in range(4, 30):
        validate(SPACE, genotypes[number])
        best = sorted(genotypes[:number], key=height, reverse=True)[:2]
        assert 1 in [changes(genotypes[number], one) for one in best]


def test_looking_near_the_best_climbs_higher_than_drawing_uniformly():
    best = {
        uniform: np.mean([max(map(height, searched(40, seed, start=5, uniform=uniform))) for seed in range(5)])
        for uniform in (0.3, 1.0)
    }
    assert best[0.3] > best[1.0]


def test_no_candidate_is_asked_for_twice():
    genotypes = searched(60, start=4, uniform=0.5)
    assert len(set(genotypes)) == 60


def test_where_all_have_failed_so_far_genotypes_are_drawn():
    assert len(set(searched(10, evaluator=Pit, steps=2, start=1, uniform=0.0))) == 2


def test_of_a_space_of_one_genotype_it_is_drawn_again():
    assert len(searched(3, space=Point(), evaluator=Flat, start=1, uniform=0.0)) == 3


class Flat(Hill):
    name: ClassVar[str] = "flat"

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(1.0, {})

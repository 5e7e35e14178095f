from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from nasframe import Problem
from nasframe.genotype import sample, trace
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.evolution import OneShotEvolution, mutated

SPACE = TinySpace(TinySpace.Options(layers=24))


def evolution(**options):
    return OneShotEvolution(Problem(SPACE, TinyEvaluator()), OneShotEvolution.Options(train_steps=1, **options))


def score(genotype):
    return sum(answer == "tanh" for answer in genotype.answers.values()) / 24


def evolved(strategy, count, seed=0):
    scored = []
    for index in range(count):
        genotype = strategy.propose(scored, np.random.default_rng([seed, index]))
        scored.append((genotype, score(genotype)))
    return scored


def distance(one, other):
    return sum(one[name] != other[name] for name in one.answers)


def test_the_defaults_are_the_papers_and_make_a_thousand_candidates():
    strategy = evolution()
    options = strategy.options
    assert (options.generations, options.population, options.parents, options.crossovers) == (20, 50, 10, 25)
    assert options.mutation == 0.1 and strategy.steps == 1001


def test_later_generations_are_better_and_nothing_is_measured_twice():
    scored = evolved(evolution(population=30, generations=5, parents=6, crossovers=15), 150)
    means = [np.mean([value for _, value in scored[begin : begin + 30]]) for begin in range(0, 150, 30)]
    assert all(earlier < later for earlier, later in pairwise(means))
    assert means[0] < 0.4 and means[-1] > 0.6
    assert len({genotype for genotype, _ in scored}) == 150


def test_children_come_from_the_best_before_their_generation():
    strategy = evolution(population=10, parents=1, crossovers=0, mutation=0.1)
    scored = evolved(strategy, 19)
    parent = max(scored[:10], key=lambda entry: entry[1])[0]
    assert all(1 <= distance(parent, child) <= 9 for child, _ in scored[10:])


def test_a_crossover_takes_every_answer_from_its_parents():
    strategy = evolution(population=10, parents=2, crossovers=10)
    scored = evolved(strategy, 16)
    best = [genotype for genotype, _ in sorted(scored[:10], key=lambda entry: -entry[1])[:2]]
    for child, _ in scored[10:]:
        assert all(child[name] in {parent[name] for parent in best} for name in child.answers)


def test_a_mutation_changes_about_the_share_asked_for():
    parent = sample(SPACE, np.random.default_rng(0))
    changes = [distance(parent, mutated(SPACE, parent, 0.3, np.random.default_rng(seed))) for seed in range(300)]
    assert np.mean(changes) == pytest.approx(24 * 0.3 * 2 / 3, rel=0.15)
    assert mutated(SPACE, parent, 0.0, np.random.default_rng(0)) == parent


def test_a_mutation_repairs_what_became_illegal():
    class Nested:
        name = "nested"

        def decide(self, choose):
            deep = choose("deep", ("no", "yes"))
            choose("size", (1, 2) if deep == "no" else (3, 4))

    parent = trace(Nested(), lambda name, options: options[0])
    children = {mutated(Nested(), parent, 0.5, np.random.default_rng(seed)) for seed in range(50)}
    assert {child["size"] for child in children} == {1, 2, 3, 4}


def test_more_parents_than_candidates_are_refused():
    with pytest.raises(ValidationError, match="parents is 10 and population 5"):
        OneShotEvolution.Options(population=5, crossovers=2)

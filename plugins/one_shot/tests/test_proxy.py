"""What ``nasframe signal`` says of a supernet is said of the one that the experiment's search trains."""

import numpy as np
import pytest
import torch

from nasframe import Genotype, Problem, Runtime
from nasframe.genotype import sample
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.seeding import seed_all
from nasframe_one_shot.evolution import OneShotEvolution
from nasframe_one_shot.proxy import SharedWeightsScore
from nasframe_one_shot.random_search import OneShotRandom

torch.set_num_threads(1)
SPACE = TinySpace()


def problem(seed=5):
    runtime = Runtime(seed=seed, phase="search")
    return Problem(SPACE, TinyEvaluator(runtime=runtime), runtime)


def test_it_stands_in_for_one_shot_strategies_with_their_options():
    options = OneShotEvolution.Options(sampling="sandwich", epochs=7.0, recalibrate=3, generations=4, population=30)
    found = SharedWeightsScore.standing_in(OneShotEvolution, options)
    assert found.candidates == 120
    assert found.options.model_dump().items() <= options.model_dump().items()
    assert found.options.sampling == "sandwich" and found.options.epochs == 7.0
    assert SharedWeightsScore.standing_in(OneShotRandom, OneShotRandom.Options(samples=8)).candidates == 8


def test_it_stands_in_for_no_other_strategy():
    assert SharedWeightsScore.standing_in(type("Other", (), {}), None) is None
    assert SharedWeightsScore.Options().epochs == 20.0


@pytest.mark.parametrize("sampling", ["uniform", "strict", "sandwich"])
def test_its_values_are_the_scores_of_the_candidates_of_a_run(sampling):
    options = OneShotRandom.Options(sampling=sampling, train_steps=4, samples=3, recalibrate=2)
    seed_all(5, "search", "build")
    search = OneShotRandom(problem(), options)
    for index in range(search.steps):
        search.step(index, seed_all(5, "search", index))
    proxy = SharedWeightsScore(problem(), SharedWeightsScore.standing_in(OneShotRandom, options).options)
    for genotype, score, _ in search.state_dict()["history"]:
        assert proxy.value(Genotype.from_dict(genotype)) == score


def test_other_seeds_train_other_supernets():
    options = SharedWeightsScore.Options(train_steps=3, recalibrate=2)
    genotypes = [sample(SPACE, np.random.default_rng(seed)) for seed in range(6)]
    values = []
    for seed in (0, 1):
        runtime = Runtime(seed=seed, phase="search")
        proxy = SharedWeightsScore(Problem(SPACE, TinyEvaluator(), runtime), options)
        values.append([proxy.value(genotype) for genotype in genotypes])
    assert values[0] != values[1]

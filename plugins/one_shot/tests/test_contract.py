import subprocess
import sys

import numpy as np
import pytest
import torch

from nasframe import CapabilityError, Problem, Runtime, SearchSpace
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.evolution import OneShotEvolution
from nasframe_one_shot.random_search import OneShotRandom

torch.set_num_threads(1)


class TestOneShotRandomInItsTraining(StrategyContract):
    strategy = OneShotRandom
    options = OneShotRandom.Options(train_steps=4, samples=1)


class TestOneShotRandomBetweenTrainingAndSearch(StrategyContract):
    strategy = OneShotRandom
    options = OneShotRandom.Options(train_steps=2, samples=2, recalibrate=2)


class TestOneShotEvolutionInItsSearch(StrategyContract):
    strategy = OneShotEvolution
    options = OneShotEvolution.Options(
        train_steps=1, generations=3, population=2, parents=1, crossovers=1, recalibrate=1, clip=None
    )


class TestStrictSampling(StrategyContract):
    strategy = OneShotEvolution
    options = OneShotEvolution.Options(
        sampling="strict", train_steps=5, generations=1, population=2, parents=1, crossovers=1, recalibrate=1
    )


class TestSandwichSampling(StrategyContract):
    strategy = OneShotRandom
    options = OneShotRandom.Options(sampling="sandwich", random_paths=1, train_steps=3, samples=2, recalibrate=1)


def test_a_space_that_cannot_be_switched_is_refused():
    class Fixed(SearchSpace):
        name = "fixed"

        def decide(self, choose):
            choose("only", ("a",))

        def build(self, genotype, task):
            raise NotImplementedError

        def graph(self, genotype=None):
            raise NotImplementedError

    with pytest.raises(CapabilityError, match=r"one-shot-random needs a Switchable space.*'fixed'"):
        OneShotRandom(Problem(Fixed(), TinyEvaluator(), Runtime()), OneShotRandom.Options())


def test_a_training_and_a_candidate_are_steps_of_different_kinds():
    strategy = OneShotRandom(Problem(TinySpace(), TinyEvaluator()), OneShotRandom.Options(train_steps=2, samples=1))
    assert [strategy.kind(index) for index in range(strategy.steps)] == ["supernet training"] * 2 + ["candidate"]
    metrics = [set(strategy.step(index, np.random.default_rng(index))) for index in range(3)]
    assert metrics == [{"loss", "lr"}, {"loss", "lr"}, {"score", "best_score", "accuracy"}]


def test_checking_an_experiment_needs_no_torch():
    code = (
        "import sys, nasframe_one_shot.evolution as e, nasframe_one_shot.random_search as r; "
        "e.OneShotEvolution.Options(); r.OneShotRandom.needs; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

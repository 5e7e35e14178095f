import subprocess
import sys

import numpy as np
import pytest
import torch

from nasframe import ExperimentError, Problem
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_baselines.exhaustive import Exhaustive
from nasframe_baselines.local_search import LocalSearch
from nasframe_baselines.near import Near
from nasframe_baselines.random_search import RandomSearch

torch.set_num_threads(1)


class TestRandomSearch(StrategyContract):
    strategy = RandomSearch
    options = RandomSearch.Options(samples=4)


class TestExhaustive(StrategyContract):
    strategy = Exhaustive
    options = Exhaustive.Options(budget=0.2)


class TestNear(StrategyContract):
    strategy = Near
    options = Near.Options(samples=6, start=2, uniform=0.3, incumbents=2)


class TestLocalSearch(StrategyContract):
    strategy = LocalSearch
    options = LocalSearch.Options(samples=6)


class TestLocalSearchFromTheBest(StrategyContract):
    strategy = LocalSearch
    options = LocalSearch.Options(samples=6, start=2)


class TestLocalSearchOfTheBestMove(StrategyContract):
    strategy = LocalSearch
    options = LocalSearch.Options(samples=6, move="best")


def search_all(strategy):
    for index in range(strategy.steps):
        strategy.step(index, np.random.default_rng(index))
    return [genotype for genotype, _ in strategy.history]


def test_random_search_repeats_nothing_until_a_small_space_is_used_up():
    problem = Problem(TinySpace(TinySpace.Options(layers=1)), TinyEvaluator())
    genotypes = search_all(RandomSearch(problem, RandomSearch.Options(samples=5)))
    assert len(set(genotypes[:3])) == 3 and len(genotypes) == 5


def test_exhaustive_search_evaluates_every_genotype_once():
    problem = Problem(TinySpace(), TinyEvaluator())
    genotypes = search_all(Exhaustive(problem, Exhaustive.Options(budget=0.2)))
    assert len(genotypes) == len(set(genotypes)) == 9


def test_exhaustive_search_refuses_a_space_beyond_its_limit():
    with pytest.raises(ExperimentError, match=r"more than strategy\.limit = 8"):
        Exhaustive(Problem(TinySpace(), TinyEvaluator()), Exhaustive.Options(limit=8))


def test_checking_an_experiment_needs_no_torch():
    modules = "random_search, nasframe_baselines.exhaustive, nasframe_baselines.local_search"
    modules += ", nasframe_baselines.near"
    code = f"import sys, nasframe_baselines.{modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

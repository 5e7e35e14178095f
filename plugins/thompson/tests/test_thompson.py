import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest

from nasframe import Candidate, Evaluation, Evaluator, Genotype, Problem, RunError, Runtime, Task
from nasframe.genotype import sample
from nasframe.testing.strategies import StrategyContract
from nasframe_thompson.features import Features
from nasframe_thompson.linear import Linear
from nasframe_thompson.strategy import Thompson


class TestThompson(StrategyContract):
    strategy = Thompson
    options = Thompson.Options(samples=6, start=2, pool=6, budget=0.2)


class Bits:
    """A string of bits."""

    name = "bits"
    labels = ("images",)

    def __init__(self, length=12):
        self.length = length

    def decide(self, choose):
        for place in range(self.length):
            choose(f"bit/{place}", (0, 1))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class Sum(Evaluator):
    """Of the bits, the first ones heavier, with noise as large as the sums differ."""

    name: ClassVar[str] = "sum"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))
        self.rng = np.random.default_rng(self.runtime.seed)
        self.noise = 1.0

    def evaluate(self, candidate: Candidate, budget=1.0):
        true = truth(candidate.genotype)
        return Evaluation(true + self.noise * self.rng.normal(), {"true": true})


def truth(genotype):
    bits = np.array([answer for _, answer in genotype.decisions])
    return float(bits @ np.linspace(1.0, 0.1, len(bits)))


def found(seed, options, space=None, noise=1.0):
    evaluator = Sum(runtime=Runtime(seed=seed))
    evaluator.noise = noise
    strategy = Thompson(Problem(space or Bits(), evaluator), options)
    for index in range(strategy.steps):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def test_under_noise_it_finds_better_ones_than_the_highest_of_as_many_random_scores():
    ours, highest = [], []
    for seed in range(10):
        strategy = found(seed, Thompson.Options(samples=40, start=10, pool=50))
        ours.append(truth(strategy.best()))
        rng = np.random.default_rng(seed)
        drawn = [sample(Bits(), rng) for _ in range(40)]
        highest.append(truth(max(drawn, key=lambda one: truth(one) + rng.normal())))
    assert np.mean(ours) > np.mean(highest) + 0.3


def test_the_best_is_what_the_model_expects_most_of_and_not_the_luckiest():
    strategy = found(2, Thompson.Options(samples=40, start=40))
    scores = {genotype: result.score for genotype, result in strategy.history}
    worth = [strategy.worth(genotype, result) for genotype, result in strategy.history]
    assert strategy.best() == strategy.history[int(np.argmax(worth))][0]
    assert strategy.best() != max(scores, key=scores.__getitem__)


def test_finalists_are_distinct_and_fall_in_worth():
    strategy = found(0, Thompson.Options(samples=20, start=5, pool=20))
    finalists = strategy.finalists(5)
    worth = [strategy.worth(genotype, Evaluation(0.0)) for genotype in finalists]
    assert len(set(finalists)) == 5 and finalists[0] == strategy.best()
    assert worth == sorted(worth, reverse=True)


def test_no_genotype_is_asked_for_twice_while_there_are_others():
    strategy = found(0, Thompson.Options(samples=16, start=4, pool=40), Bits(4))
    asked = [genotype for genotype, _ in strategy.history]
    assert len(set(asked)) == 16


def test_a_failure_teaches_nothing():
    strategy = Thompson(Problem(Bits(), Sum()), Thompson.Options(samples=5, start=2))
    rng = np.random.default_rng(0)
    good, bad = sample(Bits(), rng), sample(Bits(), rng)
    strategy.receive(bad, Evaluation(0.0, failure="out of memory"))
    with pytest.raises(RunError, match="no candidate of 1 was evaluated with success"):
        strategy.best()
    strategy.receive(good, Evaluation(0.3))
    assert strategy.finalists(5) == [good]


def test_features_count_answers_to_each_decision_and_wherever_they_are_given():
    one = Genotype("s", (("a", "conv"), ("b", "conv")))
    other = Genotype("s", (("a", "skip"), ("b", "conv"), ("c", 1)))
    features = Features([one, other])
    rows = features.of([one, other, Genotype("s", (("a", True), ("d", "conv")))])
    # Columns: a=conv, b=conv, conv anywhere, a=skip, c=1, skip anywhere, 1 anywhere.
    assert rows[:2].tolist() == [[1, 1, 2, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1]]
    assert rows[2].tolist() == [0, 0, 1, 0, 0, 0, 0], "True is not 1, and what was never seen counts nothing"


def test_the_posterior_is_that_of_the_normal_equations():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 4))
    scores = features @ [1.0, -2.0, 0.5, 0.0] + 0.3 * rng.normal(size=30) + 7.0
    model = Linear.fit(features, scores)
    noise = float(model.spread[0] ** 2 * (np.linalg.svd(features - features.mean(0))[1][0] ** 2))
    centred = features - features.mean(0)
    ratio = (model.spread**2 / model.prior**2)[0] / (1 - (model.spread**2 / model.prior**2)[0])
    ratio *= np.linalg.svd(centred)[1][0] ** 2
    weights = np.linalg.solve(centred.T @ centred + ratio * np.eye(4), centred.T @ (scores - scores.mean()))
    assert model.weights == pytest.approx(weights, rel=1e-9)
    assert model.predict(features) == pytest.approx(7.0 + features @ [1.0, -2.0, 0.5, 0.0], abs=0.5)
    assert noise == pytest.approx(0.09, rel=0.6)


def test_draws_have_the_posteriors_mean_and_covariance():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5, 8))  # fewer rows than columns: three directions stay as the prior has them
    model = Linear.fit(features, features[:, 0] + 0.1 * rng.normal(size=5))
    probes = rng.normal(size=(3, 8))
    draws = np.stack([model.draw(probes, rng) for _ in range(20_000)])
    axes, away = model.axes, probes - model.centre
    known = axes.T @ np.diag(model.spread**2) @ axes
    covariance = known + model.prior**2 * (np.eye(8) - axes.T @ axes)
    assert draws.mean(0) == pytest.approx(model.predict(probes), abs=5 * np.sqrt(np.trace(covariance)) / 50)
    assert np.cov(draws.T) == pytest.approx(away @ covariance @ away.T, rel=0.1, abs=0.02)


def test_scores_without_any_pattern_give_weights_near_0():
    rng = np.random.default_rng(1)
    model = Linear.fit(rng.normal(size=(200, 10)), rng.normal(size=200))
    assert np.abs(model.weights).max() < 0.1


def test_equal_scores_are_no_error():
    model = Linear.fit(np.eye(3), np.full(3, 0.5))
    assert model.predict(np.eye(3)).tolist() == [0.5, 0.5, 0.5]
    assert np.isfinite(model.draw(np.eye(3), np.random.default_rng(0))).all()


def test_the_plug_in_is_listed_without_importing_the_strategy():
    program = (
        "import sys, nasframe_thompson; nasframe_thompson.nasframe_components(); "
        "print('nasframe_thompson.strategy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest

from nasframe import Candidate, Evaluation, Evaluator, Genotype, Problem, RunError, Runtime, Task
from nasframe.genotype import sample
from nasframe.testing.strategies import StrategyContract
from nasframe_thompson.features import Features, Rows
from nasframe_thompson.process import RATIOS, REACHES, SHARES, Hyper, Process
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
    for seed in range(6):
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
    assert rows.counts[:2].tolist() == [[1, 1, 2, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1]]
    assert rows.counts[2].tolist() == [0, 0, 1, 0, 0, 0, 0], "True is not 1, and what was never seen counts nothing"
    shared = rows.answers @ rows.answers.T
    assert np.diag(shared)[:2] == pytest.approx(1.0)
    assert shared[0, 1] == pytest.approx(1 / np.sqrt(2 * 3)), "one of two and three answers"


def drawn_rows(number, seed=0, length=8):
    rng = np.random.default_rng(seed)
    genotypes = [sample(Bits(length), rng) for _ in range(number)]
    return Features(genotypes).of(genotypes)


def by_hand(rows, hyper):
    """The kernel's two parts, written out for two genotypes at a time."""
    away = rows.counts - rows.counts.mean(0)
    scale = np.mean([one @ one for one in away])
    return np.array(
        [
            [
                (1 - hyper.share) * a @ b / scale + hyper.share * np.exp(hyper.reach * (x @ y - 1))
                for b, y in zip(away, rows.answers, strict=True)
            ]
            for a, x in zip(away, rows.answers, strict=True)
        ]
    )


def test_the_posterior_is_that_of_the_joint_normal_distribution():
    rows, hyper = drawn_rows(14), Hyper(0.6, 2.0, 0.5)
    kernel = by_hand(rows, hyper)
    scores = np.random.default_rng(1).normal(size=14) + 7.0
    model = Process.fit(rows, scores, hyper)
    inverse = np.linalg.inv(kernel + 0.5 * np.eye(14))
    assert model.predict(rows) == pytest.approx(scores.mean() + kernel @ inverse @ (scores - scores.mean()), abs=1e-6)
    variance = (scores - scores.mean()) @ inverse @ (scores - scores.mean()) / 14
    assert model.covariance(rows) == pytest.approx(variance * (kernel - kernel @ inverse @ kernel), abs=1e-6)


def test_draws_have_the_posteriors_mean_and_covariance():
    rows = drawn_rows(6)
    model = Process.fit(rows, np.arange(6.0), Hyper(0.6, 2.0, 0.5))
    rng = np.random.default_rng(0)
    draws = np.stack([model.draw(rows, rng) for _ in range(20_000)])
    covariance = model.covariance(rows)
    assert draws.mean(0) == pytest.approx(model.predict(rows), abs=5 * np.sqrt(covariance.max() / 20_000))
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.05 * covariance.max())


def test_what_is_chosen_makes_the_scores_most_likely():
    rows = drawn_rows(20, length=10)
    scores = np.random.default_rng(2).normal(size=20)

    def likelihood(hyper):
        covariance = by_hand(rows, hyper) + hyper.ratio * np.eye(20)
        away = scores - scores.mean()
        return -0.5 * (20 * np.log(away @ np.linalg.solve(covariance, away) / 20) + np.linalg.slogdet(covariance)[1])

    chosen = Process.fit(rows, scores).hyper
    others = [Hyper(share, reach, ratio) for share in SHARES for reach in REACHES for ratio in RATIOS]
    assert likelihood(chosen) == pytest.approx(max(map(likelihood, others)), abs=1e-6)


def test_it_learns_what_two_answers_are_worth_together():
    rng = np.random.default_rng(0)
    genotypes = list(dict.fromkeys(sample(Bits(6), rng) for _ in range(200)))[:40]
    rows = Features(genotypes).of(genotypes)
    bits = np.array([[answer for _, answer in genotype.decisions] for genotype in genotypes])
    scores = (bits[:, 0] == bits[:, 1]).astype(float)  # no answer is worth anything by itself
    half = Rows(rows.counts[:30], rows.answers[:30])
    rest = Rows(rows.counts[30:], rows.answers[30:])
    expected = Process.fit(half, scores[:30]).predict(rest)
    assert np.corrcoef(expected, scores[30:])[0, 1] > 0.5


def test_scores_without_any_pattern_teach_next_to_nothing():
    learned = []
    for seed in range(10):
        rows = drawn_rows(60, seed, length=12)
        scores = np.random.default_rng(100 + seed).normal(size=60)
        learned.append(Process.fit(rows, scores).predict(rows).std() / scores.std())
    assert np.mean(learned) < 0.15


def test_equal_scores_are_no_error():
    rows = drawn_rows(3)
    model = Process.fit(rows, np.full(3, 0.5))
    assert model.predict(rows).tolist() == [0.5, 0.5, 0.5]
    assert np.isfinite(model.draw(rows, np.random.default_rng(0))).all()


def test_the_plug_in_is_listed_without_importing_the_strategy():
    program = (
        "import sys, nasframe_thompson; nasframe_thompson.nasframe_components(); "
        "print('nasframe_thompson.strategy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Candidates whose networks are not finite fail; the search goes on without them."""

import math

import numpy as np
import pytest
import torch

from nasframe import Problem, RunError
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.random_search import OneShotRandom

torch.set_num_threads(1)


class Choosy(TinyEvaluator):
    """Hands on NaN for the candidates that it is told to."""

    name = "choosy"
    measured = 0
    fails = ()

    def measure(self, model):
        self.measured += 1
        bad = self.fails == "all" or self.measured in self.fails
        return super().measure((lambda images: model(images) * math.nan) if bad else model)


def search(fails, candidates=4):
    torch.manual_seed(0)
    evaluator = Choosy()
    evaluator.fails = fails
    space = TinySpace(TinySpace.Options(layers=8))
    return OneShotRandom(Problem(space, evaluator), OneShotRandom.Options(train_steps=1, samples=candidates))


def stepped(strategy):
    return [strategy.step(index, np.random.default_rng(index)) for index in range(strategy.steps)]


def test_the_search_goes_on_and_the_log_says_why(caplog):
    strategy = search(fails=(1, 3))
    metrics = stepped(strategy)[1:]
    assert [found.get("failures") for found in metrics] == [1, None, 2, None]
    assert "best_score" not in metrics[0] and metrics[2]["best_score"] == metrics[1]["score"]
    assert "candidate 3 failed: what the network says of" in caplog.text


def test_failed_candidates_are_neither_the_best_nor_finalists():
    strategy = search(fails=(1, 2, 3))
    stepped(strategy)
    assert strategy.finalists(4) == [strategy.best()]


def test_a_resumed_search_knows_which_candidates_failed():
    first, second = search(fails=(2,)), search(fails=())
    stepped(first)
    second.load_state_dict(first.state_dict())
    assert len(second.finalists(9)) == 3
    assert second.state_dict()["history"] == first.state_dict()["history"]


def test_a_search_whose_candidates_all_failed_ends_with_the_reason():
    with pytest.raises(RunError, match=r"every one of the first 4 candidates failed.*NaN"):
        stepped(search(fails="all"))


def test_until_a_candidate_succeeds_the_best_is_the_path_that_was_trained_last():
    strategy = search(fails="all")
    for index in range(2):
        strategy.step(index, np.random.default_rng(index))
    assert set(strategy.best().answers) == {f"layer{number}" for number in range(8)}

from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import Evaluation, Problem, Runtime
from nasframe.genotype import trace
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.running_statistics import recalibrate
from nasframe_one_shot.options import OneShotOptions
from nasframe_one_shot.random_search import OneShotRandom
from nasframe_one_shot.shared_weights import SharedWeights

torch.set_num_threads(1)
SPACE = TinySpace()


def genotype(operation):
    return trace(SPACE, lambda name, options: operation)


def shared(**options):
    torch.manual_seed(0)
    evaluator = TinyEvaluator()
    supernet = SPACE.switchable(evaluator.task)
    return supernet, SharedWeights(supernet, evaluator, OneShotOptions(train_steps=4, **options), Runtime())


def test_recalibrated_statistics_are_the_means_over_the_batches():
    norm = nn.BatchNorm2d(3, momentum=0.3)
    with torch.no_grad():
        norm(torch.randn(2, 3, 4, 4) + 5)
    batches = list(islice(TinyEvaluator().batches("train"), 3))
    recalibrate(norm, batches, Runtime())
    means = torch.stack([batch.inputs.mean((0, 2, 3)) for batch in batches]).mean(0)
    variances = torch.stack([batch.inputs.var((0, 2, 3)) for batch in batches]).mean(0)
    torch.testing.assert_close(norm.running_mean, means)
    torch.testing.assert_close(norm.running_var, variances)
    assert norm.momentum == 0.3


def test_recalibrating_on_nothing_keeps_the_statistics_and_learns_nothing():
    norm = nn.BatchNorm2d(3)
    norm(torch.randn(2, 3, 4, 4) + 5)
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    recalibrate(norm, [], Runtime())
    assert all(torch.equal(before[name], tensor) for name, tensor in norm.state_dict().items())


def test_statistics_are_those_that_the_network_has_when_it_is_measured():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(3))
    batches = list(islice(TinyEvaluator().batches("train"), 2))
    recalibrate(network, batches, Runtime())
    variances = torch.stack([batch.inputs.var((0, 2, 3)) for batch in batches]).mean(0)
    torch.testing.assert_close(network[1].running_var, variances)
    assert network.training and network[0].training and network[1].training


def test_a_candidates_statistics_come_from_weights_and_nothing_but_its_score_from_what_it_is_scored_on(monkeypatch):
    evaluator, read, scored = TinyEvaluator(), [], []
    batches, measure = evaluator.batches, evaluator.measure

    def told(split, start=0):
        for batch in batches(split, start):
            if not scored or scored[-1] != "now":
                read.extend(batch.names)
            yield batch

    def measured(model):
        scored.append("now")
        try:
            return measure(model)
        finally:
            scored.append("done")

    monkeypatch.setattr(evaluator, "batches", told)
    monkeypatch.setattr(evaluator, "measure", measured)
    weights = SharedWeights(SPACE.switchable(evaluator.task), evaluator, OneShotOptions(recalibrate=3), Runtime())
    weights.measure(genotype("tanh"))
    assert len(read) == 3 * 2 and {name.partition("/")[0] for name in read} == {"weights"}
    assert scored == ["now", "done"]


def test_a_candidates_score_depends_on_no_other_candidate():
    _, weights = shared(recalibrate=2)
    weights.train(0, [genotype("tanh")], np.random.default_rng(0))
    alone = weights.measure(genotype("softplus"))
    weights.measure(genotype("identity"))
    assert weights.measure(genotype("softplus")) == alone


def test_measuring_changes_statistics_but_no_weight():
    supernet, weights = shared(recalibrate=1)
    before = [parameter.detach().clone() for parameter in supernet.parameters()]
    weights.measure(genotype("tanh"))
    assert all(torch.equal(old, new) for old, new in zip(before, supernet.parameters(), strict=True))
    assert not torch.equal(supernet.norm.running_mean, torch.zeros(3))


def test_the_learning_rate_falls_linearly_to_zero():
    _, weights = shared(lr=0.4)
    rates = [weights.train(index, [genotype("tanh")], np.random.default_rng(index))["lr"] for index in range(4)]
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_paths_are_drawn_anew_in_every_step_and_uniformly():
    strategy = OneShotRandom(Problem(SPACE, TinyEvaluator()), OneShotRandom.Options(train_steps=60, samples=1))
    paths = []
    for index in range(60):
        strategy.step(index, np.random.default_rng(index))
        paths.append(strategy.best())
    assert len(set(paths)) == 9


def test_a_whole_search_asks_for_no_batch_of_what_it_scores_on(monkeypatch):
    evaluator, asked = TinyEvaluator(), []
    batches = evaluator.batches
    monkeypatch.setattr(evaluator, "batches", lambda split, start=0: asked.append(split) or batches(split, start))
    monkeypatch.setattr(evaluator, "measure", lambda model: Evaluation(0.5, {"accuracy": 0.5}))
    strategy = OneShotRandom(Problem(SPACE, evaluator), OneShotRandom.Options(train_steps=3, samples=2))
    for index in range(5):
        strategy.step(index, np.random.default_rng(index))
    assert set(asked) == {"train", "weights"}


def test_the_best_is_the_best_candidate_once_there_is_one():
    strategy = OneShotRandom(Problem(SPACE, TinyEvaluator()), OneShotRandom.Options(train_steps=2, samples=9))
    found = [strategy.step(index, np.random.default_rng(index)) for index in range(11)][2:]
    assert found[-1]["best_score"] == max(metrics["score"] for metrics in found)
    history = strategy.state_dict()["history"]
    assert len({str(entry[0]) for entry in history}) == 9
    assert strategy.best().to_dict() == max(history, key=lambda entry: entry[1])[0]

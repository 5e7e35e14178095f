"""The weights that a training ends with: averaged, best, early; and all of it through a checkpoint."""

import copy

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from nasframe import Differentiable, Evaluation, Runtime
from nasframe.evaluator import Batch
from nasframe.training.options import TrainingOptions
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import Training, fit


class Scripted(Differentiable):
    """Batches of noise; measurement k scores the k-th number of a script, and notes the weights it saw."""

    def __init__(self, *scores):
        self.scores = scores
        self.seen = []

    def batches(self, split, start=0):
        number = start
        while True:
            generator = torch.Generator().manual_seed(number)
            yield Batch(torch.randn(4, 3, generator=generator), torch.randn(4, 2, generator=generator), ("x",))
            number += 1

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return ((model(batch.inputs) - batch.targets) ** 2).mean()

    def measure(self, model):
        self.seen.append(snapshot(model))
        score = self.scores[(len(self.seen) - 1) % len(self.scores)]
        return Evaluation(score, {"score": score})


def snapshot(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def training(evaluator, **options):
    return Training(network(), evaluator, TrainingOptions(lr=0.1, **options), Runtime())


def steps(stepper, start, stop):
    for index in range(start, stop):
        stepper.step(index, seed_all(0, "retrain", index))


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_average_is_what_is_measured_and_what_is_left_in_the_end():
    evaluator = Scripted(0.5)
    stepper = training(evaluator, steps=4, ema=0.9, validate_epochs=1.0)
    average, raw = snapshot(stepper.network), training(Scripted(0.5), steps=4)
    for index in range(4):
        stepper.step(index, seed_all(0, "retrain", index))
        raw.step(index, seed_all(0, "retrain", index))
        decay = min(0.9, (1 + index) / (10 + index))
        for name, tensor in snapshot(raw.network).items():
            counted = not tensor.is_floating_point()
            average[name] = tensor if counted else average[name] * decay + tensor * (1 - decay)
        for name, tensor in evaluator.seen[-1].items():
            torch.testing.assert_close(tensor, average[name])
    assert same(stepper.network.state_dict(), evaluator.seen[-1])
    assert same(stepper.state_dict()["network"], raw.network.state_dict())


def test_a_training_without_these_options_ends_with_its_last_weights():
    plain, other = training(Scripted(0.1), steps=3), training(Scripted(0.1), steps=3, validate_epochs=1.0)
    steps(plain, 0, 3)
    steps(other, 0, 3)
    assert same(plain.network.state_dict(), other.network.state_dict())


def test_the_best_weights_are_left_in_the_end_and_the_last_are_in_the_state():
    evaluator = Scripted(0.1, 0.7, 0.7, 0.3)
    stepper = training(evaluator, steps=4, validate_epochs=1.0, keep_best=True)
    steps(stepper, 0, 4)
    assert same(stepper.network.state_dict(), evaluator.seen[1])
    assert same(stepper.state_dict()["network"], evaluator.seen[3])


def test_where_the_best_are_kept_the_last_step_is_measured_too():
    evaluator = Scripted(0.1, 0.2)
    steps(training(evaluator, steps=3, validate_epochs=2.0, keep_best=True), 0, 3)
    assert len(evaluator.seen) == 2


def test_patience_ends_the_training_early():
    evaluator = Scripted(0.1, 0.5, 0.4, 0.5, 0.9)
    stepper = training(evaluator, steps=50, validate_epochs=1.0, patience=2, keep_best=True)
    fit(stepper, seed=0)
    assert len(evaluator.seen) == 4
    assert stepper.ended
    assert same(stepper.network.state_dict(), evaluator.seen[1])


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_training_goes_on_bit_equal_from_any_step(cut):
    options = {"steps": 8, "ema": 0.8, "validate_epochs": 1.0, "keep_best": True, "patience": 3}
    scores = (0.1, 0.4, 0.2, 0.3, 0.35, 0.9)
    whole = training(Scripted(*scores), **options)
    steps(whole, 0, 5)
    assert whole.ended
    first = training(Scripted(*scores), **options)
    steps(first, 0, cut)
    state = copy.deepcopy(first.state_dict())
    torch.manual_seed(5)
    second = training(Scripted(*scores[cut:], 0.0), **options)
    second.load_state_dict(state)
    steps(second, cut, 5)
    assert second.ended
    assert same(second.network.state_dict(), whole.network.state_dict())
    for name in ("network", "average", "best"):
        assert same(second.state_dict()[name], whole.state_dict()[name])


def test_a_state_without_kept_weights_can_be_loaded():
    stepper = training(Scripted(0.1), steps=3)
    state = {name: stepper.state_dict()[name] for name in ("network", "optimiser", "scaler")}
    stepper.load_state_dict(state)
    assert not stepper.ended


@pytest.mark.parametrize("options", [{"keep_best": True}, {"patience": 2}])
def test_what_needs_measurements_is_refused_without_them(options):
    with pytest.raises(ValidationError, match=f"{next(iter(options))} needs measurements of val"):
        TrainingOptions(**options)


def test_a_step_says_whether_it_also_measures():
    stepper = training(Scripted(0.1), steps=5, validate_epochs=2.0)
    assert [stepper.kind(index) for index in range(4)] == ["training", "training + validation"] * 2

import math

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import Batch, Differentiable, Evaluation, Options, RunError, Runtime
from nasframe.experiment.run_options import RunOptions
from nasframe.run.device import runtime, set_numerics
from nasframe.testing.tiny import TinyEvaluator
from nasframe.training.batches import BatchStream
from nasframe.training.options import TrainingOptions
from nasframe.training.precision import autocast, grad_scaler
from nasframe.training.progressive import Progressive
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import Training, check_finite, fit, learning_rate


class Line(Differentiable):
    """Batch k holds the number k; the loss is smooth and in float64."""

    def __init__(self, bad=None):
        self.bad = bad
        self.started = []
        self.measured = 0

    def batches(self, split, start=0):
        self.started.append(start)
        torch.rand(())  # as a data loader draws its workers' seed
        number = start
        while True:
            value = math.nan if number == self.bad else float(number % 5 + 1)
            x = torch.tensor([[value, 1.0]], dtype=torch.float64)
            yield Batch(x, torch.tensor([[2.0]], dtype=torch.float64), (f"image{number}",))
            number += 1

    def epoch_steps(self, split):
        return 4

    def loss(self, model, batch):
        return ((model(batch.inputs) - batch.targets) ** 2).mean()

    def measure(self, model):
        self.measured += 1
        return Evaluation(0.5, {"miou": 0.5})


def network():
    torch.manual_seed(0)
    return nn.Linear(2, 1).double()


def train(options, steps=None, **parts):
    training = Training(parts.get("network", network()), parts.get("evaluator", Line()), options, Runtime())
    rng = np.random.default_rng(0)
    return training, [dict(training.step(index, rng)) for index in range(steps or training.steps)]


def test_updates_equal_momentum_sgd_written_by_hand():
    options = TrainingOptions(steps=5, lr=0.01, weight_decay=0.1, clip=0.5)
    training, _ = train(options)
    net, evaluator, velocity = network(), Line(), [0.0, 0.0]
    for index in range(5):
        loss = evaluator.loss(net, next(evaluator.batches("train", index)))
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
        for i, (parameter, gradient) in enumerate(zip(net.parameters(), gradients, strict=True)):
            gradient = gradient * min(1.0, 0.5 / (norm.item() + 1e-6))
            gradient = gradient + (0.1 if i == 0 else 0.0) * parameter.detach()
            velocity[i] = gradient if index == 0 else 0.9 * velocity[i] + gradient
            parameter.data -= 0.01 * (1 - index / 5) ** 0.9 * velocity[i]
    for mine, hand in zip(training.network.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(mine, hand, rtol=1e-12, atol=1e-12)


def test_updates_by_adam_equal_those_written_by_hand():
    options = TrainingOptions(steps=3, optimiser="adam", lr=0.01, power=0, weight_decay=0.1)
    training, _ = train(options)
    net, evaluator, means, squares = network(), Line(), [0.0, 0.0], [0.0, 0.0]
    for index in range(3):
        loss = evaluator.loss(net, next(evaluator.batches("train", index)))
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        for i, (parameter, gradient) in enumerate(zip(net.parameters(), gradients, strict=True)):
            gradient = gradient + (0.1 if i == 0 else 0.0) * parameter.detach()
            means[i] = 0.9 * means[i] + 0.1 * gradient
            squares[i] = 0.999 * squares[i] + 0.001 * gradient**2
            mean, square = means[i] / (1 - 0.9 ** (index + 1)), squares[i] / (1 - 0.999 ** (index + 1))
            parameter.data -= 0.01 * mean / (square.sqrt() + 1e-8)
    for mine, hand in zip(training.network.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(mine, hand, rtol=1e-9, atol=1e-12)


def test_updates_by_rmsprop_divide_by_the_root_of_the_mean_square():
    training, _ = train(TrainingOptions(steps=1, optimiser="rmsprop", lr=0.01, momentum=0, weight_decay=0))
    net, evaluator = network(), Line()
    loss = evaluator.loss(net, next(evaluator.batches("train")))
    for mine, before, gradient in zip(
        training.network.parameters(),
        net.parameters(),
        torch.autograd.grad(loss, list(net.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(mine, before - 0.01 * gradient / (0.1 * gradient.abs() + 1e-8))


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop"])
def test_a_training_by_another_optimiser_goes_on_from_its_state_as_if_never_stopped(optimiser):
    options = TrainingOptions(steps=4, optimiser=optimiser, lr=0.01)
    whole, _ = train(options)
    first, _ = train(options, steps=2)
    second = Training(network(), Line(), options, Runtime())
    second.load_state_dict(first.state_dict())
    for index in (2, 3):
        second.step(index, np.random.default_rng(0))
    for found, expected in zip(second.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(found, expected)


def test_accumulated_batches_make_one_update_by_their_mean_loss():
    training, metrics = train(TrainingOptions(steps=1, lr=0.01, accumulate=3))
    net, evaluator = network(), Line()
    stream = evaluator.batches("train")
    losses = [evaluator.loss(net, next(stream)) for _ in range(3)]
    mean = sum(losses) / 3
    gradient = torch.autograd.grad(mean, net.bias)[0]
    assert metrics[0]["loss"] == pytest.approx(mean.item())
    torch.testing.assert_close(training.network.bias, net.bias - 0.01 * gradient)


def test_the_gradients_of_several_passes_over_each_batch_are_summed():
    rates, met = [0.5, 3.0], []
    line = Line()
    loss, slopes = line.loss, {}
    line.loss = lambda model, batch: met.append((batch.names, slopes["now"])) or slopes["now"] * loss(model, batch)
    training = Training(network(), line, TrainingOptions(steps=1, lr=0.01, accumulate=2, weight_decay=0.0), Runtime())
    switches = [lambda rate=rate: slopes.update(now=rate) for rate in rates]
    metrics = training.step(0, np.random.default_rng(0), switches)
    assert met == [((f"image{number}",), rate) for number in range(2) for rate in rates]
    by_mean, at_once = train(TrainingOptions(steps=1, lr=0.01 * sum(rates), accumulate=2, weight_decay=0.0))
    for found, expected in zip(training.network.parameters(), by_mean.network.parameters(), strict=True):
        torch.testing.assert_close(found, expected)
    assert metrics["loss"] == pytest.approx(at_once[0]["loss"] * sum(rates) / 2)


def test_the_length_follows_from_epochs_steps_accumulation_and_budget():
    def steps(budget=1.0, **options):
        return Training(network(), Line(), TrainingOptions(**options), Runtime(), budget).steps

    assert steps(epochs=9) == 36
    assert steps(epochs=9, accumulate=2) == 18
    assert steps(epochs=9, steps=5) == 5
    assert steps(epochs=9, budget=1 / 9) == 4
    assert steps(steps=2, budget=0.01) == 1


def test_the_learning_rate_falls_along_half_a_cosine_to_its_end():
    options = TrainingOptions(lr=0.025, lr_end=0.001, schedule="cosine")
    rates = [learning_rate(options, index, 4) for index in (0, 1, 2, 4)]
    assert rates == pytest.approx([0.025, 0.013 + 0.012 * math.sqrt(0.5), 0.013, 0.001])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"lr_end": 0.1}, "lr_end: 0.1 is for schedule: cosine"), ({"schedule": "cosine", "lr_end": 1}, "above lr")],
)
def test_an_end_of_the_learning_rate_that_nothing_reaches_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        TrainingOptions(**wrong)


def test_the_learning_rate_warms_up_and_falls_by_a_power():
    options = TrainingOptions(lr=1.0, power=0.9, warmup_steps=3)
    rates = [learning_rate(options, index, 10) for index in range(10)]
    assert rates[0] == pytest.approx(0.25)
    assert rates[5] == pytest.approx(0.5**0.9)
    assert rates[9] == pytest.approx(0.1**0.9)


def test_the_learning_rate_drops_to_a_tenth_after_each_share():
    options = TrainingOptions(lr=1.0, power=0, lr_drops=(0.5, 0.8))
    rates = [learning_rate(options, index, 10) for index in range(10)]
    assert rates == pytest.approx([1.0] * 5 + [0.1] * 3 + [0.01] * 2)


def test_biases_and_normalisations_are_spared_by_the_weight_decay_unless_asked():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    for asked, dimensions in ((False, {4}), (True, {1, 4})):
        options = TrainingOptions(decay_norm_and_bias=asked, weight_decay=0.1)
        groups = Training(net, Line(), options, Runtime()).state_dict()["optimiser"]["param_groups"]
        decayed = [number for group in groups if group["weight_decay"] for number in group["params"]]
        parameters = [p for group in _ordered(net, asked) for p in group]
        assert {parameters[number].ndim for number in decayed} == dimensions


def _ordered(net, together):
    everything = list(net.parameters())
    return [everything] if together else [[p for p in everything if p.ndim > 1], [p for p in everything if p.ndim <= 1]]


def test_validation_comes_every_so_many_epochs():
    _, metrics = train(TrainingOptions(steps=8, lr=0.01, validate_epochs=0.5))
    assert [index for index, found in enumerate(metrics) if found.get("val_miou") == 0.5] == [1, 3, 5, 7]


def test_no_validation_by_default():
    evaluator = Line()
    train(TrainingOptions(steps=8, lr=0.01), evaluator=evaluator)
    assert evaluator.measured == 0


def test_submodules_hear_how_much_of_the_training_is_done():
    class Hears(nn.Linear, Progressive):
        heard = ()

        def set_progress(self, fraction):
            self.heard = (*self.heard, fraction)

    inner = Hears(2, 1).double()
    train(TrainingOptions(steps=4, lr=0.01), network=nn.Sequential(inner))
    assert inner.heard == (0.0, 0.25, 0.5, 0.75)


def test_a_loss_that_is_not_finite_names_the_batch_and_what_to_try():
    with pytest.raises(RunError, match=r"nan on the batch image2; .* smaller lr"):
        train(TrainingOptions(steps=4, lr=0.01), evaluator=Line(bad=2))
    batch = Batch(torch.zeros(1), torch.zeros(1), ("a.png", "b.png"))
    with pytest.raises(RunError, match=r"inf on the batch a\.png, b\.png"):
        check_finite(torch.tensor(math.inf), batch)


def test_a_resumed_training_draws_the_same_randomness_although_its_loader_starts_later():
    def state(stop):
        torch.manual_seed(0)
        training = Training(noisy(), Line(), options, Runtime())
        for index in range(6):
            if index == stop:
                saved = training.state_dict()
                torch.manual_seed(99)
                training = Training(noisy(), Line(), options, Runtime())
                training.load_state_dict(saved)
            training.step(index, seed_all(1, "train", index))
        return training.network.state_dict()

    def noisy():
        return nn.Sequential(nn.Linear(2, 8), nn.Dropout(), nn.Linear(8, 1)).double()

    options = TrainingOptions(steps=6, lr=0.01)
    whole, resumed = state(None), state(3)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_stream_reads_on_and_starts_anew_only_at_another_number():
    evaluator = Line()
    stream = BatchStream(evaluator, "train")
    assert [stream[k].names[0] for k in (3, 4, 5, 1, 2)] == ["image3", "image4", "image5", "image1", "image2"]
    assert evaluator.started == [3, 1]


def test_fitting_depends_on_torchs_generator_or_the_given_seed_alone():
    def fitted(seed_before, seed=None):
        net = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Dropout(), nn.Conv2d(8, 2, 1))
        for parameter in net.parameters():
            nn.init.constant_(parameter, 0.1)
        evaluator = TinyEvaluator()
        torch.manual_seed(seed_before)
        fit(evaluator.training(net), seed)
        return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])

    assert torch.equal(fitted(1), fitted(1))
    assert not torch.equal(fitted(1), fitted(2))
    assert torch.equal(fitted(1, seed=5), fitted(2, seed=5))


def test_seeds_for_other_purposes_give_other_numbers():
    def numbers(*purpose):
        rng = seed_all(*purpose)
        return (torch.rand(()).item(), rng.random())

    found = [numbers(0, "search", 1), numbers(0, "search", 2), numbers(0, "retrain", 1), numbers(1, "search", 1)]
    assert len(set(found)) == 4
    assert numbers(0, "search", 1) == found[0]


def test_float32_needs_neither_autocast_nor_a_scaler():
    plain = Runtime()
    assert not grad_scaler(plain).is_enabled()
    with autocast(plain):
        assert not torch.is_autocast_enabled("cpu")


def test_bfloat16_computes_inside_autocast():
    with autocast(Runtime(precision="bfloat16")):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.bfloat16


def test_the_cpu_is_given_float32_and_an_unknown_device_is_refused():
    assert runtime(RunOptions(device="cpu"), 3) == Runtime(3, "cpu", "float32")
    with pytest.raises(Exception, match=r"run\.device is 'warp'") as caught:
        runtime(RunOptions(device="warp"), 0)
    assert caught.value.exit_code == 2


def test_torchs_settings_are_set_back_after_a_run():
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with set_numerics(RunOptions(threads=2), "cpu") as remarks:
        assert torch.are_deterministic_algorithms_enabled() and torch.get_num_threads() == 2
        assert remarks == []
    assert (torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()) == before
    with set_numerics(RunOptions(), "cuda") as remarks:
        assert "no deterministic kernel on cuda" in remarks[0]


def test_options_of_a_training_can_be_read_without_torch():
    import subprocess
    import sys

    code = "import sys, nasframe.training.options, nasframe.training.progressive; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert issubclass(TrainingOptions, Options)

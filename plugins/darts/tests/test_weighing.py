import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from nasframe import Problem, Runtime
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.composing import WEIGHING, composed
from nasframe_darts.hypergradient import Hypergradient
from nasframe_darts.options import DartsOptions
from nasframe_darts.strategy import Darts
from nasframe_darts.timing import Timing
from nasframe_darts.weighing import Gumbel, Temperature

torch.set_num_threads(1)

LOGITS = torch.tensor([[0.0, 1.0, -1.0], [2.0, -math.inf, 0.5]])


class TestGumbelSoftmax(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, weigh="gumbel", temperature=(5.0, 0.1))


class TestStraightThroughGumbel(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, weigh="gumbel-hard", temperature=(10.0, 0.1), anneal="exponential")


def weighing(rule, temperature=1.0):
    return WEIGHING[rule](Temperature(temperature))


@pytest.mark.parametrize("rule", ["softmax", "gumbel", "gumbel-hard"])
def test_an_absent_option_gets_no_weight_and_no_gradient_is_lost(rule):
    finite = torch.tensor([[0.0, 1.0, -1.0], [2.0, 7.0, 0.5]], requires_grad=True)
    for seed in range(20):
        torch.manual_seed(seed)
        weights = weighing(rule, 0.3)(finite.masked_fill(LOGITS == -math.inf, -math.inf))
        assert weights[1, 1] == 0
        assert torch.allclose(weights.sum(-1), torch.ones(2))
        (gradient,) = torch.autograd.grad((weights * torch.randn(2, 3)).sum(), finite)
        assert torch.isfinite(gradient).all() and gradient[1, 1] == 0


def test_a_low_temperature_sharpens_and_a_high_one_evens_out():
    cold, plain, hot = (weighing("softmax", tau)(LOGITS)[0, 1] for tau in (0.1, 1.0, 10.0))
    assert cold > 0.999 and plain == torch.softmax(LOGITS, -1)[0, 1] and 1 / 3 < hot < 0.4


def test_hard_weights_are_exactly_one_hot_and_drawn_with_the_probabilities_of_the_softmax():
    torch.manual_seed(0)
    weights = weighing("gumbel-hard", 0.7)(LOGITS[0].expand(20000, 3))
    assert set(weights.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(weights.mean(0), torch.softmax(LOGITS[0], -1), atol=0.01)


def test_hard_weights_have_the_gradient_of_the_soft_ones():
    gradients = []
    for rule in ("gumbel", "gumbel-hard"):
        logits = LOGITS[0].clone().requires_grad_()
        torch.manual_seed(3)
        gradients += torch.autograd.grad((weighing(rule, 0.5)(logits) * torch.tensor([1.0, 2.0, 4.0])).sum(), logits)
    assert torch.equal(*gradients) and gradients[0].norm() > 0


@pytest.mark.parametrize("rule", ["gumbel", "gumbel-hard"])
def test_randomness_comes_from_torchs_generator_and_stillness_needs_none(rule):
    weigh = weighing(rule)
    torch.manual_seed(1)
    first = weigh(LOGITS)
    assert not torch.equal(first, weigh(LOGITS))
    torch.manual_seed(1)
    assert torch.equal(first, weigh(LOGITS))
    before = torch.get_rng_state()
    with weigh.hold_still():
        expected = {"gumbel": LOGITS.softmax(-1), "gumbel-hard": torch.tensor([[0.0, 1, 0], [1, 0, 0]])}[rule]
        assert torch.equal(weigh(LOGITS), expected)
    assert torch.equal(torch.get_rng_state(), before)
    assert weigh.noisy


def test_the_temperature_goes_from_the_end_of_the_warm_up_to_the_last_step():
    timing = Timing.of(DartsOptions(steps=7, warmup_steps=2), 1)

    def course(*temperature):
        return [Temperature(*temperature).at(timing.passed(index)) for index in range(7)]

    assert course() == [1.0] * 7
    assert course(9.0, 1.0) == [9, 9, 9, 7, 5, 3, 1]
    assert course(16.0, 1.0, "exponential") == pytest.approx([16, 16, 16, 8, 4, 2, 1])


class Twice(TinyEvaluator):
    """Looks at everything twice when it measures."""

    def measure(self, model):
        images = next(self.batches("val")).inputs
        with torch.no_grad():
            self.equal = torch.equal(model(images), model(images))
        return super().measure(model)


@pytest.mark.parametrize("rule", ["gumbel", "gumbel-hard"])
def test_the_supernet_is_measured_without_noise(rule):
    evaluator = Twice()
    options = DartsOptions(steps=2, warmup_steps=0, weigh=rule, temperature=(2.0, 1.0), validate_epochs=0.5)
    bilevel = Bilevel(
        partial(TinySpace().relax, evaluator.task), evaluator, options, Runtime(), composed(TinySpace(), options)
    )
    assert bilevel.step(0)["temperature"] == 2.0
    assert evaluator.equal
    images = next(evaluator.batches("val")).inputs
    assert not torch.equal(bilevel.supernet(images), bilevel.supernet(images))


def test_deriving_and_snapshots_look_at_the_parameters_alone():
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime())
    strategy = Darts(problem, Darts.Options(steps=2, warmup_steps=0, weigh="gumbel-hard", temperature=(0.1, 0.1)))
    strategy.step(0, np.random.default_rng(0))
    before = torch.get_rng_state()
    assert all(0 < weight < 1 for weight in strategy.snapshot()["operation"].flat)
    assert strategy.best() == strategy.best()
    assert torch.equal(torch.get_rng_state(), before)


class Doubled(TinyEvaluator):
    """In float64."""

    def loss(self, model, batch):
        return super().loss(model, replace(batch, inputs=batch.inputs.double()))


def test_noise_does_not_pass_for_a_finite_difference():
    evaluator = Doubled()
    torch.manual_seed(0)
    supernet = TinySpace().relax(evaluator.task, Gumbel()).double()
    optimiser = torch.optim.SGD(supernet.weight_parameters(), 0.5)
    hypergradient = Hypergradient(supernet, evaluator, optimiser, Runtime())
    found = []
    for differentiate in (hypergradient.exact, hypergradient.finite):
        torch.manual_seed(5)
        found += differentiate(next(evaluator.batches("weights")), [next(evaluator.batches("arch"))])[1]
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-6)

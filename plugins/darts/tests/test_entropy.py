"""The entropy term."""

import math

import numpy as np
import pytest
import torch

from nasframe import Problem, Runtime
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.entropy import Entropy, mean_entropy
from nasframe_darts.options import RegulariseOptions
from nasframe_darts.strategy import Darts
from nasframe_darts.weighing import Softmax

torch.set_num_threads(1)


class TestDartsWithEntropy(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, regularise=RegulariseOptions(entropy=(0.0, 0.5)))


class TestSecondOrderDartsWithEntropy(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, order="second", regularise={"entropy": (0.1, 0.1)})


def test_the_entropy_and_its_gradient_are_those_of_the_formula():
    # p = (1/2, 1/4, 1/4) from logits (ln 2, 0, 0): H = 3/2 ln 2; dH/da_k = -p_k (ln p_k + H).
    logits = torch.tensor([math.log(2), 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    found = mean_entropy(logits.softmax(-1))
    assert found.item() == pytest.approx(1.5 * math.log(2), rel=1e-12)
    (gradient,) = torch.autograd.grad(found, logits)
    p = np.array([0.5, 0.25, 0.25])
    assert gradient.tolist() == pytest.approx(list(-p * (np.log(p) + found.item())), rel=1e-12)


def test_an_absent_option_adds_nothing_and_spoils_no_gradient():
    logits = torch.tensor([[0.3, 0.3, 9.0]], dtype=torch.float64, requires_grad=True)
    absent = torch.tensor([[False, False, True]])
    found = mean_entropy(logits.masked_fill(absent, -math.inf).softmax(-1))
    assert found.item() == pytest.approx(math.log(2), rel=1e-12)
    (gradient,) = torch.autograd.grad(found, logits)
    assert torch.isfinite(gradient).all() and gradient[0, 2] == 0


def test_its_weight_goes_linearly_from_the_first_to_the_last_update():
    supernet = TinySpace().relax(TinyEvaluator().task, lambda logits: logits)
    supernet.alpha.data.zero_()
    entropy = Entropy(1.0, 3.0, Softmax())
    assert [entropy.term(supernet, passed).item() for passed in (0.0, 0.5, 1.0)] == pytest.approx(
        [weight * math.log(3) for weight in (1, 2, 3)]
    )
    assert entropy.metrics() == {"entropy_term": pytest.approx(3 * math.log(3))}


@pytest.mark.parametrize("partial_channels", [1, 2])
def test_the_entropy_of_a_trellis_counts_the_moves_that_there_are(partial_channels):
    space = AutoDeepLab(
        AutoDeepLab.Options(layers=3, levels=2, blocks=2, filters=4, implementation="plain",
                            partial_channels=partial_channels)
    )  # fmt: skip
    supernet = space.relax(TinyEvaluator().task, lambda logits: logits.softmax(-1))
    for parameter in supernet.arch_parameters():
        parameter.data.zero_()
    found = Entropy(1.0, 1.0, Softmax()).term(supernet, 0.0)
    operations = len(space.options.operations)
    assert found.item() == pytest.approx(math.log(operations) + math.log(2), rel=1e-6), "with 2 levels, 2 moves a node"
    found.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in supernet.arch_parameters()[:2])


def test_it_makes_a_search_decide():
    def entropy(weight):
        torch.manual_seed(0)
        options = Darts.Options(
            steps=30, warmup_steps=0, validate_epochs=0, arch_lr=0.1, regularise={"entropy": (weight, weight)}
        )
        strategy = Darts(Problem(TinySpace(), TinyEvaluator(), Runtime()), options)
        return [strategy.step(index, np.random.default_rng(0)) for index in range(30)][-1]["entropy_operation"]

    assert entropy(1.0) < 0.3 * entropy(0.0)

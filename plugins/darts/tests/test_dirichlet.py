"""DrNAS: mixing weights drawn from a Dirichlet distribution."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.distributions import Dirichlet, kl_divergence

from nasframe import Problem, Runtime
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.dirichlet import Anchor, DirichletWeighing, concentration, divergence
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)

LOGITS = torch.tensor([[1.0, 0.0, -math.log(2)], [0.5, -math.inf, -1.0]], dtype=torch.float64)
BETA = [[2.0, 1.0, 0.5], [1.5, math.exp(-1)]]


class TestDrNAS(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, weigh="dirichlet", regularise={"anchor": 0.001})


class TestSecondOrderDrNAS(StrategyContract):
    strategy = Darts
    options = Darts.Options(
        steps=4, warmup_steps=1, weigh="dirichlet", order="second-finite", regularise={"anchor": 0.1, "entropy": (0, 1)}
    )


def test_the_concentration_is_elu_plus_one():
    beta, absent = concentration(LOGITS)
    assert beta[0].tolist() == pytest.approx(BETA[0]) and beta[1, [0, 2]].tolist() == pytest.approx(BETA[1])
    assert absent.tolist() == [[False] * 3, [False, True, False]]


def test_draws_have_the_means_and_variances_of_the_distribution_and_none_of_what_is_absent():
    torch.manual_seed(0)
    drawn = DirichletWeighing()(LOGITS.expand(40_000, 2, 3))
    for row, present in ((0, [0, 1, 2]), (1, [0, 2])):
        expected = Dirichlet(torch.tensor(BETA[row], dtype=torch.float64))
        torch.testing.assert_close(drawn[:, row, present].mean(0), expected.mean, atol=0.005, rtol=0)
        torch.testing.assert_close(drawn[:, row, present].var(0), expected.variance, atol=0.003, rtol=0)
    assert (drawn[:, 1, 1] == 0).all()
    torch.testing.assert_close(drawn.sum(-1), torch.ones(40_000, 2, dtype=torch.float64))


def test_the_gradient_of_a_draws_mean_is_that_of_the_mean():
    # E[theta_0] = beta_0 / b; d/d alpha_0 = (b - beta_0) / b^2 where elu is the identity.
    logits = LOGITS[0].clone().requires_grad_()
    torch.manual_seed(0)
    (gradient,) = torch.autograd.grad(DirichletWeighing()(logits.expand(200_000, 3))[:, 0].mean(), logits)
    assert gradient[0].item() == pytest.approx(1.5 / 3.5**2, abs=0.003)
    assert gradient[1].item() == pytest.approx(-2.0 / 3.5**2, abs=0.003)


def test_an_absent_option_spoils_no_gradient():
    finite = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    weighing = DirichletWeighing()
    logits = finite.masked_fill(LOGITS == -math.inf, -math.inf)
    for found in (weighing(logits)[:, 0], divergence(logits), weighing.derived(logits).softmax(-1)[:, 0]):
        (gradient,) = torch.autograd.grad(found.sum(), finite, retain_graph=True)
        assert torch.isfinite(gradient).all() and gradient[1, 1] == 0


def test_without_noise_the_weights_are_the_mean_which_is_the_softmax_of_what_deriving_looks_at():
    weighing = DirichletWeighing()
    with weighing.hold_still():
        mean = weighing(LOGITS)
    assert mean[0].tolist() == pytest.approx([2 / 3.5, 1 / 3.5, 0.5 / 3.5])
    torch.testing.assert_close(weighing.derived(LOGITS).softmax(-1), mean)


def test_the_divergence_is_that_of_torch():
    expected = [
        kl_divergence(Dirichlet(torch.tensor(row)), Dirichlet(torch.ones(len(row)))).item() for row in BETA
    ]  # fmt: skip
    assert divergence(LOGITS).tolist() == pytest.approx(expected, rel=1e-5)
    assert divergence(torch.zeros(1, 4)).tolist() == [0], "at the anchor"


def test_the_anchor_pulls_towards_even_draws():
    supernet = TinySpace().relax(TinyEvaluator().task, lambda logits: logits)
    supernet.alpha.data = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    anchor = Anchor(0.5)
    term = anchor.term(supernet, 0.0)
    assert term.item() == pytest.approx(0.5 * divergence(supernet.alpha).sum().item())
    assert anchor.metrics() == {"anchor_term": pytest.approx(term.item())}
    (gradient,) = torch.autograd.grad(term, supernet.alpha)
    assert gradient[0, 0] > 0 > gradient[1, 0]


def test_deriving_and_snapshots_look_at_the_mean_and_leave_the_parameters_alone():
    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=2, blocks=2, filters=2))
    torch.manual_seed(0)
    options = Darts.Options(steps=4, weigh="dirichlet")
    strategy = Darts(Problem(space, TinyEvaluator(), Runtime()), options)
    supernet = strategy._bilevel.supernet
    # The second block's three edges, strongest operation and others: 0.51, 0.28 and 0.26 of a softmax, which keeps the
    # first two; 0.18, 0.26 and 0.25 of the mean, which keeps the last two.
    for row, (strongest, others) in enumerate([(5.0, 3.0), (0.5, -0.5), (0.4, -0.5)], start=2):
        supernet.alpha.data[row] = others
        supernet.alpha.data[row, 1] = strongest
    before = supernet.alpha.detach().clone()
    weights = strategy.snapshot()["operation"]
    mean = (torch.nn.functional.elu(before) + 1).double()
    np.testing.assert_allclose(weights, mean / mean.sum(-1, keepdim=True), rtol=1e-6)
    assert strategy.best()["cell/b2/inputs"] != supernet.derive()["cell/b2/inputs"]
    assert torch.equal(supernet.alpha, before)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weigh": "dirichlet", "temperature": (5.0, 1.0)}, "dirichlet has no temperature"),
        ({"weigh": "dirichlet", "order": "second"}, "no second derivative.*set order: second-finite"),
        ({"regularise": {"anchor": 0.1}}, "weigh is softmax; leave the anchor out"),
    ],
)
def test_what_does_not_go_with_it_is_refused(options, told):
    with pytest.raises(ValidationError, match=told):
        Darts.Options(**options)

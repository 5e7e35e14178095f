"""The proxies of a network small enough to compute them by hand."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nasframe import CapabilityError, Evaluator, Genotype, NasframeError, Problem, Task
from nasframe.evaluator import Batch
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.options import TrainingOptions
from nasframe_proxies.gradients import GradNorm, Snip, SynFlow
from nasframe_proxies.responses import JacobCov, Naswot
from nasframe_proxies.training import TrainingLoss

GENOTYPE = Genotype("given", ())
INPUTS = torch.tensor([[1.0, -2.0, 0.5], [0.5, 1.0, -1.0], [2.0, 0.5, 0.0], [2.0, 1.0, 1.0]])[:, :, None, None]
FIRST = torch.tensor([[0.5, -1.0, 0.25], [1.0, 0.5, -0.5]])
SECOND = torch.tensor([[2.0, -0.5]])


class Given(TinySpace):
    """Always the same network: a hidden layer of two ReLUs and one output, at one pixel."""

    network = None

    def build(self, genotype, task):
        return self.network()


class Points(TinyEvaluator):
    """Half the mean square of the outputs."""

    def prepare(self):
        self.task = Task(3, 1, (1, 1))

    def batches(self, split, start=0):
        assert split == "train"
        while True:
            yield Batch(INPUTS[:2], torch.zeros(2), ("a", "b"))
            yield Batch(INPUTS[2:], torch.zeros(2), ("c", "d"))

    def loss(self, model, batch):
        return 0.5 * model(batch.inputs).square().mean()


def two_layers(relu=nn.ReLU):
    network = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), relu(), nn.Conv2d(2, 1, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(FIRST[..., None, None])
        network[2].weight.copy_(SECOND[..., None, None])
    return network


def value(proxy, network=two_layers, **options):
    space, evaluator = Given.__new__(Given), Points.__new__(Points)
    TinySpace.__init__(space)
    TinyEvaluator.__init__(evaluator)
    space.network = network
    return proxy(Problem(space, evaluator), proxy.Options(**options)).value(GENOTYPE)


def by_hand():
    """Gradients of the two layers for the first two examples, by the chain rule."""
    x, first, second = INPUTS[:2, :, 0, 0].numpy(), FIRST.numpy(), SECOND.numpy()
    hidden = x @ first.T
    on = hidden > 0
    outputs = (hidden * on) @ second.T
    of_second = (outputs * (hidden * on)).mean(0, keepdims=True)
    of_first = np.einsum("no,nh,ni->hi", outputs, on * second, x) / len(x)
    return of_first, of_second


def test_the_gradients_norms_are_added_up():
    assert value(GradNorm) == pytest.approx(sum(np.linalg.norm(one) for one in by_hand()), rel=1e-6)


def test_snip_adds_up_what_each_weight_does_to_the_loss():
    of_first, of_second = by_hand()
    expected = np.abs(of_first * FIRST.numpy()).sum() + np.abs(of_second * SECOND.numpy()).sum()
    assert value(Snip) == pytest.approx(expected, rel=1e-6)


def test_synflow_is_the_flow_through_absolute_weights_once_for_each_layer():
    flow = (SECOND.abs() @ FIRST.abs() @ torch.ones(3)).sum().item()  # gradients times weights of each layer
    assert value(SynFlow) == pytest.approx(math.log(2 * flow), rel=1e-9)


def test_synflow_does_not_see_batch_norms_before_any_training():
    def normed():
        network = two_layers()
        return nn.Sequential(network[0], nn.BatchNorm2d(2, eps=0), *network[1:])

    flow = (SECOND.abs() @ FIRST.abs() @ torch.ones(3)).sum().item()
    assert value(SynFlow, normed) == pytest.approx(math.log(3 * flow), rel=1e-9)  # its scale is a layer of its own


@pytest.mark.parametrize("relu", [nn.ReLU, lambda: nn.ReLU(inplace=True), lambda: Functional()])
def test_naswot_is_the_determinant_of_what_relus_have_in_common(relu):
    on = INPUTS[:3, :, 0, 0] @ FIRST.T > 0
    kernel = np.array([[float((one == other).sum()) for other in on] for one in on])
    assert np.linalg.det(kernel) != 0
    found = value(Naswot, lambda: two_layers(relu), examples=3)
    assert found == pytest.approx(math.log(abs(np.linalg.det(kernel))), rel=1e-9)


class Functional(nn.Module):
    def forward(self, inputs):
        return F.relu(inputs)


def test_naswot_needs_relus():
    with pytest.raises(NasframeError, match="this network has none"):
        value(Naswot, lambda: two_layers(nn.Tanh))


def test_jacob_cov_looks_at_the_eigenvalues_of_the_jacobians_correlations():
    on = (INPUTS[:3, :, 0, 0] @ FIRST.T > 0).float()
    jacobians = (on * SECOND) @ FIRST
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(jacobians.double().numpy())) + 1e-5
    expected = -(np.log(eigenvalues) + 1 / eigenvalues).sum()
    assert value(JacobCov, examples=3) == pytest.approx(expected, rel=1e-4)


def test_the_training_loss_is_that_of_the_last_steps_of_a_short_training():
    evaluator = TinyEvaluator(TinyEvaluator.Options(training=TrainingOptions(steps=40, lr=0.1)))
    space = TinySpace()
    genotype = Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "tanh")))
    found = {}
    for last in (0.25, 1.0):
        torch.manual_seed(0)
        options = TrainingLoss.Options(budget=0.2, last=last)
        found[last] = TrainingLoss(Problem(space, evaluator), options).value(genotype)
    torch.manual_seed(0)
    training = evaluator.training(space.build(genotype, evaluator.task), 0.2)
    losses = [training.step(index, np.random.default_rng(0))["loss"] for index in range(8)]
    assert found == pytest.approx({0.25: -np.mean(losses[-2:]), 1.0: -np.mean(losses)})


class Untrained(Evaluator):
    name = "untrained"

    def prepare(self):
        self.task = Task(3, 1, (1, 1))

    def evaluate(self, candidate, budget=1.0):
        raise NotImplementedError


@pytest.mark.parametrize("proxy", [GradNorm, Snip, SynFlow, Naswot, JacobCov, TrainingLoss])
def test_an_evaluator_without_batches_is_refused(proxy):
    with pytest.raises(CapabilityError, match="'untrained'"):
        proxy(Problem(TinySpace(), Untrained()), proxy.Options())

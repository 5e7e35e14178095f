"""Second-order gradients against numeric ones, in float64 on a smooth problem, and against what is known of toys."""

from itertools import repeat

import pytest
import torch
from torch import nn

from nasframe import Batch, Differentiable, Evaluation, ExperimentError, Genotype, Problem, Runtime
from nasframe.supernet import Supernet
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.hypergradient import Hypergradient
from nasframe_darts.options import DartsOptions
from nasframe_darts.parts import Parts
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)


class Smooth(Supernet):
    """Two mixed layers with a batch norm between them, of smooth activations; ``idle`` has no part in the loss."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.second = nn.Linear(4, 1)
        self.idle = nn.Parameter(torch.ones(2))
        self.alpha = nn.Parameter(torch.randn(2, 3))
        self.double()

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("smooth", (("f", int(self.alpha[0].argmax())),))

    def weighed(self, weigh):
        return {"f": weigh(self.alpha)}

    def forward(self, inputs):
        inner, outer = self.alpha.softmax(-1)
        hidden = mix(inner, self.norm(self.first(inputs)))
        return mix(outer, self.second(hidden))[:, 0]


def mix(weights, z):
    return weights[0] * z + weights[1] * torch.tanh(z) + weights[2] * torch.sin(2 * z)


class Noise(Differentiable):
    """Five random points in each batch."""

    def batches(self, split, start=0):
        return repeat(self.batch(split))

    def batch(self, split):
        generator = torch.Generator().manual_seed(len(split))
        inputs = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        return Batch(inputs, torch.randn(5, generator=generator, dtype=torch.float64), (split,))

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return (model(batch.inputs) - batch.targets).square().mean()

    def measure(self, model):
        return Evaluation(0.5, {"miou": 0.5})


def sgd(supernet, lr=0.1, velocity=True):
    """An optimiser as in the midst of a search, with momentum and decay."""
    optimiser = torch.optim.SGD(supernet.weight_parameters(), lr, momentum=0.9, weight_decay=0.01)
    if velocity:
        generator = torch.Generator().manual_seed(1)
        for parameter in supernet.weight_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            optimiser.state[parameter]["momentum_buffer"] = noise
    return optimiser


def loss_after_a_step(alpha, velocity):
    """Of the batch ``arch``, after torch's own SGD did one step on the batch ``weights``, as a function of alpha."""
    supernet, evaluator = Smooth(), Noise()
    with torch.no_grad():
        supernet.alpha.copy_(alpha)
    optimiser = sgd(supernet, velocity=velocity)
    evaluator.loss(supernet, evaluator.batch("weights")).backward()
    supernet.alpha.grad = None
    optimiser.step()
    return evaluator.loss(supernet, evaluator.batch("arch")).item()


def numeric_gradient(velocity):
    alpha = Smooth().alpha.detach()
    found = torch.zeros_like(alpha)
    for place in range(alpha.numel()):
        change = torch.zeros_like(alpha)
        change.view(-1)[place] = 1e-5
        high, low = (loss_after_a_step(alpha + sign * change, velocity) for sign in (1, -1))
        found.view(-1)[place] = (high - low) / 2e-5
    return found


def second_order(which, velocity=True):
    supernet, evaluator = Smooth(), Noise()
    hypergradient = Hypergradient(supernet, evaluator, sgd(supernet, velocity=velocity), Runtime())
    differentiate = {"second": hypergradient.exact, "second-finite": hypergradient.finite}[which]
    loss, (gradient,) = differentiate(evaluator.batch("weights"), [evaluator.batch("arch")])
    return loss, gradient


@pytest.mark.parametrize("velocity", [True, False], ids=["momentum", "first step"])
def test_the_exact_gradient_is_the_numeric_one_through_a_step_of_torchs_sgd(velocity):
    loss, gradient = second_order("second", velocity)
    torch.testing.assert_close(gradient, numeric_gradient(velocity), rtol=1e-7, atol=1e-9)
    assert loss == pytest.approx(loss_after_a_step(Smooth().alpha.detach(), velocity), rel=1e-12)


@pytest.mark.parametrize("velocity", [True, False], ids=["momentum", "first step"])
def test_finite_differences_come_close_to_the_exact_gradient(velocity):
    loss, gradient = second_order("second-finite", velocity)
    exact_loss, exact = second_order("second", velocity)
    assert loss == pytest.approx(exact_loss, rel=1e-12)
    torch.testing.assert_close(gradient, exact, rtol=1e-3, atol=1e-5)


def test_the_second_order_term_matters_here():
    supernet, evaluator = Smooth(), Noise()
    loss = evaluator.loss(supernet, evaluator.batch("arch"))
    (first,) = torch.autograd.grad(loss, supernet.arch_parameters())
    assert (first - second_order("second")[1]).norm() > 0.1 * first.norm()


@pytest.mark.parametrize("order", ["second", "second-finite"])
def test_looking_ahead_changes_neither_weights_nor_running_statistics(order):
    supernet, evaluator = Smooth(), Noise()
    before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    hypergradient = Hypergradient(supernet, evaluator, sgd(supernet), Runtime())
    {"second": hypergradient.exact, "second-finite": hypergradient.finite}[order](
        evaluator.batch("weights"), [evaluator.batch("arch")]
    )
    after = supernet.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in supernet.parameters())


@pytest.mark.parametrize("order", ["second", "second-finite"])
def test_a_second_order_step_updates_the_architecture_first(order):
    options = DartsOptions(steps=1, warmup_steps=0, validate_epochs=0, order=order, arch_weight_decay=0)
    bilevel = Bilevel(lambda weigh: Smooth(), Noise(), options, Runtime(), Parts())
    metrics = bilevel.step(0)
    assert metrics["arch_loss"] > 0 and metrics["loss"] > 0
    alpha = bilevel.supernet.alpha.detach()
    weights_alone = Smooth()
    with torch.no_grad():
        weights_alone.alpha.copy_(alpha)
    expected = Noise().loss(weights_alone, Noise().batch("weights")).item()
    assert metrics["loss"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", ["first", "second", "second-finite"])
def test_running_statistics_are_of_the_weights_batches_alone(order):
    options = DartsOptions(steps=2, warmup_steps=0, validate_epochs=0, order=order)
    bilevel = Bilevel(lambda weigh: Smooth(), Noise(), options, Runtime(), Parts())
    bilevel.step(0)
    supernet = bilevel.supernet
    assert supernet.norm.num_batches_tracked == 1
    means = Smooth().first(Noise().batch("weights").inputs).mean(0).detach()
    torch.testing.assert_close(supernet.norm.running_mean, 0.1 * means, rtol=1e-12, atol=0)


class Toy(Supernet):
    """The toy of DARTS, figure 2: w and alpha are numbers."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(-2.0, dtype=torch.float64))
        self.alpha = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("toy", (("f", 0),))

    def weighed(self, weigh):
        return {}

    def forward(self, inputs):
        return torch.stack([self.w, self.alpha])


class ToyLosses(Noise):
    """L_arch = alpha w - 2 alpha + 1 and L_weights = w^2 - 2 alpha w + alpha^2."""

    def loss(self, model, batch):
        w, alpha = model(batch.inputs)
        return alpha * w - 2 * alpha + 1 if batch.names == ("arch",) else (w - alpha) ** 2


@pytest.mark.parametrize(("order", "xi"), [("second", 0.1), ("second-finite", 0.5)])
def test_the_papers_toy_ends_where_its_step_size_says(order, xi):
    options = DartsOptions(
        steps=200, warmup_steps=0, validate_epochs=0, order=order, clip=None, lr=xi, lr_min=xi, momentum=0,
        weight_decay=0, arch_lr=0.05, arch_weight_decay=0,
    )  # fmt: skip
    bilevel = Bilevel(lambda weigh: Toy(), ToyLosses(), options, Runtime(), Parts())
    for index in range(200):
        bilevel.step(index)
    assert bilevel.supernet.alpha.item() == pytest.approx(2 / (1 + 2 * xi), abs=1e-3)


@pytest.mark.parametrize(
    ("order", "precision", "named"),
    [("second", "float16", "float32 or bfloat16"), ("second-finite", "bfloat16", "float32, or set")],
)
def test_a_precision_too_low_for_second_derivatives_is_refused(order, precision, named):
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime(precision=precision))
    with pytest.raises(ExperimentError, match=f"strategy.order is '{order}' and run.precision '{precision}'.*{named}"):
        Darts(problem, Darts.Options(order=order))


def test_exact_second_order_works_in_bfloat16():
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime(precision="bfloat16"))
    strategy = Darts(problem, Darts.Options(steps=2, warmup_steps=0, order="second"))
    assert strategy.step(0, None)["arch_loss"] > 0

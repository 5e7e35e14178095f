"""One step of the search against the same step written by hand, in float64 on a smooth problem."""

import math
from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import Batch, Differentiable, Evaluation, Genotype, RunError, Runtime
from nasframe.supernet import Supernet
from nasframe_darts.bilevel import Bilevel, entropies
from nasframe_darts.options import DartsOptions
from nasframe_darts.parts import Parts

torch.set_num_threads(1)


class Curve(Supernet):
    """y = sum_k softmax(alpha)_k f_k(w x): smooth in w and alpha."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.7, -0.4], dtype=torch.float64))
        self.alpha = nn.Parameter(torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64))

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("curve", (("f", int(self.alpha.argmax())),))

    def weighed(self, weigh):
        return {"f": weigh(self.alpha)}

    def forward(self, inputs):
        return curve(inputs, self.w, self.alpha)


def curve(x, w, alpha):
    z = x @ w
    return (torch.softmax(alpha, 0)[:, None] * torch.stack([z, torch.tanh(z), torch.sin(z)])).sum(0)


class Points(Differentiable):
    """Two points a split; the same batch again and again."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def batches(self, split, start=0):
        return repeat(self.batch(split))

    def batch(self, split):
        shift = {"weights": 0.0, "arch": 1.0}[split]
        x = torch.tensor([[1.0 + shift, 2.0], [0.5, -1.0 - shift]], dtype=torch.float64) * self.scale
        return Batch(x, torch.tensor([1.0, -0.5], dtype=torch.float64), (f"{split}-0", f"{split}-1"))

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return ((model(batch.inputs) - batch.targets) ** 2).mean()

    def measure(self, model):
        return Evaluation(0.5, {"miou": 0.5})


def gradient(evaluator, split, w, alpha, of):
    w, alpha = w.detach().requires_grad_(), alpha.detach().requires_grad_()
    batch = evaluator.batch(split)
    loss = ((curve(batch.inputs, w, alpha) - batch.targets) ** 2).mean()
    return torch.autograd.grad(loss, {"w": w, "alpha": alpha}[of])[0]


def reference(evaluator, options, steps):
    """SGD and Adam as their papers write them, first w on one half, then alpha on the other."""
    net = Curve()
    w, alpha = net.w.detach().clone(), net.alpha.detach().clone()
    velocity, m, v = torch.zeros_like(w), torch.zeros_like(alpha), torch.zeros_like(alpha)
    (b1, b2), updates = options.arch_betas, 0
    for t in range(steps):
        g = gradient(evaluator, "weights", w, alpha, "w")
        g = g * min(1.0, options.clip / (g.norm().item() + 1e-6)) + options.weight_decay * w
        velocity = g if t == 0 else options.momentum * velocity + g
        rate = options.lr_min + (options.lr - options.lr_min) * (1 + math.cos(math.pi * t / options.steps)) / 2
        w = w - rate * velocity
        if t >= options.warmup_steps:
            updates += 1
            g = gradient(evaluator, "arch", w, alpha, "alpha") + options.arch_weight_decay * alpha
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            alpha = alpha - options.arch_lr * (m / (1 - b1**updates)) / ((v / (1 - b2**updates)).sqrt() + 1e-8)
    return w, alpha


@pytest.mark.parametrize("clip", [5.0, 0.1])
def test_steps_equal_those_written_by_hand(clip):
    options = DartsOptions(steps=7, warmup_steps=2, lr=0.1, arch_lr=0.05, clip=clip, validate_epochs=0)
    bilevel = Bilevel(lambda weigh: Curve(), Points(), options, Runtime(), Parts())
    for index in range(5):
        bilevel.step(index)
    w, alpha = reference(Points(), options, 5)
    torch.testing.assert_close(bilevel.supernet.w.detach(), w, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(bilevel.supernet.alpha.detach(), alpha, rtol=1e-10, atol=1e-12)


def test_the_architecture_stays_as_it_is_during_the_warm_up():
    bilevel = Bilevel(lambda weigh: Curve(), Points(), DartsOptions(steps=4, warmup_steps=3), Runtime(), Parts())
    before = bilevel.supernet.alpha.detach().clone()
    metrics = [bilevel.step(index) for index in range(4)]
    assert ["arch_loss" in found for found in metrics] == [False, False, False, True]
    assert not torch.equal(before, bilevel.supernet.alpha)


def test_a_step_leaves_no_gradient_behind():
    bilevel = Bilevel(lambda weigh: Curve(), Points(), DartsOptions(steps=2, warmup_steps=0), Runtime(), Parts())
    bilevel.step(0)
    assert all(parameter.grad is None for parameter in bilevel.supernet.parameters())


def test_a_loss_that_is_not_finite_stops_the_search_and_names_the_batch():
    bilevel = Bilevel(lambda weigh: Curve(), Points(scale=math.nan), DartsOptions(steps=2), Runtime(), Parts())
    with pytest.raises(RunError, match=r"nan on the batch weights-0, weights-1"):
        bilevel.step(0)


def test_validation_comes_every_so_many_epochs():
    bilevel = Bilevel(lambda weigh: Curve(), Points(), DartsOptions(steps=6, validate_epochs=3), Runtime(), Parts())
    assert [index for index in range(6) if "val_miou" in bilevel.step(index)] == [2, 5]


def test_the_entropy_of_a_decided_row_is_zero_and_of_an_even_one_the_logarithm_of_its_length():
    weights = np.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=np.float32)
    assert entropies({"op": weights}) == {"entropy_op": pytest.approx(math.log(4) / 2)}

"""SDARTS: weights trained under perturbed mixing weights."""

from contextlib import contextmanager

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from nasframe import Batch, Differentiable, Evaluation, Genotype, Problem, Runtime
from nasframe.supernet import Supernet
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.composing import composed
from nasframe_darts.options import DartsOptions
from nasframe_darts.perturbing import AdversarialPerturbation, Radius, RandomPerturbation, on_simplex
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)


class TestRandomSDarts(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, perturb={"by": "random"})


class TestAdversarialSDarts(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, perturb={"by": "adversarial", "steps": 2}, weigh="gumbel")


class TestAdversarialSDartsOnATrellis(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, perturb={"by": "adversarial", "steps": 1})

    def problem(self):
        return Problem(
            AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=1, filters=4, implementation="plain")),
            TinyEvaluator(TinyEvaluator.Options(size=33)),
        )


class Balance(Supernet):
    """y = sum_k p_k w_k of a norm's ones, with p the mixing weights, even at the beginning."""

    def __init__(self, weigh):
        super().__init__()
        self.weigh = weigh
        self.w = nn.Parameter(torch.tensor([1.0, -1.0], dtype=torch.float64))
        self.alpha = nn.Parameter(torch.zeros(1, 2, dtype=torch.float64))
        self.norm = nn.BatchNorm1d(1, affine=False).double()

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("balance", (("f", int(self.alpha[0].argmax())),))

    def weighed(self, weigh):
        return {"f": weigh(self.alpha)}

    def forward(self, inputs):
        return (self.weigh(self.alpha)[0] * self.w).sum() + 0 * self.norm(inputs).sum()


class Ten(Differentiable):
    """L = (y + 10)^2 on both halves."""

    def batches(self, split, start=0):
        while True:
            yield Batch(torch.ones(2, 1, dtype=torch.float64), torch.tensor(-10.0), (split,))

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return (model(batch.inputs) - batch.targets).square()

    def measure(self, model):
        return Evaluation(0.5)


def search(**perturb):
    options = DartsOptions(
        steps=4,
        warmup_steps=1,
        lr=0.1,
        lr_min=0.1,
        momentum=0,
        weight_decay=0,
        clip=None,
        validate_epochs=0,
        perturb=perturb,
    )
    return Bilevel(Balance, Ten(), options, Runtime(), composed(TinySpace(), options))


def test_the_adversary_finds_the_corner_of_the_box_and_the_weights_step_there():
    bilevel = search(by="adversarial", epsilon=(0.1, 0.1))
    torch.manual_seed(0)
    metrics = bilevel.step(1)
    # The loss grows with p_0 - p_1, so p = (0.6, 0.4): y = 0.2, dL/dw = 2 · 10.2 · p.
    assert metrics["loss"] == pytest.approx(10.2**2)
    assert bilevel.supernet.w.tolist() == pytest.approx([1 - 0.1 * 20.4 * 0.6, -1 - 0.1 * 20.4 * 0.4])
    # alpha sees the even weights: y = (w_0 + w_1) / 2.
    assert metrics["arch_loss"] == pytest.approx((10 + (-0.1 * 20.4) / 2) ** 2)
    assert bilevel.supernet.norm.num_batches_tracked == 1, "the ascent leaves running statistics alone"
    assert all(parameter.grad is None for parameter in bilevel.supernet.parameters())


def test_random_weights_are_even_in_the_box_and_new_in_each_pass():
    perturbation = RandomPerturbation(Radius(0.1, 0.1))
    torch.manual_seed(0)
    plain = torch.tensor([0.5, 0.5], dtype=torch.float64).expand(20_000, 2)
    found = perturbation.perturbed(plain)[:, 0]
    # (0.5 + u) / (1 + u + v) for even u, v in [-0.1, 0.1]: from 0.4 / 1 to 0.6 / 1, with mean 0.5.
    assert 0.4 <= found.min() < 0.41 and 0.59 < found.max() <= 0.6
    assert found.mean().item() == pytest.approx(0.5, abs=0.001)
    assert not torch.equal(found, perturbation.perturbed(plain)[:, 0])


def test_what_leaves_the_simplex_is_cut_off_and_what_is_absent_stays_so():
    plain = torch.tensor([[0.5, 0.3, 0.2], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    moved = torch.tensor([[0.6, 0.4, -0.1], [0.4, 0.4, 0.9], [-0.1, 0.1, 0.1]])
    expected = [[0.6, 0.4, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]
    torch.testing.assert_close(on_simplex(moved, plain), torch.tensor(expected))


def test_the_box_grows_from_the_first_to_the_last_update():
    bilevel = search(by="random", epsilon=(0.03, 0.3))
    assert [bilevel.step(index)["epsilon"] for index in range(4)] == pytest.approx([0.03, 0.03, 0.165, 0.3])


def test_a_box_without_a_side_changes_nothing():
    searches = [search(), search(by="random", epsilon=(0, 0)), search(by="adversarial", epsilon=(0, 0))]
    for index in range(4):
        for bilevel in searches:
            bilevel.step(index)
    plain, *others = [bilevel.supernet for bilevel in searches]
    for other in others:
        torch.testing.assert_close(other.w, plain.w, rtol=1e-12, atol=0)
        torch.testing.assert_close(other.alpha, plain.alpha, rtol=1e-9, atol=1e-12)


def test_the_ascent_passes_by_a_table_that_the_loss_does_not_see():
    perturbation = AdversarialPerturbation(Radius(0.1, 0.1), steps=2)
    weights = torch.tensor([[0.5, 0.5]])

    @contextmanager
    def loss():
        perturbation.perturbed(torch.ones(1, 1))
        seen = perturbation.perturbed(weights)
        yield seen[0, 0] - seen[0, 1]

    perturbation.prepare(loss)
    with loss() as found:
        assert found.item() == pytest.approx(0.2)


@pytest.mark.parametrize("order", ["second", "second-finite"])
def test_second_order_is_refused(order):
    with pytest.raises(ValidationError, match=f"perturb.by is random and order {order}.*set order: first"):
        Darts.Options(order=order, perturb={"by": "random"})

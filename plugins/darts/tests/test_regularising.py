"""Terms of the architecture's loss."""

import pytest
import torch
from torch import nn

from nasframe import Batch, Evaluation, Genotype, RunError, Runtime
from nasframe.evaluator import Differentiable
from nasframe.supernet import Supernet
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.options import DartsOptions
from nasframe_darts.parts import Parts
from nasframe_darts.regularising import Regulariser

torch.set_num_threads(1)

ORDERS = ["first", "second", "second-finite"]


class Line(Supernet):
    """y = w·x with w = 1, and alpha has no part in it: what moves alpha is the term alone."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1, dtype=torch.float64))
        self.alpha = nn.Parameter(torch.tensor([[0.5, -0.25]], dtype=torch.float64))

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("line", (("f", int(self.alpha[0].argmax())),))

    def weighed(self, weigh):
        return {"f": weigh(self.alpha)}

    def forward(self, inputs):
        return self.w * inputs + 0 * self.alpha.sum()


class One(Differentiable):
    """One point, which the line meets."""

    def batches(self, split, start=0):
        while True:
            yield Batch(torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64), (split,))

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return (model(batch.inputs) - batch.targets).square().mean()

    def measure(self, model):
        return Evaluation(0.5)


class Pull(Regulariser):
    """k |alpha - 9|^2 / 2, where k is the number of updates before."""

    def __init__(self):
        self.k = 0
        self.seen = []

    def term(self, supernet, passed):
        self.seen.append(passed)
        (alpha,) = supernet.arch_parameters()
        return self.k * (alpha - 9).square().sum() / 2

    def metrics(self):
        return {"pull": float(self.k)}

    def after_update(self, supernet, passed):
        self.k += 1

    def state_dict(self):
        return {"k": self.k}

    def load_state_dict(self, state):
        self.k = state["k"]


def search(*regularisers, order="first", **options):
    chosen = DartsOptions(
        steps=4,
        warmup_steps=1,
        validate_epochs=0,
        order=order,
        weight_decay=0,
        arch_weight_decay=0,
        arch_betas=(0.0, 0.0),
        **options,
    )
    return Bilevel(lambda weigh: Line(), One(), chosen, Runtime(), Parts(regularise=regularisers))


@pytest.mark.parametrize("order", ORDERS)
def test_a_terms_gradient_is_what_moves_the_architecture(order):
    pull = Pull()
    bilevel = search(pull, order=order, arch_lr=0.5)
    metrics = [bilevel.step(index) for index in range(4)]
    assert pull.seen == [0.0, 0.5, 1.0], "the warm-up does not ask for it"
    # Adam without memory steps by its rate: not at all while k = 0, then twice.
    assert bilevel.supernet.alpha[0].tolist() == pytest.approx([1.5, 0.75], abs=1e-6)
    assert [found.get("pull") for found in metrics] == [None, 1, 2, 3]
    assert all(found["arch_loss"] == 0 for found in metrics[1:]), "what is recorded as the loss is without the term"


@pytest.mark.parametrize("order", ORDERS)
def test_several_terms_add_up(order):
    class Fixed(Regulariser):
        def __init__(self, slope):
            self.slope = torch.tensor([slope], dtype=torch.float64)

        def term(self, supernet, passed):
            return (self.slope * supernet.alpha).sum()

    moved = search(Fixed([3.0, 1.0]), Fixed([-1.0, -1.0]), order=order, arch_lr=0.5)
    moved.step(1)
    assert moved.supernet.alpha[0].tolist() == pytest.approx([0.0, -0.25], abs=1e-6)


def test_the_state_of_a_term_is_part_of_the_searchs():
    whole, first, second = search(Pull()), search(Pull()), search(Pull())
    for index in range(4):
        whole.step(index)
    for index in range(2):
        first.step(index)
    second.load_state_dict(first.state_dict())
    for index in range(2, 4):
        second.step(index)
    assert torch.equal(whole.supernet.alpha, second.supernet.alpha)
    assert second.state_dict()["regularise/0"] == {"k": 3}
    assert "regularise/0" not in search().state_dict()


@pytest.mark.parametrize(("value", "told"), [(torch.tensor(torch.nan), "nan"), (torch.ones(2), r"shape \(2,\)")])
def test_a_term_that_is_not_one_finite_number_stops_the_search_and_is_named(value, told):
    class Wrong(Regulariser):
        def term(self, supernet, passed):
            return value

    with pytest.raises(RunError, match=f"Wrong adds .*{told}"):
        search(Wrong()).step(1)

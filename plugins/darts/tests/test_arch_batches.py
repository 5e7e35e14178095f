"""Several batches to one update of the architecture: the same as one batch of their size."""

import pytest
import torch
from torch import nn

from nasframe import Batch, Differentiable, Evaluation, Genotype, Problem, RunError, Runtime
from nasframe.supernet import Supernet
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.bounds import Bounds
from nasframe_darts.options import DartsOptions
from nasframe_darts.parts import Parts
from nasframe_darts.regularising import Regulariser
from nasframe_darts.strategy import Darts
from nasframe_darts.weighing import Softmax

torch.set_num_threads(1)


class Smooth(Supernet):
    """Two mixed layers without batch statistics."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 1)
        self.alpha = nn.Parameter(torch.randn(2, 2))
        self.double()

    def arch_parameters(self):
        return [self.alpha]

    def derive(self):
        return Genotype("smooth", (("f", int(self.alpha[0].argmax())),))

    def weighed(self, weigh):
        return {"f": weigh(self.alpha)}

    def forward(self, inputs):
        inner, outer = self.alpha.softmax(-1)
        hidden = inner[0] * self.first(inputs) + inner[1] * torch.tanh(self.first(inputs))
        return (outer[0] * self.second(hidden) + outer[1] * torch.sin(self.second(hidden)))[:, 0]


class Stream(Differentiable):
    """Random points, one after the other; of the split ``arch`` so many in a batch as is said, else four."""

    def __init__(self, size):
        self.size = size
        self.read = []

    def batches(self, split, start=0):
        size = self.size if split == "arch" else 4
        while True:
            numbers = range(start * size, (start + 1) * size)
            points = [torch.Generator().manual_seed(1 + number + 1000 * len(split)) for number in numbers]
            drawn = torch.stack([torch.randn(4, generator=one, dtype=torch.float64) for one in points])
            self.read += [(split, start)]
            yield Batch(drawn[:, :3], drawn[:, 3], tuple(f"{split}-{number}" for number in numbers))
            start += 1

    def epoch_steps(self, split):
        return 5

    def loss(self, model, batch):
        return (model(batch.inputs) - batch.targets).square().mean()

    def measure(self, model):
        return Evaluation(0.5, {"miou": 0.5})


class Pull(Regulariser):
    """A term that pulls one logit down, and counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def term(self, supernet, passed):
        self.asked += 1
        return 0.3 * supernet.alpha[0, 0]


class Costs:
    """The first option of each row costs 10, the second 1."""

    def expected(self, weights):
        return {"params": (weights["f"] @ torch.tensor([10.0, 1.0], dtype=torch.float64)).sum()}


def search(size, batches, order="first", precision="float32", parts=None):
    options = DartsOptions(
        steps=5, warmup_steps=2, validate_epochs=0, lr=0.1, arch_lr=0.05, order=order, arch_batches=batches
    )
    evaluator = Stream(size)
    found = Bilevel(lambda weigh: Smooth(), evaluator, options, Runtime(precision=precision), parts or Parts())
    return found, [found.step(index) for index in range(5)], evaluator


@pytest.mark.parametrize("order", ["first", "second", "second-finite"])
def test_two_batches_give_the_update_of_one_twice_as_large(order):
    one, told, _ = search(4, 1, order, parts=Parts(regularise=(Pull(),)))
    two, told_too, _ = search(2, 2, order, parts=Parts(regularise=(Pull(),)))
    torch.testing.assert_close(two.supernet.alpha, one.supernet.alpha, rtol=1e-8, atol=1e-9)
    assert told_too[4]["arch_loss"] == pytest.approx(told[4]["arch_loss"], rel=1e-8)
    assert not torch.equal(Smooth().alpha, two.supernet.alpha)


def test_other_batches_give_another_update():
    one, two = (search(2, batches)[0].supernet.alpha for batches in (1, 2))
    assert not torch.allclose(one, two, rtol=1e-3)


def test_a_scaled_loss_gives_the_same_update():
    one, two = (search(2, 2, precision=precision)[0].supernet.alpha for precision in ("float32", "float16"))
    torch.testing.assert_close(two, one, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("order", ["first", "second", "second-finite"])
def test_a_term_of_the_loss_counts_once_an_update(order):
    pull = Pull()
    search(2, 3, order, parts=Parts(regularise=(pull,)))
    assert pull.asked == 3


def test_multipliers_of_bounds_rise_once_an_update():
    multipliers = []
    for size, batches in ((4, 1), (2, 2)):
        bounds = Bounds(Costs(), {"params": 4.0}, 1.0, Softmax())
        search(size, batches, parts=Parts(regularise=(bounds,)))
        multipliers.append(bounds.state_dict()["multipliers"]["params"])
    assert multipliers[1] == pytest.approx(multipliers[0], rel=1e-8) and multipliers[0] > 0


def test_each_update_reads_on_where_the_last_one_ended():
    read = search(1, 3)[2].read
    assert [number for split, number in read if split == "arch"] == list(range(9))


def test_a_stopped_search_goes_on_exactly():
    alphas = []
    for stop in (None, 3):
        strategy = strategy_of(arch_batches=2)
        for index in range(5):
            if index == stop:
                state = strategy.state_dict()
                strategy = strategy_of(arch_batches=2)
                strategy.load_state_dict(state)
            torch.manual_seed(index)
            strategy.step(index, None)
        alphas.append(strategy.state_dict()["supernet"]["alpha"])
    assert torch.equal(*alphas)


def strategy_of(**options):
    torch.manual_seed(7)
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime())
    return Darts(problem, Darts.Options(steps=5, warmup_steps=1, **options))


def test_the_chosen_rate_counts_updates_and_not_batches():
    told = [strategy_of(arch_lr="auto", arch_batches=batches).remarks() for batches in (1, 4)]
    assert told[0] == told[1] and "4 updates" in told[0][0]


class Broken(Stream):
    """The second batch of ``arch`` gives a gradient that is not finite, but a loss that is."""

    def loss(self, model, batch):
        loss = super().loss(model, batch)
        return loss + (0 * loss).sqrt() if batch.names == ("arch-1",) else loss


def test_a_gradient_that_is_not_finite_names_all_batches_of_the_update():
    options = DartsOptions(steps=1, warmup_steps=0, validate_epochs=0, arch_batches=2)
    bilevel = Bilevel(lambda weigh: Smooth(), Broken(1), options, Runtime(), Parts())
    with pytest.raises(RunError, match="gradient's norm is nan on the batch arch-0, arch-1"):
        bilevel.step(0)

"""A genotype alone inside a supernet whose weights were trained with even mixing weights."""

import pytest
import torch

from nasframe import CapabilityError, Genotype, Problem
from nasframe.genotype import sample, trace
from nasframe.testing.tiny import TinyEvaluator, TinySpace, TinySupernet
from nasframe.testing.tiny_blocks import TinyBlocks
from nasframe.training.options import TrainingOptions
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.proxy import SupernetScore


def proxy(space, evaluator, steps=3):
    return SupernetScore(Problem(space, evaluator), SupernetScore.Options(training=TrainingOptions(steps=steps)))


def test_the_supernet_computes_what_the_genotype_says_and_nothing_else():
    space, evaluator = TinySpace(), TinyEvaluator()
    asked = proxy(space, evaluator)
    genotype = Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "softplus")))
    score = asked.value(genotype)
    supernet = asked._supernet
    first, second = supernet.convolutions
    inputs = torch.randn(2, 3, 8, 8)
    expected = supernet.head(torch.nn.functional.softplus(second(torch.tanh(first(inputs)))))
    torch.testing.assert_close(supernet(inputs), expected)
    assert score == evaluator.measure(supernet).score


def test_weights_are_trained_with_even_mixing_weights_and_once():
    asked = proxy(TinySpace(), TinyEvaluator())
    supernet = asked._trained()
    assert all(not one.requires_grad and not one.any() for one in supernet.arch_parameters())
    before = [one.clone() for one in supernet.weight_parameters()]
    asked._supernet = supernet
    values = [asked.value(Genotype("tiny-chain", (("layer0", a), ("layer1", a)))) for a in ("tanh", "identity", "tanh")]
    assert values[0] == values[2]
    assert all(torch.equal(a, b) for a, b in zip(before, supernet.weight_parameters(), strict=True))


@pytest.mark.parametrize("implementation", ["plain", "stacked"])
def test_autodeeplabs_choices_are_set_exactly(implementation):
    import numpy as np

    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=2, blocks=2, filters=2, implementation=implementation))
    evaluator = TinyEvaluator()
    asked = proxy(space, evaluator, steps=1)
    genotype = sample(space, np.random.default_rng(0))
    asked.value(genotype)
    alpha, beta = asked._supernet.arch_parameters()
    assert (alpha > 0).sum() == 2 * 2  # two operations a block
    assert (beta > 0).sum() == sum(kind == "move" for *_, kind in space.graph(genotype).edges(data="kind"))


class Other(TinySupernet):
    def weighed(self, weigh):
        return {"operation": weigh(self.alpha)[:1]}


class OtherSpace(TinySpace):
    def relax(self, task, weigh):
        return Other(self, task, weigh)


def test_a_supernet_of_another_kind_is_refused():
    space = OtherSpace.__new__(OtherSpace)
    TinySpace.__init__(space)
    with pytest.raises(CapabilityError, match="of its shape"):
        proxy(space, TinyEvaluator()).value(Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "tanh"))))


def test_both_edges_that_join_the_same_nodes_are_chosen():
    space = TinyBlocks(TinyBlocks.Options(blocks=1))
    asked = proxy(space, TinyEvaluator(), steps=1)
    answers = {"b0/left/operation": "tanh", "b0/right/operation": "softplus"}
    asked.value(trace(space, lambda name, options: answers.get(name, options[0])))
    (alpha,) = asked._supernet.arch_parameters()
    chosen = [(space_edge, row.tolist()) for space_edge, row in zip(space.edges(), alpha > 0, strict=True) if row.any()]
    assert chosen == [(("h0", "b0", "left"), [False, True, False]), (("h0", "b0", "right"), [False, False, True])]

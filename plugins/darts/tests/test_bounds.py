"""Bounds in a gradient search: the term, its multipliers, and what is found."""

import math
import types
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import (
    CapabilityError,
    Component,
    Costed,
    Genotype,
    Problem,
    Relaxable,
    RunError,
    Runtime,
    SearchSpace,
    hookimpl,
)
from nasframe.experiment.checking import load
from nasframe.files.yaml_text import dump
from nasframe.genotype import validate
from nasframe.plugin.registry import Plugin, Registry
from nasframe.supernet import Supernet, SupernetCosts
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.bounds import DAMPING, Bounds
from nasframe_darts.strategy import Darts
from nasframe_darts.weighing import Softmax

torch.set_num_threads(1)

WIDTHS = (1, 4, 16)
HEAD = 2 * (3 + 1)
"""Parameters of what every network ends with."""


class Widths(SearchSpace, Relaxable, Costed):
    """One hidden layer of 1, 4 or 16 channels."""

    name: ClassVar[str] = "widths"

    def decide(self, choose):
        choose("width", WIDTHS)

    def build(self, genotype, task):
        validate(self, genotype)
        width = genotype["width"]
        return nn.Sequential(branch(width), nn.Conv2d(3, task.num_classes, 1))

    def graph(self, genotype=None):
        raise NotImplementedError

    def relax(self, task, weigh):
        return Branches(self, task, weigh)

    def supernet_costs(self, task):
        return WidthCosts(self)


def branch(width):
    return nn.Sequential(nn.Conv2d(3, width, 1), nn.Tanh(), nn.Conv2d(width, 3, 1))


class Branches(Supernet):
    def __init__(self, space, task, weigh):
        super().__init__()
        self.space, self.weigh = space, weigh
        self.alpha = nn.Parameter(1e-3 * torch.randn(1, len(WIDTHS)))
        self.branches = nn.ModuleList(branch(width) for width in WIDTHS)
        self.head = nn.Conv2d(3, task.num_classes, 1)

    def arch_parameters(self):
        return [self.alpha]

    def weighed(self, weigh):
        return {"width": weigh(self.alpha)}

    def derive(self):
        return Genotype("widths", (("width", WIDTHS[int(self.alpha.argmax())]),))

    def forward(self, inputs):
        weights = self.weigh(self.alpha)[0]
        return self.head(sum(weight * one(inputs) for weight, one in zip(weights, self.branches, strict=True)))


def params(width):
    return 7 * width + 3 + HEAD


class WidthCosts(SupernetCosts):
    def __init__(self, space):
        self.space = space

    def expected(self, weights):
        return {"params": (weights["width"][0] * torch.tensor([params(w) for w in WIDTHS])).sum()}

    def derive(self, weights, most):
        order = sorted(zip(-weights["width"][0], WIDTHS, strict=True))
        for _, width in order:
            if params(width) <= most.get("params", math.inf):
                return Genotype("widths", (("width", width),))
        raise RunError(f"none within {most}")


def bounded(bound, **options):
    problem = Problem(Widths(), TinyEvaluator(), Runtime(), bounds={"params": bound})
    torch.manual_seed(0)
    chosen = {"steps": 60, "warmup_steps": 4, "validate_epochs": 0, "arch_lr": 0.05}
    return Darts(problem, Darts.Options(**{**chosen, **options}))


def run(strategy, steps):
    return [dict(strategy.step(index, np.random.default_rng(index))) for index in steps]


class TestDartsWithinBounds(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1)

    def problem(self):
        return Problem(Widths(), TinyEvaluator(), Runtime(), bounds={"params": 40.0})


def test_the_term_is_that_of_the_augmented_lagrangian_and_its_gradient_the_multiplier():
    supernet = Branches(Widths(), TinyEvaluator().task, lambda logits: logits.softmax(-1)).double()
    bounds = Bounds(WidthCosts(Widths()), {"params": 30.0}, rate=0.2, weighing=Softmax())
    bounds.load_state_dict({"multipliers": {"params": 0.7}})
    mean = WidthCosts(Widths()).expected(supernet.weighed(lambda logits: logits.softmax(-1)))["params"]
    excess = math.log(mean.item() / 30)
    pull = 0.7 + 0.2 * DAMPING * excess
    term = bounds.term(supernet, 0.5)
    assert term.item() == pytest.approx((pull**2 - 0.7**2) / (2 * 0.2 * DAMPING), rel=1e-12)
    (found,) = torch.autograd.grad(term, [supernet.alpha])
    (slope,) = torch.autograd.grad(mean.log(), [supernet.alpha])
    torch.testing.assert_close(found, pull * slope)
    bounds.after_update(supernet, 0.5)
    assert bounds.metrics()["multiplier_params"] == pytest.approx(0.7 + 0.2 * excess)


def test_a_bound_that_holds_with_room_pulls_at_nothing_and_its_multiplier_stays_0():
    supernet = Branches(Widths(), TinyEvaluator().task, lambda logits: logits.softmax(-1))
    bounds = Bounds(WidthCosts(Widths()), {"params": 1000.0}, rate=0.2, weighing=Softmax())
    (found,) = torch.autograd.grad(bounds.term(supernet, 0.0), [supernet.alpha])
    bounds.after_update(supernet, 0.0)
    assert not found.any() and bounds.metrics()["multiplier_params"] == 0


def test_its_term_has_the_numeric_gradient():
    supernet = Branches(Widths(), TinyEvaluator().task, lambda logits: logits.softmax(-1)).double()
    bounds = Bounds(WidthCosts(Widths()), {"params": 30.0}, rate=0.2, weighing=Softmax())

    def term(alpha):
        return torch.func.functional_call(Term(supernet, bounds), {"supernet.alpha": alpha}, ())

    assert torch.autograd.gradcheck(term, (supernet.alpha.detach().clone().requires_grad_(),))


class Term(nn.Module):
    def __init__(self, supernet, bounds):
        super().__init__()
        self.supernet, self.bounds = supernet, bounds

    def forward(self):
        return self.bounds.term(self.supernet, 0.0)


@pytest.mark.parametrize("order", ["first", "second"])
def test_the_expected_cost_comes_down_to_the_bound_and_is_told_in_every_update(order):
    metrics = run(bounded(40.0, order=order), range(60))
    assert all("expected_params" not in found for found in metrics[:4])
    assert all({"expected_params", "multiplier_params"} <= found.keys() for found in metrics[4:])
    assert metrics[4]["expected_params"] > 55
    assert metrics[-1]["expected_params"] < 42
    assert max(found["multiplier_params"] for found in metrics[4:]) > 0


def test_what_is_found_is_within_the_bounds_from_the_first_step_on():
    strategy = bounded(20.0)
    for index in range(3):
        run(strategy, [index])
        assert strategy.best()["width"] == 1
    assert strategy.without_bounds()["width"] in WIDTHS


def test_without_bounds_there_is_no_term_and_no_metric_of_it():
    problem = Problem(Widths(), TinyEvaluator(), Runtime())
    strategy = Darts(problem, Darts.Options(steps=2, warmup_steps=0, validate_epochs=0))
    assert not [name for name in run(strategy, range(2))[1] if name.startswith(("expected", "multiplier"))]


def test_resuming_continues_with_the_same_multiplier():
    whole, first, second = bounded(30.0), bounded(30.0), bounded(30.0)
    metrics = run(whole, range(12))
    run(first, range(8))
    second.load_state_dict(first.state_dict())
    assert run(second, range(8, 12)) == metrics[8:]
    assert first.state_dict()["regularise/0"]["multipliers"]["params"] > 0


def test_bounds_that_nothing_is_within_are_told_before_the_first_step():
    with pytest.raises(RunError, match="none within"):
        bounded(10.0)


def test_a_space_that_does_not_tell_its_costs_is_refused():
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime(), bounds={"macs": 1e9})
    with pytest.raises(CapabilityError, match=r"bounds for macs, and space 'tiny-chain' does not say .*Costed"):
        Darts(problem, Darts.Options(steps=2))


def test_a_space_whose_costs_are_wrong_is_found_out_by_counting():
    problem = Problem(Widths(), TinyEvaluator(), Runtime(), bounds={"params": 40.0}, accepts=lambda genotype: False)
    with pytest.raises(RunError, match=r"'widths' derived a genotype within the constraints, but .* by counting"):
        Darts(problem, Darts.Options(steps=2))


@pytest.fixture
def load_with(tmp_path):
    tiny, own = types.ModuleType("tiny"), types.ModuleType("own")
    tiny.nasframe_components = hookimpl(
        lambda: [
            Component("space", TinySpace.name, "nasframe.testing.tiny:TinySpace", "a chain"),
            Component("evaluator", TinyEvaluator.name, "nasframe.testing.tiny:TinyEvaluator", "a task"),
        ]
    )
    own.nasframe_components = hookimpl(
        lambda: [Component("strategy", "darts", "nasframe_darts.strategy:Darts", "gradients")]
    )
    registry = Registry([Plugin("tiny", "tiny", "1", lambda: tiny), Plugin("own", "own", "1", lambda: own)])

    def load_with(**more):
        file = tmp_path / "exp.yaml"
        parts = {"space": TinySpace.name, "evaluator": TinyEvaluator.name, "strategy": "darts", "retrain": None}
        parts = {name: {"type": part} if part else part for name, part in parts.items()}
        file.write_text(dump({**parts, "run": {"device": "cpu", "threads": 1}, **more}))
        return load(file, (), registry)

    return load_with


def test_an_experiment_with_bounds_whose_space_tells_no_costs_is_refused_when_it_is_checked(load_with):
    with pytest.raises(CapabilityError) as caught:
        load_with(constraints={"macs": 1e6})
    told = str(caught.value)
    assert (
        "constraints" in told and "'darts' keeps to bounds with a space that offers supernet_costs() (Costed)" in told
    )
    assert "space 'tiny-chain' does not. Installed spaces that do: none" in told


def test_an_experiment_without_bounds_needs_no_costs_and_keeps_its_key(load_with):
    found = load_with(constraints={})
    assert found.resolved()["constraints"] == {"params": None, "macs": None, "tries": 1000}
    assert load_with(**found.resolved()).terms == found.terms


def test_what_only_candidates_have_is_still_refused(load_with):
    with pytest.raises(CapabilityError, match="objectives is for strategies that propose candidates, each"):
        load_with(objectives=["score", "macs"])

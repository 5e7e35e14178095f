"""What every strategy promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nasframe.evaluator import Differentiable, Runtime
from nasframe.genotype import validate
from nasframe.options import Options
from nasframe.space import Inheriting
from nasframe.strategy import Problem, Strategy, TrainsSupernet
from nasframe.testing.tiny import TinyEvaluator, TinySpace

STEPS = 4


class StrategyContract:
    """Subclass it as ``Test...`` and set ``strategy`` and options under which it has at least 4 steps."""

    strategy: type[Strategy]
    options: Options

    def problem(self) -> Problem:
        """A new tiny problem; replace it if the strategy needs partners that the tiny ones are not."""
        return Problem(TinySpace(), TinyEvaluator(), Runtime())

    def test_the_tiny_partners_have_what_it_needs(self) -> None:
        problem = self.problem()
        for need in self.strategy.needs:
            assert isinstance(problem.space, need) or isinstance(problem.evaluator, need), (
                f"give problem() partners that offer {need.__name__}"
            )

    def test_the_best_genotype_is_legal_after_every_step(self) -> None:
        problem = self.problem()
        strategy = self._make(problem, seed=0)
        assert strategy.steps >= STEPS, f"choose options that give at least {STEPS} steps"
        for index in range(STEPS):
            metrics = self._step(strategy, index)
            assert metrics and all(isinstance(value, float | int) for value in metrics.values())
            validate(problem.space, strategy.best())

    def test_finalists_are_legal_and_distinct_and_the_best_comes_first(self) -> None:
        problem = self.problem()
        strategy = self._make(problem, seed=0)
        for index in range(STEPS):
            self._step(strategy, index)
        found = list(strategy.finalists(3))
        assert 1 <= len(found) <= 3, "finalists(count) names at most so many, and at least the best"
        assert found[0] == strategy.best(), "the best is the first finalist"
        assert len(set(found)) == len(found), "no finalist is named twice"
        for genotype in found:
            validate(problem.space, genotype)

    def test_its_supernet_runs_as_what_was_found(self) -> None:
        problem = self.problem()
        strategy = self._make(problem, seed=0)
        if not isinstance(strategy, TrainsSupernet) or not isinstance(problem.space, Inheriting):
            pytest.skip("the strategy trains no supernet that networks can inherit from")
        self._step(strategy, 0)
        genotype = strategy.best()
        inherited = problem.space.inherited(strategy.supernet, genotype)
        assert inherited, "a network inherits something"
        assert isinstance(problem.evaluator, Differentiable), "what trains a supernet has batches"
        task = problem.evaluator.task
        images = torch.zeros(1, task.in_channels, *task.size)
        with strategy.hold_mixing(), torch.no_grad():
            assert problem.space.one_hot(strategy.supernet, genotype).eval()(images).shape[0] == 1

    def test_save_load_continue_equals_going_on(self, tmp_path: Any) -> None:
        whole = self._make(self.problem(), seed=0)
        metrics = [self._step(whole, index) for index in range(STEPS)]
        first = self._make(self.problem(), seed=0)
        for index in range(STEPS // 2):
            self._step(first, index)
        torch.save(first.state_dict(), tmp_path / "state.pt")
        second = self._make(self.problem(), seed=99)
        second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
        resumed = [self._step(second, index) for index in range(STEPS // 2, STEPS)]
        assert resumed == metrics[STEPS // 2 :], "a resumed strategy must return the same metrics"
        assert second.best() == whole.best(), "a resumed strategy must find the same genotype"
        _assert_equal(second.state_dict(), whole.state_dict())

    def test_snapshots_are_small_arrays(self) -> None:
        strategy = self._make(self.problem(), seed=0)
        self._step(strategy, 0)
        assert all(isinstance(array, np.ndarray) and array.size < 1e6 for array in strategy.snapshot().values())

    def test_a_problem_without_its_needs_is_refused_by_type(self) -> None:
        if not self.strategy.needs:
            pytest.skip("the strategy has no needs")
        assert all(isinstance(need, type) for need in self.strategy.needs), "needs are capability classes"

    def _make(self, problem: Problem, seed: int) -> Strategy:
        torch.manual_seed(seed)
        return self.strategy(problem, self.options)

    def _step(self, strategy: Strategy, index: int) -> dict[str, float]:
        torch.manual_seed(1000 + index)
        return dict(strategy.step(index, np.random.default_rng(index)))


def _assert_equal(one: Any, other: Any, where: str = "state") -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            _assert_equal(one[key], other[key], f"{where}[{key!r}]")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for position, (left, right) in enumerate(zip(one, other, strict=True)):
            _assert_equal(left, right, f"{where}[{position}]")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), f"{where} differs: resuming must be bit-equal"
    else:
        assert one == other, f"{where} differs: resuming must be exact"

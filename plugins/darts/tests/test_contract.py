import subprocess
import sys

import pytest
import torch

from nasframe import CapabilityError, Problem, Runtime, SearchSpace
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)


class TestDarts(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=6, warmup_steps=1, validate_epochs=1)


class TestDartsWithoutWarmUp(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=0, validate_epochs=0, clip=None)


class TestSecondOrderDarts(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, order="second")


class TestSecondOrderDartsByFiniteDifferences(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, order="second-finite")


def test_checking_an_experiment_needs_no_torch():
    code = (
        "import sys, nasframe_darts.strategy as s; s.Darts.Options(epochs=2); s.Darts.needs; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_partners_that_cannot_be_relaxed_are_refused():
    class Fixed(SearchSpace):
        name = "fixed"

        def decide(self, choose):
            choose("only", ("a",))

        def build(self, genotype, task):
            raise NotImplementedError

        def graph(self, genotype=None):
            raise NotImplementedError

    with pytest.raises(CapabilityError, match="'fixed'"):
        Darts(Problem(Fixed(), TinyEvaluator(), Runtime()), Darts.Options())

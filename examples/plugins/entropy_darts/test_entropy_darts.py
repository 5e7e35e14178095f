import importlib.util
from pathlib import Path

import numpy as np
import torch

from nasframe import Problem, Runtime
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace

_spec = importlib.util.spec_from_file_location(
    "nasframe_entropy_darts", Path(__file__).parent / "nasframe_entropy_darts.py"
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
EntropyDarts = _module.EntropyDarts


class TestEntropyDarts(StrategyContract):
    strategy = EntropyDarts
    options = EntropyDarts.Options(steps=4, warmup_steps=1, arch_lr=0.1)


class TestSecondOrderEntropyDarts(StrategyContract):
    strategy = EntropyDarts
    options = EntropyDarts.Options(steps=4, warmup_steps=1, order="second")


def test_its_term_makes_the_search_decide():
    def entropy(weight):
        torch.manual_seed(0)
        options = EntropyDarts.Options(steps=30, warmup_steps=0, validate_epochs=0, arch_lr=0.1, entropy=weight)
        strategy = EntropyDarts(Problem(TinySpace(), TinyEvaluator(), Runtime()), options)
        return [strategy.step(index, np.random.default_rng(0)) for index in range(30)][-1]["entropy_operation"]

    assert entropy(2.0) < 0.5 * entropy(0.0)

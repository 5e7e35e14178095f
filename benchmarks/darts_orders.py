"""How long a step of DARTS takes, first and second order, after the warm-up.

    python benchmarks/darts_orders.py

A small Auto-DeepLab supernet on noise of 33x33 pixels, on one CPU thread; processor time, not wall time.
"""

import time

import numpy as np
import torch

from nasframe import Problem, Runtime
from nasframe.testing.tiny import TinyEvaluator
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.strategy import Darts

STEPS = 5


def seconds(order: str) -> float:
    """Of processor time a step."""
    torch.manual_seed(0)
    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=3, blocks=2, filters=4))
    problem = Problem(space, TinyEvaluator(TinyEvaluator.Options(size=33)), Runtime())
    strategy = Darts(problem, Darts.Options(steps=STEPS + 1, warmup_steps=0, validate_epochs=0, order=order))
    rng = np.random.default_rng(0)
    strategy.step(0, rng)
    start = time.process_time()
    for index in range(1, STEPS + 1):
        strategy.step(index, rng)
    return (time.process_time() - start) / STEPS


if __name__ == "__main__":
    torch.set_num_threads(1)
    base = seconds("first")
    print(f"first          {base:.2f} s   1.0")
    for order in ("second", "second-finite"):
        found = seconds(order)
        print(f"{order:14} {found:.2f} s   {found / base:.1f}")

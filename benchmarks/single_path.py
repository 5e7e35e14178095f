"""What a training pass costs in the whole supernet and at one genotype.

    python benchmarks/single_path.py

Auto-DeepLab's space of `examples/camvid_wide.yaml` on one crop of 65x65, on one CPU thread; processor time, not wall
time.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nasframe import Task
from nasframe.genotype import sample
from nasframe_autodeeplab.space import AutoDeepLab

PASSES = 5


def seconds(network: Callable[[Tensor], Tensor], before: Callable[[int], None]) -> float:
    """Of processor time a pass forward and backward."""
    images = torch.randn(2, 3, 65, 65)
    start = time.process_time()
    for number in range(PASSES):
        before(number)
        network(images).square().mean().backward()
    return (time.process_time() - start) / PASSES


if __name__ == "__main__":
    torch.set_num_threads(1)
    space = AutoDeepLab(
        AutoDeepLab.Options(layers=5, levels=3, blocks=3, filters=4, sep_repeats=1, atrous_separable=True)
    )
    task = Task(3, 19, (65, 65))
    single = space.switchable(task)
    whole = seconds(space.relax(task, lambda logits: logits.softmax(dim=-1)), lambda number: None)
    one = seconds(single, lambda number: single.switch(sample(space, np.random.default_rng(number))))
    print(f"whole supernet {whole:.3f} s, one genotype {one:.3f} s, ratio {whole / one:.1f}")

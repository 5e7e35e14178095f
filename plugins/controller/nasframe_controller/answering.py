"""A space's questions, answered by the policy or read from a genotype."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from nasframe import Genotype
from nasframe.genotype import Decides, T, trace
from nasframe_controller.policy import Answered, Policy

Pick = Callable[[np.ndarray], int]
"""The index of an answer, from the probabilities of the options."""


@torch.no_grad()
def answer(space: Decides, policy: Policy, pick: Pick) -> tuple[Genotype, dict[str, np.ndarray]]:
    """A genotype whose answers are picked by the policy's probabilities, and those probabilities by decision."""
    inputs, state = policy.begin(1)
    probabilities: dict[str, np.ndarray] = {}

    def choose(name: str, options: Sequence[T]) -> T:
        nonlocal inputs, state
        question = policy.question((name, tuple(options)))
        state = policy.cell(inputs, state)
        weights = question.scores(state[0])[0].double().softmax(-1).numpy()
        probabilities[name] = weights / weights.sum()
        index = pick(probabilities[name])
        inputs = question.answers[index : index + 1]
        return options[index]

    return trace(space, choose), probabilities


def read(space: Decides, genotype: Genotype) -> list[Answered]:
    """The questions that lead to a genotype, with its answers."""
    answered: list[Answered] = []

    def choose(name: str, options: Sequence[T]) -> T:
        given: T = genotype[name]
        answered.append(((name, tuple(options)), list(options).index(given)))
        return given

    trace(space, choose)
    return answered

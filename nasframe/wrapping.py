"""Strategies that are made of another one, and how both are made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from nasframe.parts import Part
from nasframe.strategy import Problem, Strategy


def make_strategy(part: Part[Strategy], problem: Problem) -> Strategy:
    """The strategy of an experiment; one that wraps another gets the way to make that as ``problem.over``."""
    if part.over is not None:
        problem = replace(problem, over=partial(make_strategy, part.over))
    return part.cls(problem, part.options)

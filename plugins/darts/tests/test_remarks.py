"""What a search says of itself before it begins."""

import re

import pytest

from nasframe import Problem
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.strategy import Darts


def remarks(**options):
    return Darts(Problem(TinySpace(), TinyEvaluator()), Darts.Options(validate_epochs=0, **options)).remarks()


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"steps": 364, "warmup_steps": 180, "arch_lr": 0.003}, "184 updates of .* = 0.003 .* by about 0.55 at most"),
        ({"steps": 20, "warmup_steps": 0, "arch_lr": 0.05}, "20 updates of .* = 0.05 .* by about 1 at most"),
    ],
)
def test_logits_that_cannot_move_far_enough_are_told_before_the_search(options, start):
    (remark,) = remarks(**options)
    assert re.match(start, remark)
    assert remark.endswith("Raise strategy.arch_lr, or the number of updates")


def test_a_search_whose_logits_can_move_says_nothing():
    assert remarks(steps=100, warmup_steps=0, arch_lr=0.02) == ()
    assert remarks(steps=29_760, warmup_steps=14_880) == (), "the paper's"

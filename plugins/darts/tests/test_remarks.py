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
    assert Darts.remarks_on(Darts.Options(**options)) == (remark,), "of the options alone too"


@pytest.mark.parametrize(
    "options", [{"steps": 100, "warmup_steps": 0, "arch_lr": 0.02}, {"steps": 29_760, "warmup_steps": 14_880}]
)
def test_a_search_whose_logits_can_move_says_nothing(options):
    assert remarks(**options) == Darts.remarks_on(Darts.Options(**options)) == ()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": 6, "warmup_epochs": 2}, "4 epochs of updates of .* about 0.003 an update at .* fewer than 667 "),
        ({"epochs": 1, "warmup_steps": 9, "arch_lr": 0.1}, "1 epoch, less 9 steps of warm-up, of updates .* than 20 "),
    ],
)
def test_where_only_epochs_are_known_the_options_tell_how_many_updates_it_takes(options, told):
    (remark,) = Darts.remarks_on(Darts.Options(**options))
    assert re.match(told, remark)
    assert remark.endswith("'nasframe plan' says how many these are")


def test_as_many_epochs_as_it_takes_updates_are_enough_however_short_they_are():
    assert Darts.remarks_on(Darts.Options(epochs=25, warmup_epochs=5, arch_lr=0.1)) == ()

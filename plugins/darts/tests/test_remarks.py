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


def test_auto_chooses_steps_that_move_logits_as_far_as_in_the_paper_and_says_it():
    options = {"steps": 1_488, "warmup_steps": 0, "arch_lr": "auto"}
    strategy = Darts(Problem(TinySpace(), TinyEvaluator()), Darts.Options(validate_epochs=0, **options))
    (said,) = strategy.remarks()
    assert said.startswith("strategy.arch_lr: auto is 0.03 here: 1,488 updates by it can move a logit by about 45,")
    rate = strategy.state_dict()["arch_optimiser"]["param_groups"][0]["lr"]
    assert rate == pytest.approx(0.03)


def test_auto_is_never_more_than_a_tenth_and_says_where_even_that_is_too_little():
    chosen, remark = remarks(steps=12, warmup_steps=2, arch_lr="auto")
    assert chosen.startswith("strategy.arch_lr: auto is 0.1 here: 10 updates")
    assert remark.startswith("10 updates of the architecture parameters by strategy.arch_lr = 0.1 can move")


def test_of_auto_the_options_alone_tell_how_many_updates_its_largest_rate_takes():
    (remark,) = Darts.remarks_on(Darts.Options(epochs=6, warmup_epochs=2, arch_lr="auto"))
    assert "with fewer than 20 updates" in remark


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

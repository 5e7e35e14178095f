import pytest

from nasframe_darts.options import DartsOptions
from nasframe_darts.timing import Timing, cosine


def test_the_papers_search_has_29760_steps_and_half_of_them_are_warm_up():
    timing = Timing.of(DartsOptions(), epoch=744)
    assert (timing.steps, timing.warmup, timing.validation) == (29760, 14880, 744)


def test_a_short_search_keeps_the_share_of_its_warm_up():
    assert Timing.of(DartsOptions(steps=10), epoch=744).warmup == 5
    assert Timing.of(DartsOptions(steps=10, warmup_steps=3), epoch=744).warmup == 3


def test_the_learning_rate_falls_from_lr_to_lr_min_on_a_cosine():
    options = DartsOptions()
    timing = Timing.of(options, epoch=10)
    assert cosine(options, timing, 0) == 0.025
    assert cosine(options, timing, timing.steps // 2) == pytest.approx((0.025 + 0.001) / 2)
    assert cosine(options, timing, timing.steps) == pytest.approx(0.001)


def test_the_learning_rate_can_stand_still_within_an_epoch():
    options = DartsOptions(lr_every="epoch")
    timing = Timing.of(options, epoch=10)
    rates = [cosine(options, timing, index) for index in range(21)]
    assert len(set(rates[:10])) == len(set(rates[10:20])) == 1
    assert rates[0] > rates[10] > rates[20]

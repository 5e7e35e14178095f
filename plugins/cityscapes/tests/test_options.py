import pytest

from nasframe_cityscapes.evaluator import Streets
from nasframe_cityscapes.options import SegmentationOptions, shrunk


def test_half_the_batch_saves_memory_before_a_smaller_crop_does():
    options = SegmentationOptions(batch=4, crop=(65, 129))
    assert list(options.lighter("search")) == [{"batch": 2}, {"crop": [33, 65]}]


def test_in_retraining_an_update_sees_as_much_as_before():
    options = Streets.Options(batch=3, crop=129, training={"accumulate": 2})
    assert list(options.lighter("retrain")) == [{"batch": 1, "training.accumulate": 6}, {"crop": 65}]


def test_single_crops_of_the_smallest_size_cannot_be_made_smaller():
    assert list(SegmentationOptions(batch=1, crop=33).lighter("search")) == []


@pytest.mark.parametrize(("side", "smaller"), [(769, 545), (321, 225), (65, 33), (40, 33), (33, 33), (20, 20)])
def test_a_smaller_crop_is_of_a_size_that_networks_like(side, smaller):
    assert shrunk(side) == smaller

import pytest

from nasframe_cityscapes.evaluator import Cityscapes, Streets
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


def test_folders_are_absolute_from_where_the_experiment_is_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    options = Cityscapes.Options(root="data/set", decoded_cache="~/decoded")
    assert options.root == str(tmp_path / "data" / "set") and options.decoded_cache == "/somewhere/decoded"
    assert Cityscapes.Options(root="/data").root == "/data" and Cityscapes.Options(root="x").decoded_cache is None


def test_a_folder_has_a_name():
    with pytest.raises(ValueError, match="at least 1 character"):
        Cityscapes.Options(root="")

"""How a network is asked: which wishes go together."""

import pytest

from nasframe import Inference


def test_the_default_asks_once_on_the_whole_image():
    assert Inference().passes == 1
    assert Inference().conditions() == {"input": "whole image", "scales": [1.0], "mirrored": False}


def test_each_scale_is_asked_twice_if_mirror_images_are_averaged():
    assert Inference(scales=(0.5, 1, 2), mirror=True).passes == 6


def test_windows_overlap_by_a_third_unless_told_otherwise():
    assert Inference((513, 1025)).steps == (342, 684)
    assert Inference((513, 1025), (100, 200)).conditions()["input"] == "windows of 513x1025 every 100x200 pixels"


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"scales": ()}, "expected one or more numbers above 0"),
        ({"scales": (1.0, -0.5)}, "expected one or more numbers above 0"),
        ({"scales": (float("nan"),)}, "expected one or more numbers above 0"),
        ({"stride": (3, 4)}, "a stride of 3x4 needs a window"),
        ({"window": (0, 4)}, "expected 1 pixel or more"),
        ({"window": (8, 8), "stride": (0, 4)}, "expected 1 pixel or more"),
        ({"window": (8, 8), "stride": (8, 9)}, "the stride 8x9 is larger than the window 8x8"),
    ],
)
def test_wishes_that_do_not_go_together_are_refused(wishes, words):
    with pytest.raises(ValueError, match=words):
        Inference(**wishes)

"""The scores of the drawn scene that ``nasframe verify`` measures."""

import pytest

from nasframe.plugin.golden import verify
from nasframe_cityscapes.golden import GOLDEN


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.what)
def test_the_scene_has_the_official_score(golden):
    assert verify(golden).holds

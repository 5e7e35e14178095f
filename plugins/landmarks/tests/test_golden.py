import pytest

from nasframe.plugin.golden import verify
from nasframe_landmarks.golden import GOLDEN


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.what)
def test_a_published_network_has_the_counts_of_its_authors(golden):
    verdict = verify(golden)
    assert verdict.holds, verdict

import json

import pytest


@pytest.fixture
def table(tmp_path):
    """A table of two layers, of which layer 2 matters more; 'tiny-chain' can be read from it."""
    names = {"identity": "0", "tanh": "1", "softplus": "2"}
    rows = {
        a + b: {
            "test_acc": [10 * int(a) + 20 * int(b) + noise for noise in (0, 1, 2)],
            "params": 5,
            "flops": 4 + int(b),
        }
        for a in names.values()
        for b in names.values()
    }
    (tmp_path / "known.json").write_text(json.dumps(rows))
    return tmp_path / "known.json"

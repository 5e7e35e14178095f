"""Small data sets in the Cityscapes layout, written by the tests that need them."""

import numpy as np
import pytest
import torch
from PIL import Image

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """A cache folder that all tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(shared_cache, monkeypatch):
    """No test touches the user's cache."""
    monkeypatch.setenv("NASFRAME_CACHE", str(shared_cache))
    return shared_cache


@pytest.fixture
def write_tree(tmp_path):
    """A function that writes random frames: split -> {city: count}; returns the root."""

    def write(plan=None, size=(24, 40), ids=(0, 7, 8, 11, 23, 26), suffix="labelIds"):
        rng = np.random.default_rng(0)
        root = tmp_path / "set"
        for split, cities in (plan or {"train": {"aa": 3, "bb": 2, "cc": 4}, "val": {"dd": 3}}).items():
            for city, count in cities.items():
                for number in range(count):
                    stem = f"{city}_{number // 3:06}_{number:06}"
                    label = np.kron(rng.choice(ids, (size[0] // 4, size[1] // 4)), np.ones((4, 4)))
                    image = rng.integers(0, 60, (*size, 3)) + 3 * label[..., None]
                    save(image, root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png")
                    save(label, root / "gtFine" / split / city / f"{stem}_gtFine_{suffix}.png")
        return root

    return write


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels).astype(np.uint8)).save(path)

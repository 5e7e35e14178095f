"""Drawn data in the forms that the evaluator reads."""

import pickle

import numpy as np
import pytest
from PIL import Image

BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
NAMES = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]


def pickled(path, value, protocol=2):
    path.write_bytes(pickle.dumps(value, protocol))


def batch(seed, images=10):
    """Ten images, one of each class: noise, with a stripe that tells the class."""
    pixels = np.random.default_rng(seed).integers(0, 80, (images, 3, 32, 32), dtype=np.uint8)
    labels = [place % 10 for place in range(images)]
    for place, label in enumerate(labels):
        pixels[place, label % 3, 3 * label : 3 * label + 3] = 255
    return {b"data": pixels.reshape(images, -1), b"labels": labels, b"batch_label": b"drawn"}


@pytest.fixture
def cifar10(tmp_path):
    """A folder like CIFAR-10's, with ten images in each batch."""
    folder = tmp_path / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for seed, name in enumerate(BATCHES):
        pickled(folder / name, batch(seed))
    pickled(folder / "batches.meta", {b"label_names": NAMES, b"num_vis": 3072})
    return folder


@pytest.fixture
def folders(tmp_path):
    """Three classes of images of several sizes and kinds, and the folder test."""
    rng = np.random.default_rng(0)
    for split, number in (("train", 5), ("test", 2)):
        for label, name in enumerate(("cat", "dog", "ünd")):
            (tmp_path / "set" / split / name).mkdir(parents=True)
            for place in range(number):
                pixels = rng.integers(60 * label, 60 * label + 90, (12 + place, 16, 3), dtype=np.uint8)
                image = Image.fromarray(pixels)
                if place == 1:
                    image = image.convert("P")
                image.save(tmp_path / "set" / split / name / f"{place}.{'bmp' if place == 2 else 'png'}")
    return tmp_path / "set"

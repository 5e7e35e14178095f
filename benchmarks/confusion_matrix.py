"""How fast are confusion matrices of full Cityscapes frames (1024x2048, 19 classes), against the usual NumPy idiom?

    python benchmarks/confusion_matrix.py

Pictures: drawn streets as they are labelled, with a prediction that is a few pixels off; the same with 2 % of the
pixels noise; and noise alone, the worst case. 5 % void. The idiom masks, gathers and calls ``bincount``, as most public
code does. Every count is compared with the idiom's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import history
import numpy as np
import numpy.typing as npt
import torch
from timing import interleaved, machine, parser

from nasframe_cityscapes.classes import TO_TRAIN_ID, VOID
from nasframe_cityscapes.painting.scene import paint_scene
from nasframe_cityscapes.scoring import confusion

CLASSES, SIZE = 19, (1024, 2048)
Picture = npt.NDArray[np.uint8]


def main() -> None:
    """Print a table: frames a second."""
    asked = parser(__doc__, rounds=21)
    history.add_option(asked)
    chosen = asked.parse_args()
    torch.set_num_threads(chosen.threads)
    print(machine(), "\n")
    print("| pictures | idiom, frames/s | nasframe, frames/s | ratio |\n| --- | ---: | ---: | ---: |")
    for name, truth, prediction in pictures():
        assert np.array_equal(idiom(truth, prediction), confusion(truth, prediction)[:, :CLASSES]), name
        tasks = {"idiom": partial(idiom, truth, prediction), "nasframe": partial(confusion, truth, prediction)}
        found = interleaved(tasks, chosen.rounds)
        ratio = found["idiom"] / found["nasframe"]
        rates = {f"confusion_matrix/{name}/{form}": 1 / seconds for form, seconds in found.items()}
        history.record(chosen, rates, "frames/s")
        print(f"| {name} | {1 / found['idiom']:.0f} | {1 / found['nasframe']:.0f} | {ratio:.2f} |", flush=True)


def idiom(truth: Picture, prediction: Picture) -> npt.NDArray[np.int64]:
    """As in most public code; shape (19, 19)."""
    scored = (truth >= 0) & (truth < CLASSES)
    codes = CLASSES * truth[scored].astype(int) + prediction[scored]
    return np.bincount(codes, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def pictures() -> Iterator[tuple[str, Picture, Picture]]:
    """Name, truth and prediction."""
    rng = np.random.default_rng(0)
    truth = TO_TRAIN_ID["label_ids"][paint_scene(0, 0, 0, SIZE)[1]]
    prediction = np.roll(truth, (3, 5), (0, 1))
    prediction[prediction == VOID] = 0
    blocks = rng.random((SIZE[0] // 16, SIZE[1] // 16)) < 0.05
    truth = np.where(np.kron(blocks, np.ones((16, 16), dtype=bool)), np.uint8(VOID), truth)
    yield "street", truth, prediction
    random = rng.integers(0, CLASSES, SIZE, dtype=np.uint8)
    yield "street, 2 % noise", truth, np.where(rng.random(SIZE) < 0.02, random, prediction)
    noise = rng.integers(0, CLASSES, SIZE, dtype=np.uint8)
    yield "noise", np.where(rng.random(SIZE) < 0.05, np.uint8(VOID), noise), random


if __name__ == "__main__":
    main()

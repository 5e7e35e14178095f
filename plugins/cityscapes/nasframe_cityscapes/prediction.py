"""Labelling images of any size, of a data set or not, with a network that was trained on streets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np
import torch
from typing_extensions import override

from nasframe import DataError, Inference, Model, PictureKind, Predictor, Runtime
from nasframe.training.answering import set_to_eval
from nasframe.training.finite import require_finite
from nasframe.training.reading import ahead
from nasframe_cityscapes.dataset import IMAGE_SUFFIX, find_images
from nasframe_cityscapes.drawing import draw, png
from nasframe_cityscapes.frames import Picture, read_image, reduced
from nasframe_cityscapes.inference import answers, checked
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.source import Source, street_task
from nasframe_cityscapes.transforms import normalised


@final
class StreetPredictor(Predictor):
    """Reads an image as the evaluator reads a frame, and answers at the image's own size."""

    def __init__(self, source: Callable[[], Source], options: SegmentationOptions, runtime: Runtime) -> None:
        """Args: source: asked only for the images of a split."""
        self._source = source
        self._options = options
        self._runtime = runtime
        self.task = street_task(options.crop_size)

    @override
    def images(self, split: str) -> Sequence[Path]:
        """``leftImg8bit/SPLIT/*/*_leftImg8bit.png`` below the root, sorted by name; ``test`` too."""
        return find_images(self._source().root, split)

    @override
    def name(self, image: Path, kind: PictureKind) -> str:
        """For ``a_0_1_leftImg8bit.png``: ``a_0_1_labelIds.png``, ``color_a_0_1.png``, ``overlay_a_0_1.png``.

        Only the labels begin with the frame's name, for the official script takes every file that does.
        """
        stem = image.name.removesuffix(IMAGE_SUFFIX) if image.name.endswith(IMAGE_SUFFIX) else image.stem
        return f"{stem}_labelIds.png" if kind == "labels" else f"{kind}_{stem}.png"

    @override
    def fault(self, image: Path) -> str:
        """Decodes the image."""
        try:
            read_image(image, upright=True)
        except DataError as error:
            return str(error)
        return ""

    @override
    def predict(
        self, model: Model, images: Sequence[Path], kinds: Collection[PictureKind], inference: Inference
    ) -> Iterator[Mapping[PictureKind, bytes]]:
        """PNG files of each image's size, turned as its EXIF orientation says."""

        def load(index: int) -> tuple[Picture, Picture]:
            image = read_image(images[index], upright=True)
            return np.asarray(image), reduced(image, self._options.reduce)

        asked = checked(model, self._runtime)
        with set_to_eval(model):
            pictures = ahead(load, range(len(images)), self._options.workers)
            for path, (image, shown) in zip(images, pictures, strict=True):
                inputs = torch.from_numpy(normalised(shown, self._options)[None]).to(self._runtime.device)
                found = answers(asked, inputs, (image.shape[0], image.shape[1]), inference)
                predicted = found[0].argmax(0).to(torch.uint8).cpu().numpy()
                require_finite(found, [str(path)], model)
                yield {kind: png(draw(kind, predicted, image)) for kind in kinds}

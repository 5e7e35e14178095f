"""The handwritten digits that come with scikit-learn: 1,797 images of 8x8 pixels and 17 greys, from UCI's data set."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nasframe import DataError
from nasframe.files.fingerprints import fingerprint_of
from nasframe_classification.data_set import DataSet, Images
from nasframe_classification.fitting import all_fitted
from nasframe_classification.options import ClassificationOptions

COUNT, SIDE, GREYS = 1797, 8, 16


def read_digits(options: ClassificationOptions) -> DataSet:
    """The digits, greys stretched to 0..255. The file is read without importing scikit-learn, which takes a second.

    Raises:
        DataError: scikit-learn is not installed, or has another file.
    """
    path = _file()
    try:
        content = path.read_bytes()
        rows = np.loadtxt(path, delimiter=",", dtype=np.int64)  # it unpacks .gz
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read ({error}); install scikit-learn anew") from error
    if rows.shape != (COUNT, SIDE * SIDE + 1) or not 0 <= rows.min() <= rows.max() <= GREYS or rows[:, -1].max() > 9:
        raise DataError(f"{path} has {rows.shape} numbers; expected {COUNT} rows of 64 greys of 0 to 16 and a digit")
    pixels = np.rint(rows[:, :-1] * (255 / GREYS)).astype(np.uint8).reshape(COUNT, 1, SIDE, SIDE)
    names = tuple(f"digit-{number:04}" for number in range(COUNT))
    found = Images(all_fitted(pixels, options), rows[:, -1], names)
    files = {path.name: fingerprint_of(len(content), hashlib.sha256(content).hexdigest())}
    return DataSet({"train": found}, tuple("0123456789"), files, {})


def _file() -> Path:
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("the digits come with scikit-learn, which is not installed; pip install scikit-learn")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"

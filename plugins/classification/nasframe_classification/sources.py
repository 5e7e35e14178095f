"""Reading the data set that the options name."""

from __future__ import annotations

from pathlib import Path

from nasframe_classification.data_set import DataSet
from nasframe_classification.options import ClassificationOptions


def read(options: ClassificationOptions) -> DataSet:
    """The whole data set, checked.

    Raises:
        DataError: all that is missing or wrong.
        OSError: a folder cannot be looked into.
    """
    if options.root is None:
        from nasframe_classification.digits import read_digits

        return read_digits(options)
    root = Path(options.root)
    if options.data == "folder":
        from nasframe_classification.folders import read_folders

        return read_folders(root, options)
    from nasframe_classification.cifar import read_cifar

    return read_cifar(root, "cifar100" if options.data == "cifar100" else "cifar10", options)

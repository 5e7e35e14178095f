"""An evaluator for image classification."""

from __future__ import annotations

from collections.abc import Iterable

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The evaluator; nothing is imported here."""
    return [
        Component(
            "evaluator",
            "classification",
            "nasframe_classification.evaluator:Classification",
            "Accuracy on handwritten digits (no download), CIFAR-10, CIFAR-100 or folders of images.",
        )
    ]

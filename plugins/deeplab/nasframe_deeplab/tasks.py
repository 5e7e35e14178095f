"""What the spaces' networks can do."""

from __future__ import annotations

from nasframe import CapabilityError, Task


def require_dense(space: str, task: Task) -> None:
    """See that a task wants a label for every pixel.

    Raises:
        CapabilityError: it wants something else.
    """
    if not task.dense:
        raise CapabilityError(
            f"the task wants a label for each image; space {space!r} makes networks that label pixels: use an "
            "evaluator of segmentation"
        )

"""A run: search, retrain, report, in a folder that it can go on from wherever it was stopped.

Read ``execution`` (the phases), ``problems`` (what is made before anything is written), ``loop`` (the steps of any
strategy or training) and ``journal`` (what is recorded of them), then ``retrain`` and ``from_genotype``, ``device``,
``progress``, ``interrupt``; ``candidates`` holds how the candidates of a search are evaluated, by one worker or many.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasframe.run.execution import resume, run

__all__ = ["resume", "run"]


def __getattr__(name: str) -> Any:
    """``run`` and ``resume``, imported when asked for: progress and signals can be had without torch."""
    if name in __all__:
        from nasframe.run import execution

        return getattr(execution, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

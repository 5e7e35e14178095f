"""Options: the validated settings of a component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _absolute(path: str) -> str:
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:  # ~NAME of a user who is not known here
        return path


AbsolutePath = Annotated[str, Field(min_length=1), AfterValidator(_absolute)]
"""The type of an option that is the path of a file or folder, so that a run finds it from wherever it is gone on with:
``~`` is the user's home, and a relative path starts where the command is started that first reads the experiment."""


class Options(BaseModel):
    """Settings of a component: frozen, no unknown keys, no NaN.

    Subclass it inside the component as ``Options``. The string under a field is its documentation: it is
    shown by ``nasframe new experiment`` and stands in the JSON Schema. No field may be called ``type``,
    which names the component in an experiment file.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

    def lighter(self, phase: Literal["search", "retrain"]) -> Iterable[Mapping[str, Any]]:
        """Changes that save memory in a phase, the gentlest first, by the path of each option; default: none."""
        return ()

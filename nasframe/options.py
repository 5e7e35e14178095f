"""Options: the validated settings of a component."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Options"]


class Options(BaseModel):
    """Settings of a component: frozen, no unknown keys, no NaN.

    Subclass it inside the component as ``Options``. The string under a field is its documentation: it is
    shown by ``nasframe new experiment`` and stands in the JSON Schema. No field may be called ``type``,
    which names the component in an experiment file.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

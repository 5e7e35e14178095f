"""Options: the validated settings of a component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


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

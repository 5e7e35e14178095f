"""NAS-Bench-Macro's search space, whose every network has a known accuracy."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The space; it is not imported here."""
    return [Component("space", "macro", "nasframe_macro.space:Macro", "NAS-Bench-Macro: 8 layers, 3 choices (2021).")]

"""An evaluator that trains nothing: it looks genotypes up."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The evaluator; it is not imported here."""
    return [
        Component("evaluator", "table", "nasframe_table.evaluator:Table", "Known accuracies, read from a JSON table.")
    ]

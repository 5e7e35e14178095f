"""The gap ledger of a run: what is lost or won on the way from the supernet to the retrained network, step by step."""

from __future__ import annotations

from pydantic import Field

from nasframe.experiment.sections import check_options
from nasframe.files.yaml_text import Faults, Value
from nasframe.options import Options

LEDGER = "ledger"
"""The key of an experiment."""


class Ledger(Options):
    """Scores on the frames that watch the retraining: of the supernet, of the found genotype alone in it, of its
    network after a short training that starts from there, and of the retrained network."""

    budget: float = Field(default=0.1, gt=0, le=1)
    """Share of a retraining that the short training is."""


def has_ledger(tree: Value) -> bool:
    """Whether an experiment asks for one, rightly or wrongly."""
    value = tree.members.get(LEDGER)
    return value is not None and value.data not in (None, False)


def read_ledger(tree: Value, faults: Faults) -> Ledger | None:
    """What an experiment says of it; None: nothing, or it is wrong.

    Args:
        tree: the whole experiment; ``true`` under the key asks for the defaults, a number is the budget.
    """
    if not has_ledger(tree):
        return None
    value = tree.members[LEDGER]
    if value.data is True:
        value = Value({}, value.place, value.key)
    elif isinstance(value.data, int | float):
        value = Value({"budget": value}, value.place, value.key)
    elif not isinstance(value.data, dict):
        faults.add(value.place, LEDGER, f"found {value.shown()}, expected true, a share of a retraining, or a mapping")
        return None
    retrain = tree.members.get("retrain")
    if retrain is not None and retrain.data is None:
        faults.add(value.key, LEDGER, "found beside retrain: null; its last entry is the retrained network")
        return None
    return check_options(Ledger, value, LEDGER, faults)

"""What was run, every value with where it was written, what it ran on, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nasframe.experiment.experiment import DEFAULT, leaves
from nasframe.files import words
from nasframe.files.words import quantity
from nasframe.files.yaml_text import dump_inline
from nasframe.report import facts
from nasframe.report.html.markup import Child, Markup, tag
from nasframe.report.html.tables import folded, table
from nasframe.report.record import RunRecord

_LONGEST = 300
_NAMES_OF_COST = {"params": "trainable parameters", "macs": "multiply-adds", "size": "input size in pixels"}


def cost(record: RunRecord) -> Iterator[Markup]:
    """What the network costs, and how long each phase took."""
    if record.cost:
        rows = [(_NAMES_OF_COST.get(key, key), _amount(key, value)) for key, value in record.cost.items()]
        yield table(("cost", "value"), rows, 1, "Cost of the retrained network")
    found = facts.phases(record)
    if found:
        each = [words.duration(phase.seconds / phase.steps) if phase.steps else words.NOTHING for phase in found]
        times = [
            (phase.name, f"{phase.steps:,}", words.duration(phase.seconds), step, str(phase.resumed))
            for phase, step in zip(found, each, strict=True)
        ]
        yield table(("phase", "steps", "time", "per step", "times resumed"), times, 1, "Time of each phase")


def values(record: RunRecord) -> Iterator[Markup]:
    """Every value of the experiment: what was written, what differs in retraining, and the defaults."""
    if not record.experiment:
        return
    all_values = leaves(record.experiment)
    own = {path: value for path, value in all_values.items() if not path.startswith("retrain.")}
    if not record.origins:
        yield tag("p", "The run has not noted where its values were written.", class_="note")
        yield _table(own, record.origins, "Every value")
    else:
        written = {path: value for path, value in own.items() if record.origins.get(path) != DEFAULT}
        rest = {path: value for path, value in own.items() if path not in written}
        yield tag("h3", "Written for this run")
        yield _table(written, record.origins, "Values that were written")
        if rest:
            defaults = "its default" if len(rest) == 1 else "their defaults"
            title = f"{quantity(len(rest), 'value')} left at {defaults}"
            yield folded(title, _table(rest, record.origins, title), unfold_in_print=True)
    changed = {path: value for path, value in all_values.items() if _differs(path, value, own)}
    if changed:
        yield tag("h3", "Different in retraining")
        yield _table(changed, record.origins, "Values that differ in retraining")


def surroundings(record: RunRecord) -> Iterator[Markup]:
    """Versions, device, and what the evaluator noted."""
    noted = {key: value for key, value in record.environment.items() if key != "plugins" and value is not None}
    plugins = [plugin for plugin in record.environment.get("plugins") or [] if isinstance(plugin, dict)]
    rows = [(key, str(value)) for key, value in noted.items()]
    rows += [(str(plugin.get("distribution")), str(plugin.get("version"))) for plugin in plugins]
    if rows:
        yield tag("h3", "Ran on")
        yield table(("what", "value"), rows, caption="Versions and device")
    if record.evaluator:
        facts_told = [(path, _written(value)) for path, value in leaves(record.evaluator).items()]
        told = table(("fact", "value"), facts_told, caption="What the evaluator recorded")
        yield folded("What the evaluator recorded", told, unfold_in_print=True)


def _table(chosen: Mapping[str, Any], origins: Mapping[str, Any], caption: str) -> Markup:
    rows: list[Sequence[Child]] = []
    for path, value in chosen.items():
        origin = (_origin(origins.get(path)),) if origins else ()
        rows.append((tag("code", path), tag("code", _written(value)), *origin))
    columns = ("key", "value", "written in") if origins else ("key", "value")
    return tag("div", table(columns, rows, caption=caption), class_="values")


def _origin(origin: object) -> Child:
    if origin is None:
        return words.NOTHING
    return DEFAULT if origin == DEFAULT else tag("code", str(origin))


def _differs(path: str, value: Any, own: Mapping[str, Any]) -> bool:
    head, _, rest = path.partition(".")
    return head == "retrain" and bool(rest) and (rest not in own or own[rest] != value)


def _written(value: Any) -> str:
    text = dump_inline(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(value)} in all)"


def _amount(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return (" × " if key == "size" else ", ").join(str(item) for item in value)
    exact = words.number(value)
    large = isinstance(value, int | float) and abs(value) >= 1e6
    return f"{exact} ({words.amount(value)})" if large else exact

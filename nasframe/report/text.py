"""The sections of the report; a section without data is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nasframe.experiment.experiment import leaves
from nasframe.files import words
from nasframe.files.yaml_text import dump
from nasframe.plot.canvas import readable
from nasframe.report import facts, ledger, within_bounds
from nasframe.report import markdown as md
from nasframe.report.figures import Figures
from nasframe.report.record import RunRecord
from nasframe.runfolder.listing import state_of

_PARTS = ("space", "strategy", "evaluator")
_KEY_OPTIONS = 10
_FOLDED_FROM = 40
_LONG_LIST = 4


def head(record: RunRecord) -> Iterator[str]:
    """Title, state, result."""
    yield f"# {md.escaped(str(record.experiment.get('name', record.folder.name)))}"
    status = record.status
    state = f"**{md.escaped(state_of(record.folder, status)) if 'state' in status else 'state unknown'}**"
    if all(status.get(key) is not None for key in ("phase", "step", "steps")):
        steps = words.quantity(status["steps"], "step")
        state += (
            f" in the {md.escaped(str(status['phase']))} phase, {md.escaped(words.number(status['step']))} of {steps}"
        )
    if status.get("state") == "done":
        state = "**done**"
    yield f"State of the run: {state}."
    if status.get("reason"):
        yield md.fenced(str(status["reason"]))
    if found := facts.result(record):
        stage = f"{md.escaped(found.stage)}: " if found.stage else ""
        yield f"> Result: {stage}" + " · ".join((f"**{md.escaped(found.score)}**", *map(md.escaped, found.details)))
    if facts.selected_on_val(record):
        yield f"> **Warning.** {facts.SELECTED_ON_VAL}"
    if changed := facts.changed_on_the_way(record):
        yield f"> **Warning.** {md.escaped(changed)}"
    for remark in facts.remarks_on_data(record):
        yield f"> **Warning.** {md.escaped(remark)}"
    if sure := record.certainty:
        verdict, *rest = sure.sentences()
        yield f"> **{md.escaped(verdict)}** {md.escaped(' '.join(rest))}"
    if bounded := list(within_bounds.sentences(record.bounds)):
        yield f"> {md.escaped(' '.join(bounded))}"


def what_was_run(record: RunRecord) -> Iterator[str]:
    """Components and their options, seed, versions, data."""
    if record.experiment:
        yield "## What was run"
        yield md.table(("part", "component", "options"), _components(record.experiment))
    facts_line = [f"{key} {record.experiment[key]}" for key in ("seed",) if key in record.experiment]
    facts_line += [
        f"{key} {record.environment[key]}"
        for key in ("device", "precision", "threads", "python", "torch", "nasframe", "platform")
        if record.environment.get(key) is not None
    ]
    supernet = record.environment.get("supernet")
    facts_line += [f"{key} {value}" for key, value in supernet.items()] if isinstance(supernet, dict) else []
    plugins = record.environment.get("plugins") or []
    facts_line += [f"{plugin['distribution']} {plugin['version']}" for plugin in plugins if isinstance(plugin, dict)]
    if facts_line:
        yield " · ".join(map(md.escaped, facts_line))
    if record.evaluator:
        yield md.folded("What the evaluator recorded", md.table(("fact", "value"), _summary(record.evaluator)))
    if record.experiment:
        written = dump(record.experiment)
        yield md.folded("The whole experiment, every default written out", md.fenced(written, "yaml"))


def times(record: RunRecord) -> Iterator[str]:
    """How long each phase took."""
    found = facts.phases(record)
    if not found:
        return
    rows = [
        (
            phase.name,
            f"{phase.steps:,}",
            words.duration(phase.seconds),
            words.duration(phase.seconds / phase.steps) if phase.steps else words.NOTHING,
            str(phase.resumed),
        )
        for phase in found
    ]
    yield "## Time"
    yield md.table(("phase", "steps", "time", "per step", "times resumed"), rows, numbers_from=1)


def what_was_found(record: RunRecord, figures: Figures) -> Iterator[str]:
    """Path and cells, in pictures and in words."""
    if figures.trellis or figures.cells:
        yield "## What was found" if record.genotype is not None else "## The search space"
    if figures.trellis:
        yield from _path(record, figures.trellis)
    for name, path in figures.cells.items():
        title = readable(name) if "cell" in name else f"{readable(name)} cell"
        yield f"### {md.escaped(title.capitalize())}"
        yield md.figure(f"{title}: inputs left, blocks with their operations, output right", path)
        if record.genotype is not None:
            yield from _blocks(facts.blocks(record.genotype, name))
            if output := facts.output(record.genotype, name):
                yield md.sentence(output)


def search(record: RunRecord, figures: Figures) -> Iterator[str]:
    """Curves and weights of the search, and the comparison of what it named."""
    named = facts.finalists(record)
    if "search" in figures.curves or figures.operations or figures.weights or named:
        yield "## The search"
    if named:
        yield f"### {named.title}"
        yield named.note
        yield md.table(named.columns, named.rows, numbers_from=1)
    if "search" in figures.curves:
        yield md.figure("Curves of the search", figures.curves["search"])
    if figures.weights:
        yield "How the mixing weights went, from snapshot to snapshot:"
        yield md.figure("Entropy and mean weights over the snapshots", figures.weights)
    for name, path in figures.operations.items():
        yield f"Weights of the operations on the edges of the {md.escaped(readable(name))}, in the last snapshot" + (
            " (framed: chosen):" if record.genotype is not None else ":"
        )
        yield md.figure(f"Weights of operations, {name}", path)


def retraining(record: RunRecord, figures: Figures) -> Iterator[str]:
    """Curves, numbers, tables and pictures of the retrained network."""
    if not ("retrain" in figures.curves or record.metrics or record.pictures or record.ledger):
        return
    yield "## Retraining"
    if started := facts.start(record):
        yield started
    if "retrain" in figures.curves:
        yield md.figure("Curves of the retraining", figures.curves["retrain"])
    if found := facts.metric_table(record):
        yield md.table(found.columns, found.rows, numbers_from=1)
    for name, table in record.metrics.get("tables", {}).items():
        yield f"### {md.escaped(readable(name).capitalize())}"
        if name in figures.confusion:
            yield "Of each true class (row), the percentage that was predicted as each class (column):"
            yield md.figure(f"Table {name} as shares of its rows", figures.confusion[name])
        else:
            yield _table(table)
    if gaps := ledger.table(record):
        yield f"### {gaps.title}"
        yield gaps.note
        yield md.table(gaps.columns, gaps.rows, numbers_from=1)
    if record.pictures:
        yield "### Pictures"
        for picture in record.pictures:
            yield md.figure(readable(picture.stem), record.layout.name(picture))


def missing(record: RunRecord, figures: Figures) -> Iterator[str]:
    """What the report would have shown, and why it does not."""
    absent = absences(record, trellis=bool(figures.trellis), weights=bool(figures.operations or figures.weights))
    if absent:
        yield "## Not in this report"
        yield "\n".join(f"- {md.sentence(reason)}" for reason in absent)


def absences(record: RunRecord, *, trellis: bool, weights: bool) -> list[str]:
    """What a report cannot show, and why.

    Args:
        record: of the run.
        trellis: whether a trellis could be drawn.
        weights: whether any weights of operations or moves could be.
    """
    absent = list(record.faults)
    files = record.layout
    absent += [f"`{files.name(path)}` is not there" for path in (files.experiment, files.status) if not path.is_file()]
    if not record.events:
        absent.append("No curves and no times: there are no events.")
    if record.genotype is None:
        absent.append("No genotype: the search has not come to its end.")
    if record.graph is None and record.genotype is None:
        absent.append("No pictures of the space: there is no `graph.json`.")
    elif not trellis:
        absent.append("No trellis: the space has no states to move between.")
    if not record.snapshots:
        absent.append("No weights: the strategy has kept no snapshots.")
    elif not weights:
        absent.append("No weights: the snapshots hold none that the space's graph refers to.")
    if not record.metrics:
        asked = record.experiment.get("retrain") is not None
        absent.append(
            "No score: the retraining has not come to its end." if asked else "No retraining: none was asked for."
        )
    return absent


def _components(experiment: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in _PARTS:
        options = _flat(experiment.get(name) or {})
        kind = options.pop("type", words.NOTHING)
        yield name, md.code(kind), _options(options)
    retrain = experiment.get("retrain") or {}
    for name in _PARTS:
        before, after = _flat(experiment.get(name) or {}), _flat(retrain.get(name) or {})
        changed = {key: value for key, value in after.items() if key != "type" and before.get(key) != value}
        if changed:
            yield f"{name}, when retraining", "", _options(changed)


def _options(options: Mapping[str, Any]) -> md.Written:
    shown = [md.code(f"{key}: {_brief(value)}") for key, value in options.items() if value is not None]
    return md.Written(" ".join(shown[:_KEY_OPTIONS]) + (" …" if len(shown) > _KEY_OPTIONS else ""))


def _brief(value: Any) -> str:
    """A value as YAML writes it; of a long list only how long it is."""
    if isinstance(value, list):
        return words.quantity(len(value), "value") if len(value) > _LONG_LIST else f"[{', '.join(map(_brief, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(options: Any) -> dict[str, Any]:
    return leaves(options) if isinstance(options, Mapping) else {"": options}


def _summary(facts_by_name: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in _flat(facts_by_name).items():
        yield name, _brief(value) if isinstance(value, list) else words.number(value)


def _path(record: RunRecord, figure: str) -> Iterator[str]:
    yield md.figure("The trellis: layers from left to right, the finest level on top", figure)
    if record.genotype is None or (labels := facts.path_labels(record.genotype)) is None:
        return
    line = f"Path: {' → '.join(md.escaped(label) for label in labels)}."
    if record.last_weights is not None:
        probability = facts.path_probability(record.last_weights, record.genotype)
        line += f" The product of its moves' weights is {probability:.3g}." if probability is not None else ""
    yield line


def _blocks(found: Mapping[str, Sequence[facts.Entry]]) -> Iterator[str]:
    if not found:
        return
    most = max(len(entries) for entries in found.values())
    numbers = [f" {i + 1}" if most > 1 else "" for i in range(most)]
    columns = ["block", *(f"{word}{number}" for number in numbers for word in ("input", "operation"))]
    rows = []
    for block, entries in found.items():
        cells = [cell for entry in entries for cell in (entry.source, md.code(entry.operation))]
        rows.append([block, *cells, *[""] * (2 * (most - len(entries)))])
    yield md.table(columns, rows)


def _table(table: Mapping[str, Any]) -> str:
    columns = [str(column) for column in table["columns"]]
    rows = [
        [words.cell_text(value, column) for column, value in zip(columns, row, strict=False)] for row in table["rows"]
    ]
    text = md.table(columns, rows, numbers_from=1)
    return text if len(rows) < _FOLDED_FROM else md.folded(words.quantity(len(rows), "row"), text)

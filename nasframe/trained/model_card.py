"""The card beside an exported network: what it is, what it costs, how it scores, how its input is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nasframe
from nasframe.files import atomic
from nasframe.files.words import number
from nasframe.genotype import GenotypeRecord
from nasframe.runfolder.reading import RunReader
from nasframe.space import Task

LONGEST = 64
"""A list of more values is no fact for a card."""


def card(folder: Path, record: GenotypeRecord, task: Task, seed: int) -> dict[str, Any]:
    """All that a run folder knows of its retrained network, as plain data.

    Args:
        folder: the run's.
        record: the genotype with the options of the final network.
    """
    reader = RunReader(folder)
    files = reader.layout
    evaluator = reader.mapping(files.retrain_evaluator) or reader.mapping(files.evaluator)
    measured, environment = reader.mapping(files.metrics), reader.mapping(files.environment)
    preprocessing = {key: evaluator[key] for key in ("mean", "std") if key in evaluator}
    sides = ", H, W" if task.stride == 1 else f", H/{task.stride}, W/{task.stride}"
    output = f"(N, classes{sides if task.dense else ''})"
    return {
        "name": folder.name,
        "space": record.genotype.space,
        "genotype": record.genotype.to_dict()["decisions"],
        "source": record.source,
        "options": dict(record.options),
        "input": {
            "name": "image",
            "layout": f"(N, {task.in_channels}, H, W) float32",
            "values": "(x / 255 - mean) / std for each channel" if preprocessing else "as the evaluator makes them",
            **preprocessing,
        },
        "output": {
            "name": "logits",
            "layout": f"{output} float32, before softmax",
            "classes": evaluator.get("classes", task.num_classes),
        },
        "cost": reader.mapping(files.cost),
        "scores": {"score": measured.get("score"), **measured.get("metrics", {})},
        "data": {key: fact for key, value in evaluator.items() if (fact := _brief(value)) not in ({}, None)},
        "seed": seed,
        "versions": {**environment, "exported_by": f"nasframe {nasframe.__version__}"},
    }


def write_card(facts: Mapping[str, Any], path: Path) -> None:
    """Write a card as JSON and as Markdown, beside each other.

    Args:
        path: of the exported network, whose ending is replaced.
    """
    atomic.write_json(path.with_suffix(".json"), dict(facts))
    atomic.write_text(path.with_suffix(".md"), markdown(facts))


def markdown(facts: Mapping[str, Any]) -> str:
    """A card for people."""
    from nasframe.report import markdown as md

    about = f"A network of the space {md.code(facts['space'])}. {md.escaped(facts['source'])}".rstrip()
    lines = [f"# {md.escaped(facts['name'])}", "", about, ""]
    for title in ("files", "input", "output", "cost", "scores", "data", "options", "versions"):
        if facts.get(title):
            lines += [f"## {title.capitalize()}", "", *_rows(facts[title]), ""]
    lines += ["## Genotype", "", md.fenced(json.dumps(facts["genotype"], indent=1), "json"), ""]
    return "\n".join([*lines, f"Seed {facts['seed']}.", ""])


def _rows(facts: Mapping[str, Any]) -> list[str]:
    from nasframe.report import markdown as md

    rows = [f"| {md.escaped(key)} | {md.escaped(_shown(value))} |" for key, value in facts.items()]
    return ["| | |", "| --- | --- |", *rows]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_shown(inner)}" for key, inner in value.items())
    return number(value, digits=6)


def _brief(value: Any) -> Any:
    """The value without long lists; None where nothing is left."""
    if isinstance(value, list):
        return value if len(value) <= LONGEST else None
    if isinstance(value, Mapping):
        kept = {key: brief for key, inner in value.items() if (brief := _brief(inner)) not in ({}, None)}
        return kept or None
    return value

"""Which strategy stands in for one that chooses: asked before a run begins, and written as if the user had."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nasframe.errors import NasframeError, PluginError
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment
from nasframe.experiment.finalists import FINALISTS
from nasframe.experiment.terms import Terms, term_keys
from nasframe.files import yaml_text
from nasframe.files.words import first_line
from nasframe.plan.forecasting import MeasurePhase, forecast, in_own_process
from nasframe.plugin.registry import Registry
from nasframe.strategy import Circumstances, Deferring, Nominee

SECONDS = 4.0
"""About how long each kind of step is measured."""


def choose(
    experiment: Experiment, registry: Registry, say: Callable[[str], object], measure: MeasurePhase | None = None
) -> Experiment:
    """The experiment with the strategy that its own stands for; itself where that chooses nothing.

    Args:
        say: gets the reason as a sentence.
        measure: how a few steps of a search are measured; None: in a process of its own.

    Raises:
        NasframeError: what is chosen cannot search here, or measuring raises what the search itself would.
    """
    part = experiment.strategy
    if part is None or not issubclass(part.cls, Deferring):
        return experiment
    measured = measure or partial(in_own_process, disabled=[plugin.name for plugin in registry.disabled])

    def seconds(strategy: Mapping[str, Any]) -> float:
        other = _with(experiment, Nominee(strategy, "", None), registry)
        return forecast(other, ["search"], seconds=SECONDS, measure=measured).phases[0].seconds

    finalists = experiment.finalists.count if experiment.finalists else 0
    given = Circumstances(partial(_refusal, experiment, registry), seconds, experiment.run.workers, finalists)
    choice = part.cls.choose(part.options, given)
    say(f"Strategy {part.component.name}: {choice.reason}.")
    return _with(experiment, choice, registry)


def _refusal(experiment: Experiment, registry: Registry, name: str) -> str | None:
    try:
        _with(experiment, Nominee({"type": name}, ""), registry)
    except NasframeError as error:
        return first_line(error)
    return None


def _with(experiment: Experiment, choice: Nominee, registry: Registry) -> Experiment:
    """The experiment with what was chosen.

    Raises:
        NasframeError: it is not installed, cannot search here, or does not know a key that the experiment has.
    """
    assert experiment.strategy is not None, "it chooses"
    name = str(choice.strategy["type"])
    known = term_keys(registry.get("strategy", name).value)
    defaults = Terms().model_dump(mode="json")
    data = experiment.resolved()
    unknown = [key for key in defaults if key in data and key not in known]
    for key in unknown:
        if data[key] != defaults[key]:
            raise PluginError(f"strategy {name!r} does not know the key {key!r} of this experiment")
        del data[key]
    data["strategy"] = dict(choice.strategy)
    data |= {FINALISTS: dict(choice.finalists)} if choice.finalists else {}
    with tempfile.TemporaryDirectory(prefix="nasframe-choose-") as folder:
        file = Path(folder) / "experiment.yaml"
        file.write_text(yaml_text.dump(data), encoding="utf-8")
        made = load(file, registry=registry)
    said = f"chosen by strategy {experiment.strategy.component.name!r}"
    origins = {path: experiment.origins.get(path, said) for path in made.origins}
    return replace(made, source=experiment.source, origins=origins)

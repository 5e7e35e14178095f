"""The values of proxies for the genotypes that signal trains; each is a line of a file, so a stop loses none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from nasframe.errors import CapabilityError
from nasframe.evidence.trials import Row
from nasframe.experiment.experiment import Experiment, Retrain
from nasframe.files import atomic
from nasframe.files.words import first_line
from nasframe.genotype import Genotype
from nasframe.plugin.proxy import Proxy
from nasframe.plugin.registry import Registry
from nasframe.run.problems import make_problem, open_problems
from nasframe.strategy import Problem
from nasframe.training.seeding import seed_all

FREE, ALL, NONE = "free", "all", "none"
"""Which proxies are asked: those that train nothing; all whose needs are met; none. Else their names."""
FILE = "proxies.jsonl"


@final
@dataclass(frozen=True)
class ProxyValue:
    """What a proxy gives for a genotype with a seed."""

    proxy: str
    number: int
    """Of the genotype, from 0."""
    seed: int
    """From 0."""
    value: float


@final
@dataclass(frozen=True)
class ProxyValues:
    """What all proxies give."""

    values: Mapping[str, Mapping[int, float]]
    """By proxy and by the number of the genotype, the mean over the seeds."""
    failures: tuple[str, ...] = ()
    """Which proxies gave nothing, and why."""


def chosen_proxies(experiment: Experiment, registry: Registry, asked: str) -> dict[str, type[Proxy]]:
    """The proxies that are asked, by name.

    Raises:
        PluginError: there is none of that name.
        CapabilityError: the space and the evaluator do not have what one that was named needs.
    """
    parts = experiment.retrain or experiment
    named = asked not in (FREE, ALL, NONE)
    names = [name.strip() for name in asked.split(",")] if named else registry.names("proxy")
    found = {name: registry.get("proxy", name).value for name in (() if asked == NONE else names)}
    lacking = {name: missing for name, proxy in found.items() if (missing := _lacking(parts, proxy))}
    if named and lacking:
        name, missing = next(iter(lacking.items()))
        raise CapabilityError(
            f"proxy {name!r} needs {' and '.join(missing)}, which neither space {parts.space.component.name!r} nor "
            f"evaluator {parts.evaluator.component.name!r} is; leave it out, or ask --proxies all for those that fit"
        )
    fitting = {name: proxy for name, proxy in found.items() if name not in lacking}
    return {name: proxy for name, proxy in fitting.items() if asked != FREE or not proxy.trains}


def measure_proxies(
    experiment: Experiment,
    proxies: Mapping[str, type[Proxy]],
    rows: Sequence[Row],
    folder: Path,
    say: Callable[[str], object],
) -> ProxyValues:
    """The values of proxies for trained genotypes, computed where the folder has none yet.

    A proxy that fails for one genotype is left out; that others fail does no harm.

    Raises:
        NasframeError: the data cannot be read.
    """
    path, parts = folder / FILE, experiment.retrain or experiment
    known = {(one.proxy, one.number, one.seed): one.value for one in _read(path)}
    genotypes = {row.number: Genotype.from_dict(row.genotype) for row in rows}
    seeds = sorted({row.seed for row in rows})
    failures: dict[str, str] = {}
    missing = {
        (name, seed): [number for number in genotypes if (name, number, seed) not in known]
        for seed in seeds
        for name in proxies
    }
    if any(missing.values()):
        with open_problems(experiment) as problems:
            for (name, seed), numbers in missing.items():
                if not numbers or name in failures:
                    continue
                where = replace(problems.runtime, seed=experiment.seed + seed)
                asked = _Asked(name, proxies[name], make_problem(parts.space, parts.evaluator, where))
                try:
                    for number in numbers:
                        value = asked.value(number, genotypes[number])
                        known[name, number, seed] = value
                        atomic.append_json(path, asdict(ProxyValue(name, number, seed, value)))
                except Exception as error:  # whatever a stranger's proxy raises, the others are worth having
                    failures[name] = f"{name}, for genotype {number + 1}: {first_line(error)}"
                    say(f"proxy {failures[name]}")
    whole = [name for name in proxies if all((name, number, seed) in known for number in genotypes for seed in seeds)]
    means = {
        name: {number: float(np.mean([known[name, number, seed] for seed in seeds])) for number in genotypes}
        for name in whole
    }
    return ProxyValues(means, tuple(failures.values()))


class _Asked:
    """A proxy of one seed, made when its first value is wanted."""

    def __init__(self, name: str, cls: type[Proxy], problem: Problem) -> None:
        self._name = name
        self._cls = cls
        self._problem = problem
        self._proxy: Proxy | None = None

    def value(self, number: int, genotype: Genotype) -> float:
        """Raises: ValueError: it is not finite."""
        seed = self._problem.runtime.seed
        if self._proxy is None:
            seed_all(seed, "proxy", self._name)
            self._proxy = self._cls(self._problem, self._cls.Options())
        seed_all(seed, "proxy", self._name, number)
        value = float(self._proxy.value(genotype))
        if not np.isfinite(value):
            raise ValueError(f"its value is {value}")
        return value


def _lacking(parts: Experiment | Retrain, proxy: type[Proxy]) -> list[str]:
    owners = (parts.space.cls, parts.evaluator.cls)
    return [need.__name__ for need in proxy.needs if not any(issubclass(owner, need) for owner in owners)]


def _read(path: Path) -> list[ProxyValue]:
    return [ProxyValue(**line) for line in atomic.read_json_lines(path)]

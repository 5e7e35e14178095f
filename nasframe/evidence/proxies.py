"""The values of proxies for the genotypes that signal trains; each is a line of a file, so a stop loses none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from nasframe.errors import CapabilityError
from nasframe.evidence.trials import Row
from nasframe.experiment.experiment import Experiment
from nasframe.files import atomic
from nasframe.files.words import first_line
from nasframe.genotype import Genotype
from nasframe.plugin.needs import lacking
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
    partners = parts.space.cls, parts.evaluator.cls
    unmet = {name: needs for name, proxy in found.items() if (needs := lacking(*partners, proxy))}
    if named and unmet:
        name, needs = next(iter(unmet.items()))
        wanted = " and ".join(need.__name__ for need in needs)
        raise CapabilityError(
            f"proxy {name!r} needs {wanted}, which neither space {parts.space.component.name!r} nor "
            f"evaluator {parts.evaluator.component.name!r} is; leave it out, or ask --proxies all for those that fit"
        )
    fitting = {name: proxy for name, proxy in found.items() if name not in unmet}
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
    parts, kept = experiment.retrain or experiment, _Kept(folder / FILE)
    genotypes = {row.number: Genotype.from_dict(row.genotype) for row in rows}
    seeds = sorted({row.seed for row in rows})
    missing = {seed: names for seed in seeds if (names := [n for n in proxies if kept.missing(n, genotypes, seed)])}
    failures: dict[str, str] = {}
    if missing:
        with open_problems(experiment) as problems:
            for seed, names in missing.items():
                where = replace(problems.runtime, seed=experiment.seed + seed)
                problem = make_problem(parts.space, parts.evaluator, where)
                for name in [name for name in names if name not in failures]:
                    if failure := _complete(proxies[name], problem, seed, genotypes, kept):
                        failures[name] = failure
                        say(f"proxy {failure}")
    known = kept.values
    whole = [name for name in proxies if all((name, number, seed) in known for number in genotypes for seed in seeds)]
    means = {
        name: {number: float(np.mean([known[name, number, seed] for seed in seeds])) for number in genotypes}
        for name in whole
    }
    return ProxyValues(means, tuple(failures.values()))


class _Kept:
    """The values in a file, by proxy, genotype and seed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        told = (ProxyValue(**line) for line in atomic.read_json_lines(path))
        self.values = {(one.proxy, one.number, one.seed): one.value for one in told}

    def add(self, one: ProxyValue) -> None:
        self.values[one.proxy, one.number, one.seed] = one.value
        atomic.append_json(self._path, asdict(one))

    def missing(self, name: str, numbers: Iterable[int], seed: int) -> list[int]:
        """The genotypes, of these, for which a proxy has no value."""
        return [number for number in numbers if (name, number, seed) not in self.values]


def _complete(cls: type[Proxy], problem: Problem, seed: int, genotypes: Mapping[int, Genotype], kept: _Kept) -> str:
    """Compute what is missing of a proxy with a seed; why it gave nothing, or an empty text."""
    numbers = kept.missing(cls.name, genotypes, seed)
    number, base = numbers[0], problem.runtime.seed
    try:
        seed_all(base, "proxy", cls.name)
        proxy = cls(problem, cls.Options())
        for number in numbers:
            seed_all(base, "proxy", cls.name, number)
            value = float(proxy.value(genotypes[number]))
            if not np.isfinite(value):
                raise ValueError(f"its value is {value}")
            kept.add(ProxyValue(cls.name, number, seed, value))
    except Exception as error:  # whatever a stranger's proxy raises, the others are worth having
        return f"{cls.name}, for genotype {number + 1}: {first_line(error)}"
    return ""

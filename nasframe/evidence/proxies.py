"""The values of proxies for the genotypes that signal trains; each is a line of a file, so a stop loses none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import final

import numpy as np

from nasframe.errors import CapabilityError
from nasframe.evaluator import Runtime
from nasframe.evidence.settled import fingerprint
from nasframe.evidence.trials import Row
from nasframe.experiment.experiment import Experiment, Retrain
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
    under: str = ""
    """Fingerprint of the options with which it stands in for a search; empty: it does not, and has its defaults."""


@final
@dataclass(frozen=True)
class ProxyValues:
    """What all proxies give."""

    values: Mapping[str, Mapping[int, float]]
    """By proxy and by the number of the genotype, the mean over the seeds."""
    failures: tuple[str, ...] = ()
    """Which proxies gave nothing, and why."""
    searches: Mapping[str, int] = field(default_factory=dict)
    """The proxies by which the experiment's search chooses, and among how many genotypes."""
    by_seed: Mapping[str, Mapping[int, Sequence[float]]] = field(default_factory=dict)
    """Of these, by the number of the genotype, the value with each seed: a search has but one."""


def chosen_proxies(experiment: Experiment, registry: Registry, asked: str) -> dict[str, type[Proxy]]:
    """The proxies that are asked, by name.

    Raises:
        PluginError: there is none of that name.
        CapabilityError: the space and the evaluator do not have what one that was named needs.
    """
    named = asked not in (FREE, ALL, NONE)
    names = [name.strip() for name in asked.split(",")] if named else registry.names("proxy")
    found = {name: registry.get("proxy", name).value for name in (() if asked == NONE else names)}
    unmet = {name: needs for name, proxy in found.items() if (needs := _Asked(experiment, proxy).unmet)}
    if named and unmet:
        name, needs = next(iter(unmet.items()))
        wanted = " and ".join(need.__name__ for need in needs)
        parts = _Asked(experiment, found[name]).parts
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

    One that stands in for the experiment's search is computed under its options, with its space and evaluator. A proxy
    that fails for one genotype is left out; that others fail does no harm.

    Raises:
        NasframeError: the data cannot be read.
    """
    kept = _Kept(folder / FILE)
    genotypes = {row.number: Genotype.from_dict(row.genotype) for row in rows}
    seeds = sorted({row.seed for row in rows})
    asked = {name: _Asked(experiment, proxy) for name, proxy in proxies.items()}
    session = _Session(genotypes, kept, say)
    missing = {seed: [one for one in asked.values() if kept.missing(one, genotypes, seed)] for seed in seeds}
    if any(missing.values()):
        with open_problems(experiment) as problems:
            for seed, lacking_some in missing.items():
                session.complete(lacking_some, replace(problems.runtime, seed=experiment.seed + seed), seed)
    found = {name: values for name, one in asked.items() if (values := kept.by_seed(one, genotypes, seeds))}
    means = {name: {number: float(np.mean(some)) for number, some in values.items()} for name, values in found.items()}
    stand_ins = {name: one.stand_in for name, one in asked.items() if name in found and one.stand_in}
    searches = {name: one.candidates for name, one in stand_ins.items()}
    return ProxyValues(means, tuple(session.failures.values()), searches, {name: found[name] for name in searches})


@final
class _Asked:
    """A proxy with what an experiment makes of it."""

    def __init__(self, experiment: Experiment, cls: type[Proxy]) -> None:
        strategy = experiment.strategy
        self.cls = cls
        self.name = cls.name
        self.stand_in = cls.standing_in(strategy.cls, strategy.options) if strategy else None
        self.parts: Experiment | Retrain = experiment if self.searches else experiment.retrain or experiment

    @property
    def searches(self) -> bool:
        """Whether it gives the numbers by which the experiment's search chooses."""
        return self.stand_in is not None

    @property
    def unmet(self) -> list[type]:
        """What it needs that neither the space nor the evaluator is."""
        return lacking(self.parts.space.cls, self.parts.evaluator.cls, self.cls)

    @property
    def under(self) -> str:
        """The fingerprint of its options; empty: the default ones."""
        return fingerprint(self.stand_in.options.model_dump(mode="json")) if self.stand_in else ""

    def problem(self, where: Runtime) -> Problem:
        """What it is computed on. Args: where: in the phase of retraining."""
        phase = replace(where, phase="search") if self.searches else where
        return make_problem(self.parts.space, self.parts.evaluator, phase)

    def make(self, problem: Problem) -> Proxy:
        """The proxy, with its options."""
        return self.cls(problem, self.stand_in.options if self.stand_in else self.cls.Options())


class _Kept:
    """The values in a file, by proxy, fingerprint of its options, genotype and seed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        told = atomic.read_json_lines(path, lambda line: ProxyValue(**line))
        self._values = {(one.proxy, one.under, one.number, one.seed): one.value for one in told}

    def add(self, one: ProxyValue) -> None:
        self._values[one.proxy, one.under, one.number, one.seed] = one.value
        atomic.append_row(self._path, asdict(one))

    def missing(self, asked: _Asked, numbers: Iterable[int], seed: int) -> list[int]:
        """The genotypes, of these, for which a proxy has no value."""
        return [number for number in numbers if (asked.name, asked.under, number, seed) not in self._values]

    def by_seed(self, asked: _Asked, numbers: Iterable[int], seeds: Sequence[int]) -> dict[int, list[float]]:
        """A proxy's values of each genotype; empty where one is missing."""
        keys = {number: [(asked.name, asked.under, number, seed) for seed in seeds] for number in numbers}
        if any(key not in self._values for of_genotype in keys.values() for key in of_genotype):
            return {}
        return {number: [self._values[key] for key in some] for number, some in keys.items()}


@final
class _Session:
    """What computes the values that are missing."""

    def __init__(self, genotypes: Mapping[int, Genotype], kept: _Kept, say: Callable[[str], object]) -> None:
        self._genotypes = genotypes
        self._kept = kept
        self._say = say
        self.failures: dict[str, str] = {}
        """By proxy why it gave nothing."""

    def complete(self, proxies: Iterable[_Asked], where: Runtime, seed: int) -> None:
        """Compute what is missing with a seed; a proxy that has failed is not asked again.

        Args:
            where: in the phase of retraining, with the experiment's seed for that ``seed``.
        """
        problems: dict[bool, Problem] = {}
        for one in proxies:
            if one.name in self.failures:
                continue
            if one.searches not in problems:
                problems[one.searches] = one.problem(where)
            if one.searches:
                self._say(f"proxy {one.name}, as this experiment's search has it, seed {seed}")
            if failure := self._failure(one, problems[one.searches], seed):
                self.failures[one.name] = failure
                self._say(f"proxy {failure}")

    def _failure(self, one: _Asked, problem: Problem, seed: int) -> str:
        """Compute the values of a proxy; why it gave nothing, or an empty text."""
        numbers = self._kept.missing(one, self._genotypes, seed)
        number, base = numbers[0], problem.runtime.seed
        try:
            seed_all(base, "proxy", one.name)
            proxy = one.make(problem)
            for number in numbers:
                seed_all(base, "proxy", one.name, number)
                value = float(proxy.value(self._genotypes[number]))
                if not np.isfinite(value):
                    raise ValueError(f"its value is {value}")
                self._kept.add(ProxyValue(one.name, number, seed, value, one.under))
        except Exception as error:  # whatever a stranger's proxy raises, the others are worth having
            return f"{one.name}, for genotype {number + 1}: {first_line(error)}"
        return ""

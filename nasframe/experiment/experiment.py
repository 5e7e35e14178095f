"""The experiment: a space, an evaluator and a strategy or a genotype, with checked options, read from a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, field_validator

from nasframe.evaluator import Evaluator
from nasframe.experiment.given_genotype import KEY
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import Part
from nasframe.experiment.term_check import term_keys
from nasframe.experiment.terms import Terms
from nasframe.files.variables import escape
from nasframe.genotype import GenotypeRecord
from nasframe.options import Options
from nasframe.space import SearchSpace
from nasframe.strategy import Strategy


class Identity(Options):
    """What distinguishes one experiment from another with the same parts."""

    name: str = Field(max_length=100)
    r"""Name of the experiment, with which its runs' folders begin: no / or \; default: the file's name."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of all random numbers, from 0 to 4294967295."""

    @field_validator("name")
    @classmethod
    def _can_be_a_folder(cls, name: str) -> str:
        if not re.fullmatch(r"[^./\\\s][^/\\\x00-\x1f]*", name):
            raise ValueError("a name cannot start with '.' or a space, nor hold '/', '\\' or a line break")
        return name


@dataclass(frozen=True)
class Retrain:
    """The parts of retraining: the search's with the overrides applied."""

    space: Part[SearchSpace]
    evaluator: Part[Evaluator]
    weights: str | None = None
    """File of weights to start from, as an absolute path; None: from random ones."""


@dataclass(frozen=True)
class Experiment:
    """Everything that a run needs to know; no data was touched and nothing was built."""

    name: str
    seed: int
    space: Part[SearchSpace]
    evaluator: Part[Evaluator]
    strategy: Part[Strategy] | None
    """None: the genotype is given."""
    genotype: GenotypeRecord | None
    """None: the strategy searches it."""
    retrain: Retrain | None
    """None: the genotype is not retrained."""
    terms: Terms | None
    """On what terms candidates are evaluated; None: the strategy proposes none."""
    run: RunOptions
    source: str = field(compare=False)
    """The file it was read from."""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By the path of each resolved value where it was written; see ``nasframe.experiment.origins``."""

    def resolved(self) -> dict[str, Any]:
        """Plain data with every default written out; written as YAML it is a file of an equal experiment."""
        parts: dict[str, Part[Any] | None] = {
            "space": self.space,
            "evaluator": self.evaluator,
            "strategy": self.strategy,
        }
        retrain: dict[str, Any] | None = None
        if self.retrain is not None:
            retrain = {"space": self.retrain.space.written(), "evaluator": self.retrain.evaluator.written()}
            retrain |= {"weights": self.retrain.weights} if self.retrain.weights else {}
        given = {"source": self.genotype.source, **self.genotype.genotype.to_dict()} if self.genotype else None
        resolved = {
            "name": self.name,
            "seed": self.seed,
            **{key: {"type": part.component.name, **part.written()} for key, part in parts.items() if part},
            **({KEY: given} if given else {}),
            **(self.terms.model_dump(mode="json", include=self._term_keys()) if self.terms else {}),
            "retrain": retrain,
            "run": self.run.model_dump(mode="json"),
        }
        return {key: escape(value) for key, value in resolved.items()}

    def _term_keys(self) -> set[str]:
        return set(term_keys(self.strategy.cls)) if self.strategy else set()

"""What a run needs to know: a space, an evaluator, a strategy or a genotype, each with checked options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, field_validator

from nasframe.evaluator import Evaluator
from nasframe.experiment.finalists import FINALISTS, Finalists
from nasframe.experiment.given_genotype import GENOTYPE
from nasframe.experiment.ledger import LEDGER, Ledger
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import Part
from nasframe.experiment.terms import Terms, term_keys
from nasframe.experiment.variables import escape
from nasframe.files.yaml_text import Value, join
from nasframe.genotype import GenotypeRecord
from nasframe.options import Options
from nasframe.plugin.engine import Engine
from nasframe.space import SearchSpace
from nasframe.strategy import Strategy

SUPERNET = "supernet"
"""What ``retrain.weights`` says to start from what the search has learned."""
DEFAULT = "default"
"""The origin of a value that nobody wrote."""


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
    """File of weights to start from, as an absolute path; None: from random ones, or from the supernet's."""
    inherits: bool = False
    """Whether it starts from what the search's supernet has learned."""


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
    """On what terms networks are found; None: the strategy has none."""
    run: RunOptions
    engine: type[Engine] | None
    """What evaluates candidates; None: there are none."""
    finalists: Finalists | None
    """How the best that the strategy names are compared; None: its best is what is found."""
    ledger: Ledger | None
    """What is lost between supernet and retrained network is measured; None: it is not."""
    source: str = field(compare=False)
    """The file it was read from."""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By the path of each resolved value where it was written; see ``origins``."""

    @property
    def inherits(self) -> bool:
        """Whether anything starts from what the search's supernet has learned."""
        return self.ledger is not None or (self.retrain is not None and self.retrain.inherits)

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
            weights = SUPERNET if self.retrain.inherits else self.retrain.weights
            retrain |= {"weights": weights} if weights else {}
        given = {"source": self.genotype.source, **self.genotype.genotype.to_dict()} if self.genotype else None
        resolved = {
            "name": self.name,
            "seed": self.seed,
            **{key: {"type": part.component.name, **part.written()} for key, part in parts.items() if part},
            **({GENOTYPE: given} if given else {}),
            **(self.terms.model_dump(mode="json", include=self._term_keys()) if self.terms else {}),
            **({FINALISTS: self.finalists.model_dump(mode="json")} if self.finalists else {}),
            **({LEDGER: self.ledger.model_dump(mode="json")} if self.ledger else {}),
            "retrain": retrain,
            "run": self.run.model_dump(mode="json"),
        }
        return {key: escape(value) for key, value in resolved.items()}

    def _term_keys(self) -> set[str]:
        return set(term_keys(self.strategy.cls)) if self.strategy else set()


def origins(resolved: Mapping[str, Any], tree: Value) -> dict[str, str]:
    """The origin of every value, by its path: ``file:line:column``, ``--set KEY=VALUE`` or ``default``.

    What retraining takes over from the search has the search's origin.

    Args:
        resolved: an experiment as plain data with every default written out.
        tree: what was written, merged; see ``nasframe.experiment.composition``.
    """
    return {path: str(value.place) if value else DEFAULT for path, value in _written(resolved, _filled(tree), "")}


def leaves(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, under dotted paths; lists and empty mappings are values."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        path = join(prefix, str(key))
        flat |= leaves(value, path) if isinstance(value, Mapping) and value else {path: value}
    return flat


def _written(data: Any, value: Value | None, path: str) -> list[tuple[str, Value | None]]:
    """Each leaf of the data with the innermost value that was written for it."""
    if not isinstance(data, Mapping) or not data:
        return [(path, value)]
    found: list[tuple[str, Value | None]] = []
    for key, inner in data.items():
        # A mapping may be written by a shorter form, a number say: then all of it comes from there.
        below = value.members.get(key) if value and isinstance(value.data, dict) else value
        found += _written(inner, below, join(path, str(key)))
    return found


def _filled(tree: Value) -> Value:
    """The experiment with the retraining's sections as the search's with the overrides merged over them."""
    top = dict(tree.members)
    retrain = top.get("retrain")
    if retrain is not None and retrain.data is None:
        return tree
    overrides = retrain.members if retrain is not None else {}
    sections = {}
    for name in ("space", "evaluator"):
        base, overlay = top.get(name), overrides.get(name)
        if base is not None:
            own = overlay is not None and isinstance(overlay.data, dict)
            sections[name] = base.merge(overlay) if own and overlay is not None else base
    return Value({**top, "retrain": Value({**overrides, **sections}, tree.place, tree.key)}, tree.place, tree.key)

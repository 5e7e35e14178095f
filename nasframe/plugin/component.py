"""What a plug-in declares: a component, by the place where it can be imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["space", "strategy", "evaluator", "engine", "proxy", "genotype", "check"]


@dataclass(frozen=True)
class Component:
    """One thing that a plug-in offers, declared lazily: nothing is imported until it is used."""

    kind: Kind
    """``engine``: what evaluates the candidates of a search; its target is a ``nasframe.plugin.engine.Engine``.
    ``proxy``: what may rank candidates; its target is a ``nasframe.plugin.proxy.Proxy``.
    ``genotype``: a published architecture; its target is a ``GenotypeRecord``. ``check``: numbers that must come out;
    its target is a tuple of ``nasframe.plugin.golden.Golden``."""
    name: str
    """What an experiment file calls it: lower case, digits, ``_`` and ``-``."""
    target: str
    """``package.module:Object``."""
    summary: str
    """One line for ``nasframe plugins``."""

"""The genotypes that differ from one in a single decision."""

from __future__ import annotations

from collections.abc import Sequence

from nasframe import Genotype
from nasframe.genotype import Decides, Option, T, trace


def neighbours(space: Decides, genotype: Genotype) -> list[Genotype]:
    """Every genotype that has another answer to one decision, in the order of decisions and options.

    Later answers that become illegal are replaced by the decision's first option: a function of the genotype alone.
    """
    options: dict[str, Sequence[Option]] = {}

    def note(name: str, found: Sequence[T]) -> T:
        options[name] = found  # type: ignore[assignment]
        return genotype[name]  # type: ignore[no-any-return]

    trace(space, note)
    return [
        _changed(space, genotype, name, option)
        for name, found in options.items()
        for option in found
        if option != genotype[name]
    ]


def _changed(space: Decides, genotype: Genotype, target: str, answer: Option) -> Genotype:
    def choose(name: str, options: Sequence[T]) -> T:
        wanted = answer if name == target else genotype.answers.get(name)
        return wanted if wanted in options else options[0]  # type: ignore[return-value]

    return trace(space, choose)

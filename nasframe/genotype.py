"""Genotypes, and the operators that follow from a space's ``decide(choose)``.

A space asks its questions in program order. Giving it another ``choose`` turns the same questions into a
random draw, a mutation, a crossover, an enumeration, an encoding or a check, so no space writes any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from nasframe.errors import GenotypeError, listed

T = TypeVar("T")
"""The type of the options of one question."""

Option = str | int | float | bool | tuple[Any, ...]
"""One allowed answer: hashable, and plain enough to be written as YAML."""


class Choose(Protocol):
    """Answers one question: returns one of the options."""

    def __call__(self, name: str, options: Sequence[T], /) -> T: ...  # noqa: D102


class Decides(Protocol):
    """Whatever asks questions: a search space."""

    @property
    def name(self) -> str: ...  # noqa: D102

    def decide(self, choose: Choose, /) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Genotype:
    """One discrete architecture, as the answers to its space's questions.

    A value: hashable, comparable, and lossless through ``to_dict`` and YAML. The order is the order in which
    the questions were asked.
    """

    space: str
    decisions: tuple[tuple[str, Option], ...]

    @cached_property
    def answers(self) -> Mapping[str, Option]:
        """The answers by the decision's name."""
        return dict(self.decisions)

    def __getitem__(self, name: str) -> Any:
        """The answer to one decision.

        Raises:
            GenotypeError: there is no such decision.
        """
        if name not in self.answers:
            raise GenotypeError(
                f"this genotype of {self.space!r} has no decision {name!r}; it has {listed(self.answers, repr)}"
            )
        return self.answers[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for YAML or JSON; tuples become lists."""
        return {"space": self.space, "decisions": {name: _plain(answer) for name, answer in self.decisions}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Genotype:
        """The inverse of ``to_dict``. Legality is the business of ``validate``.

        Raises:
            GenotypeError: the data has not the form that ``to_dict`` writes.
        """
        decisions = data.get("decisions")
        if not isinstance(data.get("space"), str) or not isinstance(decisions, Mapping):
            raise GenotypeError(
                "a genotype has the keys 'space' (a name) and 'decisions' (a mapping); "
                f"found the keys {sorted(map(str, data))}"
            )
        return cls(str(data["space"]), tuple((str(name), _frozen(answer)) for name, answer in decisions.items()))


@dataclass(frozen=True)
class GenotypeRecord:
    """A genotype with the options of the space it belongs to: what a genotype file or a published name stands for."""

    genotype: Genotype
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """Where it comes from: a paper, a run."""
    reported: Mapping[str, Any] = field(default_factory=dict)
    """What its source says that its network costs, by the names of ``nasframe cost``, with the conditions."""
    note: str = ""
    """Why that differs from what is counted here."""


@dataclass(frozen=True)
class Answer:
    """One decision of an encoded genotype."""

    name: str
    index: int
    """Position of the answer among the options."""
    count: int
    """How many options there were."""


def trace(space: Decides, choose: Choose) -> Genotype:
    """The genotype that a space and a ``choose`` make together.

    Raises:
        GenotypeError: the space asks one question twice or one without options, or the answer is not an option.
    """
    asked: dict[str, Option] = {}

    def record(name: str, options: Sequence[T]) -> T:
        if name in asked:
            raise GenotypeError(f"space {space.name!r} asks the decision {name!r} twice; give each its own name")
        if not options:
            raise GenotypeError(f"space {space.name!r} asks the decision {name!r} with no options")
        answer = choose(name, options)
        if answer not in options:
            raise GenotypeError(f"decision {name!r} was answered {answer!r}; its options are {listed(options, repr)}")
        asked[name] = answer  # type: ignore[assignment]
        return answer

    space.decide(record)
    return Genotype(space.name, tuple(asked.items()))


def sample(space: Decides, rng: np.random.Generator) -> Genotype:
    """A genotype drawn at random: each decision uniformly among its options."""
    return trace(space, _random_choose(rng))


def mutate(space: Decides, parent: Genotype, rng: np.random.Generator, target: str | None = None) -> Genotype:
    """A genotype that differs from its parent in one decision, and where that makes others illegal.

    Earlier answers are repeated, the decision gets another of its options, later answers are repeated where they
    are still legal and drawn anew where not.

    Args:
        target: the decision, one with at least two options; None: drawn at random.

    Raises:
        GenotypeError: no decision has a second option, or the target has none.
    """
    open_decisions = [answer.name for answer in encode(space, parent) if answer.count > 1]
    if not open_decisions:
        raise GenotypeError(f"space {space.name!r} has no decision with more than one option: nothing to mutate")
    if target is None:
        target = open_decisions[int(rng.integers(len(open_decisions)))]
    if target not in open_decisions:
        raise GenotypeError(
            f"found no {target!r} among the decisions that have two options: {listed(open_decisions, repr)}"
        )
    draw = _random_choose(rng)

    def choose(name: str, options: Sequence[T]) -> T:
        inherited = parent.answers.get(name)
        if name == target:
            return draw(name, [option for option in options if option != inherited])
        return inherited if inherited in options else draw(name, options)  # type: ignore[return-value]

    return trace(space, choose)


def crossover(space: Decides, mother: Genotype, father: Genotype, rng: np.random.Generator) -> Genotype:
    """A genotype each of whose answers comes from one parent, drawn at random, where that is legal; else a new draw."""
    draw = _random_choose(rng)

    def choose(name: str, options: Sequence[T]) -> T:
        parents = (mother, father) if rng.random() < 0.5 else (father, mother)
        for parent in parents:
            if name in parent.answers and parent.answers[name] in options:
                return parent.answers[name]  # type: ignore[return-value]
        return draw(name, options)

    return trace(space, choose)


def enumerate_all(space: Decides) -> Iterator[Genotype]:
    """Every genotype of the space once, in the order of its options; the last decision changes fastest."""
    prefix: list[int] = []
    while True:
        counts: list[int] = []
        genotype = trace(space, _guided_choose(prefix, counts))
        yield genotype
        prefix = prefix + [0] * (len(counts) - len(prefix))
        while prefix and prefix[-1] == counts[len(prefix) - 1] - 1:
            prefix.pop()
        if not prefix:
            return
        prefix[-1] += 1


def encode(space: Decides, genotype: Genotype) -> list[Answer]:
    """The genotype as option indices, in the order asked; what a surrogate or a controller reads.

    Raises:
        GenotypeError: the genotype is not legal in this space (see ``validate``).
    """
    answers: list[Answer] = []

    def choose(name: str, options: Sequence[T]) -> T:
        if name not in genotype.answers:
            raise GenotypeError(
                f"the genotype has no answer to the decision {name!r} of space {space.name!r}; "
                f"its options are {listed(options, repr)}"
            )
        answer = genotype.answers[name]
        if answer not in options:
            raise GenotypeError(
                f"the genotype answers the decision {name!r} with {answer!r}; in space {space.name!r} "
                f"the options there are {listed(options, repr)}"
            )
        answers.append(Answer(name, list(options).index(answer), len(options)))  # type: ignore[arg-type]
        return answer  # type: ignore[return-value]

    trace(space, choose)
    return answers


def validate(space: Decides, genotype: Genotype) -> None:
    """Check that a genotype answers exactly its space's questions with their options.

    Raises:
        GenotypeError: it is of another space, lacks a decision, answers one illegally or has one too many.
    """
    if genotype.space != space.name:
        raise GenotypeError(f"the genotype is of the space {genotype.space!r}, not of {space.name!r}")
    asked = {answer.name for answer in encode(space, genotype)}
    extra = [name for name in genotype.answers if name not in asked]
    if extra:
        raise GenotypeError(
            f"the genotype answers decisions that space {space.name!r} never asks: {listed(extra, repr)}"
        )


def is_legal(space: Decides, genotype: Genotype) -> bool:
    """Whether ``validate`` has nothing against it."""
    try:
        validate(space, genotype)
    except GenotypeError:
        return False
    return True


def chosen(space: Decides, genotype: Genotype) -> dict[str, Option]:
    """The answers to which there was a choice, by decision.

    Raises:
        GenotypeError: the genotype is not legal in this space (see ``validate``).
    """
    return {answer.name: genotype.answers[answer.name] for answer in encode(space, genotype) if answer.count > 1}


def repeated(space: Decides, answers: Mapping[str, Option]) -> Genotype:
    """The genotype that repeats answers where they are legal, and has the first option of all other questions."""

    def choose(name: str, options: Sequence[T]) -> T:
        return next((option for option in options if name in answers and option == answers[name]), options[0])

    return trace(space, choose)


def _random_choose(rng: np.random.Generator) -> Choose:
    def choose(name: str, options: Sequence[T]) -> T:
        return options[int(rng.integers(len(options)))]

    return choose


def _guided_choose(prefix: Sequence[int], counts: list[int]) -> Choose:
    """Follow option indices as far as they go, then take first options; note how many options each decision had."""

    def choose(name: str, options: Sequence[T]) -> T:
        position = len(counts)
        counts.append(len(options))
        return options[prefix[position] if position < len(prefix) else 0]

    return choose


def _plain(answer: Any) -> Any:
    return [_plain(part) for part in answer] if isinstance(answer, tuple) else answer


def _frozen(answer: Any) -> Any:
    return tuple(_frozen(part) for part in answer) if isinstance(answer, list | tuple) else answer

"""Which decisions explain how genotypes differ: their answers, and how often an operation is among them.

Genotypes are few, so shares are corrected for what chance explains, probabilities come from permutations, and all tests
of one measurement are corrected together (Holm, Scandinavian Journal of Statistics 6, 1979).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from nasframe.evidence.statistics import Correlation, Numbers, correlation, explained, holm, rank_chance, spearman

Answers = Mapping[str, Any]
"""A genotype's answers by decision, as plain data."""


@final
@dataclass(frozen=True)
class Explained:
    """How much of the variance between genotypes' mean scores is between the answers to a decision, or to several."""

    name: str
    """Of the decision; of several, the first part that their names share, and a slash."""
    answers: int
    """How many different ones were drawn; not to be asked is one too."""
    share: float
    """Omega squared: the share without what chance explains; 0 where chance explains as much."""
    eta: float
    """Eta squared: the share as it is, which rises with the number of answers."""
    p: float
    """Probability of such a share where answers do not matter, by permutations."""
    corrected: float
    """The same, corrected for all tests of the measurement."""


@final
@dataclass(frozen=True)
class Counted:
    """How the number of decisions with one answer goes with genotypes' mean scores."""

    name: str
    """The answer."""
    among: str
    """The first part of the decisions' names, and a slash; empty: all whose names have one part."""
    spearman: Correlation
    p: float
    """Probability of so strong a correlation where the number does not matter, by permutations."""
    corrected: float
    """The same, corrected for all tests of the measurement."""

    @property
    def title(self) -> str:
        """What was counted."""
        return f"number of {self.name} in {self.among}" if self.among else f"number of {self.name}"


def explain(genotypes: Sequence[Answers], means: Numbers) -> tuple[tuple[Explained, ...], tuple[Counted, ...]]:
    """What the answers to decisions explain, and the counts of answers; those first that explain most.

    Tested is what has at least two answers, or two counts, that occur twice each.

    Args:
        genotypes: the answers of each.
        means: the mean score of each.
    """
    if not np.ptp(means):
        return (), ()
    decisions = [_explained(name, answers, means) for name, answers in _decisions(genotypes) if _told_apart(answers)]
    counts = [_counted(*what, numbers, means) for what, numbers in _counts(genotypes) if _told_apart(numbers)]
    corrected = holm([*(one.p for one in decisions), *(one.p for one in counts)])
    tested = [replace(one, corrected=p) for one, p in zip(decisions, corrected, strict=False)]
    counted = [replace(one, corrected=p) for one, p in zip(counts, corrected[len(decisions) :], strict=True)]
    return (
        tuple(sorted(tested, key=lambda one: (-one.share, -one.eta))),
        tuple(sorted(counted, key=lambda one: -abs(one.spearman.value))),
    )


def _explained(name: str, answers: Sequence[str], means: Numbers) -> Explained:
    share, eta, p = explained(answers, means)
    return Explained(name, len(set(answers)), share, eta, p, corrected=1.0)


def _counted(name: str, among: str, numbers: Sequence[int], means: Numbers) -> Counted:
    x = np.array(numbers, dtype=np.float64)
    return Counted(name, among, correlation(spearman, x[None], means[None]), rank_chance(x, means), corrected=1.0)


def _decisions(genotypes: Sequence[Answers]) -> Iterator[tuple[str, list[str]]]:
    """Each decision with its answers, then the decisions whose names share the first part, with all answers to them."""
    groups = _groups(genotypes)
    for names in groups.values():
        for name in names:
            yield name, [json.dumps(answers.get(name)) for answers in genotypes]
    for group, names in groups.items():
        if group and len(names) > 1:
            yield group, [json.dumps([answers.get(name) for name in names]) for answers in genotypes]


def _counts(genotypes: Sequence[Answers]) -> Iterator[tuple[tuple[str, str], list[int]]]:
    """How often each genotype has each word as an answer, in each group of decisions that are answered by words."""
    for group, names in _groups(genotypes).items():
        given = [[answers[name] for name in names if isinstance(answers.get(name), str)] for answers in genotypes]
        if max(map(len, given)) > 1:
            for word in sorted({word for words in given for word in words}):
                yield (word, group), [words.count(word) for words in given]


def _groups(genotypes: Sequence[Answers]) -> dict[str, list[str]]:
    """The decisions by the first part of their names, with its slash; in the order asked."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for answers in genotypes for name in answers):
        first, slash, _ = name.partition("/")
        groups.setdefault(first + slash if slash else "", []).append(name)
    return groups


def _told_apart(values: Sequence[Hashable]) -> bool:
    return sum(number > 1 for number in Counter(values).values()) > 1

"""What repeated searches say: the difference from each opponent, in pairs of one seed, and whether seeds agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from nasframe.errors import RunError
from nasframe.evidence.repeat import DRAWS, RANDOM, SEARCH, Repetition, processor_seconds, run_folder
from nasframe.evidence.statistics import POWER_FACTOR, Paired, paired
from nasframe.files.words import NOTHING, amount, are_fractions, duration, quantity
from nasframe.report import certainty
from nasframe.report.record import read
from nasframe.report.text_table import TextTable
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader

WANTED = 0.02
"""The difference for which the needed number of pairs is told."""


@final
@dataclass(frozen=True)
class Unit:
    """In what scores are told."""

    name: str
    """Empty: as they are."""
    size: float
    decimals: int

    def number(self, score: float, *, sign: bool = False) -> str:
        """A score, or a difference with its ``sign``, in this unit."""
        return f"{score / self.size:{'+' if sign else ''}.{self.decimals}f}"


POINTS = Unit("points", 0.01, 2)
"""Hundredths, for scores that are fractions."""
PLAIN = Unit("", 1.0, 4)
"""For all others, such as minus a loss."""


@final
@dataclass(frozen=True)
class Finding:
    """What one arm found with one seed."""

    arm: str
    number: int
    """Of the seed, from 0."""
    scores: tuple[float, ...]
    """Of each training, of draws each of another genotype; on frames set aside, where the evaluator sets some aside."""
    held_out: bool
    """Whether it does."""
    params: float
    """Of the network; the mean of several draws."""
    macs: float
    """As ``params``."""
    processor_seconds: float
    """Of the search; 0: nothing was searched."""
    metrics: tuple[Mapping[str, Mapping[str, float]], ...] = ()
    """Of each training, by the frames, ``holdout`` or ``val``, every metric by its name."""

    @property
    def score(self) -> float:
        """The mean of its retrainings."""
        return float(np.mean(self.scores))


@final
@dataclass(frozen=True)
class Judgement:
    """The search against one opponent."""

    opponent: str
    difference: Paired
    """Search minus opponent, in the score's unit."""
    macs: float
    """The search's multiply-adds as a multiple of the opponent's, in the geometric mean."""

    @property
    def verdict(self) -> Literal["better", "worse", "no difference seen"]:
        """By whether the interval holds 0."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "no difference seen"

    def sentence(self, unit: Unit = POINTS) -> str:
        """The difference, and what it means."""
        one, name = self.difference, _TITLES.get(self.opponent, self.opponent)
        mean, low, high = (unit.number(value, sign=True) for value in (one.mean, one.low, one.high))
        told = (
            f"Against {name}{', in ' if unit.name else ''}{unit.name}: {mean} (95 %: {low} to {high}), "
            f"effect size {one.effect:.2f}, {quantity(one.pairs, 'pair')}"
        )
        if self.verdict != "no difference seen":
            return f"{told}: the search is {self.verdict}"
        needed = max(2, math.ceil(POWER_FACTOR * (one.deviation / WANTED) ** 2) + 1)
        shown = f"{quantity(needed, 'pair')} would show a difference of {WANTED:g} with a power of 0.8"
        return f"{told}: no difference could be seen; {shown}"


_TITLES = {
    DRAWS: "random draws of equal or fewer multiply-adds",
    RANDOM: "random search at equal cost",
}


@final
@dataclass(frozen=True)
class Repeated:
    """All that repeated searches say."""

    name: str
    found: tuple[Finding, ...]
    judgements: tuple[Judgement, ...]
    entropies: tuple[float, ...]
    """Of each search's mixing weights, its least decided part's, as shares of even weights'; empty: it has none."""
    agreement: tuple[float, ...]
    """Of the searches' log mixing weights, the correlation of each pair of seeds."""

    @property
    def unit(self) -> Unit:
        """In what its scores are told."""
        return POINTS if are_fractions(score for one in self.found for score in one.scores) else PLAIN

    def sentences(self) -> Iterator[str]:
        """The verdicts, and what they rest on."""
        for judgement in self.judgements:
            yield judgement.sentence(self.unit)
        if self.entropies:
            shares = ", ".join(f"{100 * share:.1f} %" for share in self.entropies)
            yield f"Entropy of the searches' mixing weights against even ones, by seed: {shares}"
        if self.agreement:
            told = ", ".join(f"{one:.2f}" for one in self.agreement)
            yield f"Correlation of log weights between seeds: {told}; in the mean {np.mean(self.agreement):.2f}"
        if not all(one.held_out for one in self.found):
            yield (
                "Scores are on val, on which a search may have selected: set frames aside by evaluator.holdout, and "
                "they are scored on these"
            )
        for judgement in self.judgements:
            if not 0.9 < judgement.macs < 1.1:
                yield (
                    f"The networks of the search have {judgement.macs:.2f} times the multiply-adds of those of "
                    f"{_TITLES.get(judgement.opponent, judgement.opponent)}: a part of the difference may be theirs"
                )

    def by_arm(self) -> dict[str, list[Finding]]:
        """What each arm found, the search's first."""
        return {arm: [one for one in self.found if one.arm == arm] for arm in dict.fromkeys(x.arm for x in self.found)}

    def arms(self) -> TextTable:
        """A row for each arm, the search's first."""
        unit = self.unit
        columns = (
            "arm",
            f"score, {unit.name}" if unit.name else "score",
            "sd of seeds",
            "sd within a seed",
            "multiply-adds",
            "processor time to find it",
        )
        rows = []
        for arm, ours in self.by_arm().items():
            scores = np.array([one.scores for one in ours])
            within = float(np.sqrt(scores.var(1, ddof=1).mean())) if scores.shape[1] > 1 else math.nan
            seconds = float(np.mean([one.processor_seconds for one in ours]))
            rows.append(
                (
                    arm,
                    unit.number(float(scores.mean())),
                    unit.number(float(scores.mean(1).std(ddof=1))),
                    NOTHING if math.isnan(within) else unit.number(within),
                    amount(float(np.mean([one.macs for one in ours]))),
                    duration(seconds) if seconds else NOTHING,
                )
            )
        return TextTable("The search and its opponents", columns, tuple(rows))

    def networks(self) -> TextTable:
        """A row for each network that was found."""
        trained = (f"training {number + 1}" for number in range(len(self.found[0].scores)))
        rows = ((one.arm, str(one.number), *map(self.unit.number, one.scores), amount(one.macs)) for one in self.found)
        return TextTable("Every network", ("arm", "seed", *trained, "multiply-adds"), tuple(rows))

    def metrics(self) -> TextTable:
        """A row for each metric, of all frames that were scored; the differences from each opponent with intervals."""
        by_arm = self.by_arm()
        search, *opponents = by_arm
        rows = []
        for frames, name in _in_all(self.found):
            of = {arm: np.array([_mean(one, frames, name) for one in ours]) for arm, ours in by_arm.items()}
            differences = (paired(of[search] - of[arm]) for arm in opponents)
            numbers = ([POINTS.number(x, sign=True) for x in (one.mean, one.low, one.high)] for one in differences)
            told = (f"{mean} ({low} to {high})" for mean, low, high in numbers)
            rows.append((name, frames, POINTS.number(float(of[search].mean())), *told))
        columns = ("metric, points", "frames", search, *(f"minus {arm} (95 %)" for arm in opponents))
        note = (
            "The verdict is by the score, on the frames that were set aside where there are any. Of twenty intervals "
            "one excludes 0 by chance."
        )
        return TextTable("By every metric", columns, tuple(rows), note)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        judged = [asdict(one) | {"verdict": one.verdict} for one in self.judgements]
        return asdict(self) | {"judgements": judged, "sentences": list(self.sentences())}


def judge(name: str, repetition: Repetition, folder: Path) -> Repeated:
    """Read the runs of a repetition and compare them.

    Raises:
        RunError: fewer than two seeds, or a run that is not done.
    """
    if repetition.seeds < 2:
        raise RunError("one seed tells nothing of the spread; repeat with 2 seeds or more")
    arms = [SEARCH, *repetition.arms()]
    found = {arm: [_found(arm, folder / arm, number, repetition) for number in range(repetition.seeds)] for arm in arms}
    searches = [run_folder(folder / SEARCH, number) for number in range(repetition.seeds)]
    return Repeated(
        name,
        tuple(one for arm in arms for one in found[arm]),
        tuple(_judged(found[SEARCH], found[arm]) for arm in arms[1:]),
        tuple(_entropies(searches)),
        tuple(agreement([weights for path in searches if (weights := _last_weights(path))])),
    )


def agreement(weights: Sequence[Mapping[str, npt.NDArray[np.floating[Any]]]]) -> Iterator[float]:
    """The correlation of the log mixing weights of each pair of searches.

    Args:
        weights: for each search its arrays by name, (..., K), each row adding up to 1; a weight of 0 is an option that
            is absent. Logits are known up to a constant a row, so each row's mean is taken from its logs.
    """
    vectors = []
    for arrays in weights:
        rows = []
        for name in sorted(arrays):
            array = np.asarray(arrays[name], dtype=np.float64)
            logs = np.log(array, out=np.full_like(array, np.nan), where=array > 0)
            rows.append((logs - np.nanmean(logs, axis=-1, keepdims=True)).ravel())
        vectors.append(np.concatenate(rows))
    for first, second in combinations(vectors, 2):
        there = np.isfinite(first) & np.isfinite(second)
        if first[there].any() and second[there].any():
            yield float(np.corrcoef(first[there], second[there])[0, 1])


def _judged(search: Sequence[Finding], opponent: Sequence[Finding]) -> Judgement:
    differences = np.array([one.score - other.score for one, other in zip(search, opponent, strict=True)])
    ratios = [math.log(one.macs / other.macs) for one, other in zip(search, opponent, strict=True)]
    return Judgement(opponent[0].arm, paired(differences), math.exp(float(np.mean(ratios))))


def _found(arm: str, folder: Path, number: int, repetition: Repetition) -> Finding:
    searched = run_folder(folder, number)
    folders = [run_folder(folder, number, retraining) for retraining in range(repetition.retrainings)]
    if RunLayout(searched).metrics.is_file():
        folders[0] = searched
    wholes = [_whole(path) for path in folders]
    told = [_score(whole) for whole in wholes]
    costs = [RunReader(path).mapping(RunLayout(path).cost) for path in folders]
    params, macs = (float(np.mean([cost[what] for cost in costs])) for what in ("params", "macs"))
    seconds = 0.0 if arm == DRAWS else processor_seconds(searched)
    scores = tuple(score for score, _ in told)
    metrics = tuple(_metrics(whole) for whole in wholes)
    return Finding(arm, number, scores, all(held for _, held in told), params, macs, seconds, metrics)


def _whole(folder: Path) -> dict[str, Any]:
    """What the final network of a run was measured to be.

    Raises:
        RunError: the run is not done.
    """
    metrics = RunReader(folder).mapping(RunLayout(folder).metrics)
    if "score" not in metrics:
        raise RunError(f"{folder} is not done; the same command goes on where it was")
    return metrics


def _score(whole: Mapping[str, Any]) -> tuple[float, bool]:
    """A run's final score, and whether it is on frames that were set aside."""
    held_out = whole.get("holdout")
    return float((held_out or whole)["score"]), bool(held_out)


def _metrics(whole: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By the frames every metric that is a share of 1: counts and losses are no points."""
    parts = {"holdout": whole.get("holdout") or {}, "val": whole}
    return {
        frames: {
            name: float(value)
            for name, value in part.get("metrics", {}).items()
            if isinstance(value, float) and 0 <= value <= 1
        }
        for frames, part in parts.items()
    }


def _in_all(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """The frames and names of what every training of every finding was measured by."""
    trainings = [training for one in found for training in one.metrics]
    if not trainings:
        return []
    first = [(frames, name) for frames, metrics in trainings[0].items() for name in metrics]
    return [(frames, name) for frames, name in first if all(name in one.get(frames, ()) for one in trainings)]


def _mean(finding: Finding, frames: str, name: str) -> float:
    return float(np.mean([training[frames][name] for training in finding.metrics]))


def _entropies(searches: Sequence[Path]) -> Iterator[float]:
    for folder in searches:
        sure = certainty.compute(read(folder).weighted[-1:])
        if sure is not None:
            yield max([*sure.cells.values(), *([] if sure.path is None else [sure.path])])


def _last_weights(folder: Path) -> Mapping[str, npt.NDArray[np.floating[Any]]]:
    snapshots = RunReader(folder).snapshots()
    return RunReader(folder).arrays(snapshots[max(snapshots)]) or {} if snapshots else {}

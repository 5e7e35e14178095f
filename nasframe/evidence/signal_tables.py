"""What signal found, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasframe.evidence.signal import Signal
from nasframe.evidence.statistics import Correlation
from nasframe.files.words import NOTHING
from nasframe.report.text_table import TextTable

_CORRECTED = (
    "p: the probability of as much by chance, by permutations; corrected: by Holm for all decisions and counts."
)


def tables(found: Signal) -> Iterator[TextTable]:
    """Variances, ranks, decisions, counts; a table without rows is left out."""
    every = (_variances(found), _ranks(found), _decisions(found), _counts(found))
    return (table for table in every if table.rows)


def of_genotypes(found: Signal) -> TextTable:
    """The scores of each genotype, the best first."""
    columns = ("genotype", *(f"seed {seed}" for seed in range(found.seeds)), "mean", "sd")
    order = sorted(found.scores, key=lambda number: (-np.mean(found.scores[number]), number))
    rows = []
    for number in order:
        scores = found.scores[number]
        told = (*scores, float(np.mean(scores)), float(np.std(scores, ddof=1)))
        rows.append((str(number + 1), *(f"{value:.4f}" for value in told)))
    return TextTable("Every genotype", columns, tuple(rows))


def _variances(found: Signal) -> TextTable:
    rows = tuple(
        (
            name,
            *(f"{value:.4f}" for value in (one.mean, one.between, one.within)),
            _interval(Correlation(one.icc, one.low, one.high)),
        )
        for name, one in found.variances.items()
    )
    columns = ("metric", "mean", "sd between genotypes", "sd between seeds", "intraclass correlation, 95 %")
    note = (
        "Of full trainings. The intraclass correlation is the genotypes' share in the variance of one training's score."
    )
    return TextTable("How far genotypes and seeds differ", columns, rows, note)


def _ranks(found: Signal) -> TextTable:
    rows = tuple(
        (name, *(_interval(kinds[kind]) for kind in ("spearman", "kendall"))) for name, kinds in found.ranks.items()
    )
    title = "Rank correlation with the score of full trainings by other seeds"
    note = (
        "What is known before a training, with the mean over all seeds; a score, with the mean of the other seeds; "
        "what a search chooses by, with the mean over all seeds, by one seed at a time."
    )
    return TextTable(title, ("of", "Spearman, 95 %", "Kendall, 95 %"), rows, note)


def _decisions(found: Signal) -> TextTable:
    rows = tuple(
        (one.name, str(one.answers), f"{one.share:.0%}", f"{one.p:.2g}", f"{one.corrected:.2g}")
        for one in found.decisions
    )
    title = "What each decision explains of the variance between genotypes"
    note = f"Share: omega squared, 0 where chance explains as much; a slash: all such decisions together. {_CORRECTED}"
    return TextTable(title, ("decision", "answers", "share", "p", "p, corrected"), rows, note)


def _counts(found: Signal) -> TextTable:
    rows = tuple((one.title, _interval(one.spearman), f"{one.p:.2g}", f"{one.corrected:.2g}") for one in found.counts)
    title = "Rank correlation of how often an answer is given with the score"
    return TextTable(title, ("of", "Spearman, 95 %", "p", "p, corrected"), rows, _CORRECTED)


def _interval(rank: Correlation) -> str:
    return NOTHING if rank.value != rank.value else f"{rank.value:.2f}, {rank.low:.2f} to {rank.high:.2f}"

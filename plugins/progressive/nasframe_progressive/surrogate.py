"""Predict the scores of candidates from those that are known (PNAS, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nasframe import Genotype
from nasframe_progressive.networks import Lstm, Mlp, Predictor
from nasframe_progressive.options import SurrogateOptions
from nasframe_progressive.tokens import Tokens, tokenise

CHUNK = 512
"""Candidates that are predicted at once, for the memory's sake."""


def predict(
    known: Sequence[tuple[Genotype, float]], candidates: Sequence[Genotype], options: SurrogateOptions, seed: int
) -> np.ndarray:
    """The ensemble's mean prediction for each candidate, from 0 to 1: its share of known scores that are lower.

    An ensemble is trained from nothing on what is known: a function of its arguments, which leaves torch's global
    generator as it was.
    """
    tokens = tokenise([*(genotype for genotype, _ in known), *candidates])
    targets = torch.from_numpy(_ranks(np.array([score for _, score in known])))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        predictor = {"mlp": Mlp, "lstm": Lstm}[options.kind](options.members, tokens.counts, options.hidden)
        _fit(predictor, tokens.rows(slice(len(known))), targets, options)
    with torch.no_grad():
        parts = [
            predictor(tokens.rows(slice(start, start + CHUNK))).mean(0)
            for start in range(len(known), len(known) + len(candidates), CHUNK)
        ]
    return torch.cat(parts).numpy()


def _fit(predictor: Predictor, tokens: Tokens, targets: Tensor, options: SurrogateOptions) -> None:
    """Train by the L1 loss; member m does not see fold m of the genotypes."""
    adam = torch.optim.Adam(predictor.parameters(), lr=options.lr)
    count, members = len(targets), options.members
    folds = torch.randperm(count) % max(2, members)
    seen = (
        (folds[None] != torch.arange(members)[:, None]).float() if count >= members > 1 else torch.ones(members, count)
    )
    for _ in range(options.epochs):
        for rows in torch.split(torch.randperm(count), options.batch):
            error = (predictor(tokens.rows(rows)) - targets[rows]).abs() * seen[:, rows]
            loss = error.sum() / seen[:, rows].sum().clamp(min=1)
            adam.zero_grad()
            torch.autograd.backward(loss)
            adam.step()


def _ranks(scores: np.ndarray) -> np.ndarray:
    """For each score the share of the others that are lower, equal ones counting half; float32."""
    ordered = np.sort(scores)
    middle = (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")) / 2
    ranks: np.ndarray = (middle / len(scores)).astype(np.float32)
    return ranks

"""Ask a sampler of optuna for genotypes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from nasframe import Genotype, SearchSpace
from nasframe.genotype import T, trace
from nasframe_optuna.known import Known
from nasframe_optuna.options import TpeOptions

TRIES = 20
"""Proposals in a row that may be rejected."""


@final
class Proposals:
    """Keeps a study of optuna at what is known; that and a seed decide what is proposed, whatever was before.

    A decision is a categorical parameter. A genotype that has a value of each objective is a complete trial.
    """

    def __init__(self, space: SearchSpace, objectives: int, options: TpeOptions) -> None:
        self._space = space
        self._directions = [StudyDirection.MAXIMIZE] * objectives
        self._options = options
        self._added: list[Known] = []
        self._study: optuna.Study | None = None

    def propose(
        self, known: Sequence[Known], outstanding: Sequence[Genotype], seed: int, rejects: Callable[[Genotype], bool]
    ) -> Genotype | None:
        """The first proposal that is not rejected; None: all of 20 were.

        For the next one a rejected proposal counts as outstanding, and TPE chooses among half as many: where its
        favourites are used up, asking for the same again would not help.

        Args:
            known: what has come of genotypes so far, in order.
            outstanding: those whose results are waited for.
            seed: of the sampler's random numbers, not negative.
        """
        with _quiet():
            study = self._study_of(self._without_gaps(known))
            begun = len(study.get_trials(deepcopy=False))
            study.add_trials([self._trial(genotype, None, TrialState.RUNNING) for genotype in outstanding])
            try:
                for tries, own_seed in enumerate(np.random.SeedSequence(seed).generate_state(TRIES)):
                    study.sampler = self._sampler(int(own_seed), tries)
                    genotype = self._draw(study.ask())
                    if not rejects(genotype):
                        return genotype
                return None
            finally:
                for number in range(begun, len(study.get_trials(deepcopy=False))):
                    study.tell(number, state=TrialState.FAIL)  # samplers pass over it

    def _study_of(self, known: list[Known]) -> optuna.Study:
        """A study with the trials of what is known, made anew where others were added before."""
        if self._study is None or known[: len(self._added)] != self._added:
            self._study = optuna.create_study(directions=self._directions)
            self._added = []
        for one in known[len(self._added) :]:
            state = TrialState.RUNNING if one.values is None else TrialState.COMPLETE
            self._study.add_trial(self._trial(one.genotype, one.values, state))
        self._added = known
        return self._study

    def _without_gaps(self, known: Sequence[Known]) -> list[Known]:
        """What has no values counts as bad.

        TPE counts running trials among the bad ones, without making more good ones of it; for a Gaussian process the
        lowest values known stand in.
        """
        if self._options.sampler == "tpe":
            return list(known)
        lowest = tuple(map(min, zip(*(one.values for one in known if one.values is not None), strict=True)))
        return [Known(one.genotype, lowest) if one.values is None else one for one in known]

    def _sampler(self, seed: int, tries: int) -> BaseSampler:
        options = self._options
        if options.sampler == "gp":
            return GPSampler(seed=seed, n_startup_trials=1)
        return TPESampler(
            seed=seed,
            n_startup_trials=1,
            n_ei_candidates=max(1, options.n_ei_candidates >> tries),
            multivariate=options.multivariate,
            group=options.group,
            constant_liar=True,
        )

    def _trial(self, genotype: Genotype, values: Sequence[float] | None, state: TrialState) -> FrozenTrial:
        params: dict[str, int] = {}
        distributions: dict[str, BaseDistribution] = {}

        def note(name: str, options: Sequence[T]) -> T:
            answer: T = genotype[name]
            if len(options) > 1:
                parameter = _parameter(name, options)
                params[parameter] = list(options).index(answer)
                distributions[parameter] = CategoricalDistribution(range(len(options)))
            return answer

        trace(self._space, note)
        return create_trial(state=state, values=values, params=params, distributions=distributions)

    def _draw(self, trial: Trial) -> Genotype:
        def suggest(name: str, options: Sequence[T]) -> T:
            if len(options) == 1:
                return options[0]
            return options[trial.suggest_categorical(_parameter(name, options), range(len(options)))]

        return trace(self._space, suggest)


def _parameter(name: str, options: Sequence[object]) -> str:
    """The name of a decision's parameter, of which optuna wants the choices to be always the same.

    The choices are the options' positions, as an option may be a tuple and a choice may not.
    """
    return f"{name} of {options!r}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without optuna's log and its warnings of what is experimental."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)

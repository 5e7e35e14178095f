"""From the options of ``darts`` to the parts that they name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from nasframe import SearchSpace
from nasframe_darts.auxiliary_skip import AuxiliarySkip
from nasframe_darts.dirichlet import Anchor, DirichletWeighing
from nasframe_darts.entropy import Entropy
from nasframe_darts.options import DartsOptions, PerturbOptions, SelectOptions, StopOptions, Weighed
from nasframe_darts.parts import Parts
from nasframe_darts.perturbing import AdversarialPerturbation, Perturbation, Radius, RandomPerturbation, Unperturbed
from nasframe_darts.regularising import Regulariser
from nasframe_darts.selecting import Argmax, PerturbationSelection, Selection, rows
from nasframe_darts.skips import check_skips, skip_share
from nasframe_darts.stopping import EigenvalueStop, Never, SkipStop, Stop
from nasframe_darts.weighing import Gumbel, Softmax, StraightThrough, Temperature, Weighing

WEIGHING: dict[Weighed, type[Weighing]] = {
    "softmax": Softmax,
    "gumbel": Gumbel,
    "gumbel-hard": StraightThrough,
    "dirichlet": DirichletWeighing,
}


def composed(space: SearchSpace, options: DartsOptions) -> Parts:
    """New parts, as the options name them.

    Raises:
        ExperimentError: the space does not say what a part asks.
    """
    weighing = WEIGHING[options.weigh](Temperature(*options.temperature, options.anneal))
    return Parts(
        weigh=weighing,
        perturb=_perturbation(options.perturb),
        regularise=tuple(_terms(options, weighing)),
        auxiliary_skip=AuxiliarySkip(first, space.graph())
        if (first := options.regularise.auxiliary_skip)
        else AuxiliarySkip(),
        stop=_stop(space, options.stop),
        select=_selection(space, options.select),
    )


def _perturbation(options: PerturbOptions) -> Perturbation:
    if options.by == "none":
        return Unperturbed()
    radius = Radius(*options.epsilon)
    return RandomPerturbation(radius) if options.by == "random" else AdversarialPerturbation(radius, options.steps)


def _terms(options: DartsOptions, weighing: Weighing) -> Iterator[Regulariser]:
    chosen = options.regularise
    if any(chosen.entropy):
        yield Entropy(*chosen.entropy, weighing)
    if chosen.anchor:
        yield Anchor(chosen.anchor)


def _stop(space: SearchSpace, options: StopOptions) -> Stop:
    if options.when == "never":
        return Never()
    if options.when == "eigenvalue":
        return EigenvalueStop(options.every_epochs, options.window, options.ratio)
    check_skips(space)
    return SkipStop(options.every_epochs, options.skips, partial(skip_share, space))


def _selection(space: SearchSpace, options: SelectOptions) -> Selection:
    return Argmax() if options.by == "argmax" else PerturbationSelection(rows(space.graph()), options.tune_steps)

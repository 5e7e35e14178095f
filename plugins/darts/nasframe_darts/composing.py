"""From the options of ``darts`` to the parts that they name."""

from __future__ import annotations

from collections.abc import Iterator

from nasframe_darts.dirichlet import Anchor, DirichletWeighing
from nasframe_darts.entropy import Entropy
from nasframe_darts.options import DartsOptions, PerturbOptions, Weighed
from nasframe_darts.parts import Parts
from nasframe_darts.perturbing import AdversarialPerturbation, Perturbation, Radius, RandomPerturbation, Unperturbed
from nasframe_darts.regularising import Regulariser
from nasframe_darts.weighing import Gumbel, Softmax, StraightThrough, Temperature, Weighing

WEIGHING: dict[Weighed, type[Weighing]] = {
    "softmax": Softmax,
    "gumbel": Gumbel,
    "gumbel-hard": StraightThrough,
    "dirichlet": DirichletWeighing,
}


def composed(options: DartsOptions) -> Parts:
    """New parts, as the options name them."""
    weighing = WEIGHING[options.weigh](Temperature(*options.temperature, options.anneal))
    return Parts(weigh=weighing, perturb=_perturbation(options.perturb), regularise=tuple(_terms(options, weighing)))


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

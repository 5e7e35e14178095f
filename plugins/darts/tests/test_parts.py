"""Parts of a stranger's search that do not go together."""

import pytest

from nasframe import ExperimentError, Problem
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.dirichlet import DirichletWeighing
from nasframe_darts.options import BilevelOptions
from nasframe_darts.parts import Parts
from nasframe_darts.perturbing import Radius, RandomPerturbation
from nasframe_darts.search import BilevelSearch
from nasframe_darts.selecting import PerturbationSelection, rows
from nasframe_darts.stopping import SkipStop


def search(order, parts):
    class Strange(BilevelSearch):
        name = "strange"
        Options = BilevelOptions

        def parts(self, problem, options):
            return parts

    return Strange(Problem(TinySpace(), TinyEvaluator()), BilevelOptions(steps=4, order=order))


@pytest.mark.parametrize(
    ("order", "parts", "told"),
    [
        ("second", {"weigh": DirichletWeighing()}, "DirichletWeighing has no second derivative"),
        (
            "second-finite",
            {"perturb": RandomPerturbation(Radius(0.1, 0.1))},
            "without RandomPerturbation; set order: first",
        ),
        (
            "first",
            {
                "select": PerturbationSelection(rows(TinySpace().graph()), 0),
                "stop": SkipStop(1.0, 0.5, lambda genotype: 0.0),
            },
            "SkipStop may end the search before",
        ),
    ],
)
def test_they_are_refused_before_the_first_step(order, parts, told):
    with pytest.raises(ExperimentError, match=told):
        search(order, Parts(**parts))


@pytest.mark.parametrize("order", ["first", "second", "second-finite"])
def test_the_defaults_go_with_every_order(order):
    assert search(order, Parts()).steps == 4

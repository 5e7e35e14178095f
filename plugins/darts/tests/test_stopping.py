"""Searches that end early."""

from contextlib import contextmanager

import pytest
import torch
from torch import nn

from nasframe import ExperimentError, Genotype, Problem, Runtime
from nasframe.genotype import trace
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.sgd import fit
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.eigenvalue import largest_eigenvalue
from nasframe_darts.options import BilevelOptions
from nasframe_darts.parts import Parts
from nasframe_darts.search import BilevelSearch
from nasframe_darts.skips import skip_share
from nasframe_darts.stopping import EigenvalueStop, SkipStop, View
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)


class TestEigenvalueStop(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=1, stop={"when": "eigenvalue", "every_epochs": 0.5, "window": 1})


class TestSkipStop(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=4, warmup_steps=0, stop={"when": "skips", "every_epochs": 0.5, "skips": 1.0})


class TestEigenvalueStopOfASecondOrderSearchWithDraws(StrategyContract):
    strategy = Darts
    options = Darts.Options(
        steps=4, warmup_steps=0, order="second-finite", weigh="dirichlet",
        stop={"when": "eigenvalue", "every_epochs": 0.5, "window": 2},
    )  # fmt: skip


def quadratic(parameters, *curvatures):
    """sum c_i a_i^2 / 2, turned by 45 degrees in the first two places, so that no eigenvector is a coordinate."""
    a = torch.cat([parameter.flatten() for parameter in parameters])
    turned = torch.stack([a[0] + a[1], a[0] - a[1]]) / 2**0.5
    return (torch.tensor(curvatures, dtype=a.dtype) * torch.cat([turned, a[2:]]).square()).sum() / 2


@pytest.mark.parametrize(
    ("curvatures", "largest"), [((3.0, -5.0, 1.0), 3.0), ((-1.0, 7.0, 2.0), 7.0), ((-2.0, -3.0, -1.0), -1.0)]
)
def test_the_largest_eigenvalue_is_found_also_where_another_has_a_larger_magnitude(curvatures, largest):
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(2, dtype=torch.float64)), nn.Parameter(torch.randn(1, dtype=torch.float64))]
    idle = nn.Parameter(torch.ones(3, dtype=torch.float64))
    found = largest_eigenvalue(quadratic(parameters, *curvatures), [*parameters, idle])
    assert found == pytest.approx(max(largest, 0.0), rel=0.01, abs=0.02), "what the loss does not see adds zeros"


def test_a_loss_that_is_linear_or_knows_nothing_of_them_has_no_curvature():
    alpha = nn.Parameter(torch.ones(3))
    assert largest_eigenvalue((2 * alpha).sum(), [alpha]) == 0


def test_the_largest_eigenvalue_of_a_supernet_is_that_of_its_whole_hessian():
    torch.manual_seed(0)
    evaluator = TinyEvaluator()
    supernet = TinySpace().relax(evaluator.task, lambda logits: logits.softmax(-1)).double()
    batch = next(evaluator.batches("arch"))
    inputs = batch.inputs.double()

    def loss(alpha):
        output = torch.func.functional_call(supernet, {"alpha": alpha}, (inputs,))
        return nn.functional.cross_entropy(output, batch.targets)

    alpha = supernet.alpha.detach()
    hessian = torch.autograd.functional.hessian(loss, alpha).reshape(alpha.numel(), alpha.numel())
    expected = torch.linalg.eigvalsh(hessian)[-1].item()
    assert largest_eigenvalue(loss(supernet.alpha), [supernet.alpha]) == pytest.approx(expected, rel=0.02)


def looks(stop, curvatures):
    """What a stop says, look by look, of a parameter that counts the looks, by the curvature of each."""
    parameter = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    for number, curvature in enumerate(curvatures, start=1):
        parameter.data.fill_(number)

        @contextmanager
        def loss(curvature=curvature):
            yield (curvature * parameter.square()).sum() / 2

        yield stop.look(View([parameter], loss, lambda: None))


def test_a_search_ends_when_the_averaged_eigenvalue_grows_and_goes_back_as_many_looks_as_it_averages():
    # Averages of two: 1.5, 1.5, 1.75; 1.5 is compared with 1.75 (0.86), then 1.5 with 2.5 (0.6).
    *before, last = looks(EigenvalueStop(1.0, window=2, ratio=0.75), [1.0, 2.0, 1.0, 2.5, 2.5])
    assert before == [None] * 4
    assert [value.item() for value in last] == [3.0]


def test_eigenvalues_that_fall_or_are_negative_end_no_search():
    assert [*looks(EigenvalueStop(1.0, window=1, ratio=0.75), [5.0, 4.0, 3.9, -9.0, -1.0])] == [None] * 5


def test_what_a_stop_has_seen_is_part_of_its_state():
    first = EigenvalueStop(1.0, window=1, ratio=0.75)
    assert first.state_dict() == {}
    list(looks(first, [1.0, 1.0]))
    second = EigenvalueStop(1.0, window=1, ratio=0.75)
    second.load_state_dict(first.state_dict())
    (values,) = looks(second, [4.0])
    assert values[0].item() == 2.0, "the first one's second look"


def test_too_many_skips_end_a_search_with_the_look_before():
    shares = iter([0.2, 0.4, 0.5])
    stop = SkipStop(1.0, 0.5, lambda genotype: next(shares))
    assert [found and found[0].item() for found in looks(stop, [1.0] * 3)] == [None, None, 2.0]
    assert stop.metrics() == {"skip_share": 0.5}


def test_the_share_of_skips_is_that_of_the_cell_with_most():
    def chosen(*answers):
        return Genotype("tiny-chain", tuple((f"layer{i}", answer) for i, answer in enumerate(answers)))

    assert skip_share(TinySpace(), chosen("identity", "tanh")) == 0.5
    space = AutoDeepLab(AutoDeepLab.Options(layers=3, levels=2, blocks=2))
    genotype = trace(space, lambda name, options: "skip" if "skip" in options else options[0])
    assert skip_share(space, genotype) == 1.0


class ThirdLook(BilevelSearch):
    """Ends at its third look."""

    name = "third-look"
    Options = BilevelOptions

    def parts(self, problem, options):
        shares = iter([0.0, 0.0, 1.0])
        return Parts(stop=SkipStop(0.5, 0.5, lambda genotype: next(shares)))


def test_a_search_that_ended_holds_the_architecture_that_it_went_back_to():
    def made(kind, steps):
        torch.manual_seed(0)
        options = {"steps": steps, "warmup_steps": 4, "validate_epochs": 0, "arch_lr": 0.5, "lr_min": 0.025}
        return kind(Problem(TinySpace(), TinyEvaluator(), Runtime()), kind.Options(**options))

    ending, shorter = made(ThirdLook, 12), made(Darts, 6)
    assert [ending.kind(index) for index in range(6)] == ["warm-up"] * 4 + ["bilevel + look"] * 2
    fit(ending, seed=1)
    fit(shorter, seed=1)
    assert ending.ended and ending.state_dict()["ended"]
    assert torch.equal(ending._bilevel.supernet.alpha, shorter._bilevel.supernet.alpha), "it did seven steps"
    assert not shorter.ended and "ended" not in shorter.state_dict()


@pytest.mark.parametrize("implementation", ["plain", "stacked"])
def test_the_curvature_of_a_trellis_is_finite_and_leaves_no_trace(implementation):
    space = AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=1, filters=2, implementation=implementation))
    torch.manual_seed(0)
    options = {"steps": 4, "warmup_steps": 0, "validate_epochs": 0}
    searches = [
        Darts(Problem(space, TinyEvaluator(TinyEvaluator.Options(size=33))), Darts.Options(**options, **more))
        for more in ({}, {"stop": {"when": "eigenvalue", "every_epochs": 0.5}})
    ]
    searches[1].load_state_dict(searches[0].state_dict())
    found = [search.step(0, None) for search in searches]
    assert abs(found[1].pop("eigenvalue")) < 100
    assert found[0] == found[1]
    states = [search._bilevel.supernet.state_dict() for search in searches]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_space_that_names_no_skips_is_refused():
    class Unnamed(TinySpace.__mro__[1], TinySpace.__mro__[2]):
        name = "unnamed"
        relax = TinySpace.relax
        decide = TinySpace.decide
        build = TinySpace.build
        Options = TinySpace.Options

        def graph(self, genotype=None):
            graph = TinySpace.graph(self, genotype)
            del graph.graph["skips"]
            return graph

    with pytest.raises(ExperimentError, match="'unnamed' names no skip connections"):
        Darts(Problem(Unnamed(), TinyEvaluator(), Runtime()), Darts.Options(stop={"when": "skips"}))

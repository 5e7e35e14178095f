"""Operations chosen by what the supernet loses without them."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from nasframe import CapabilityError, Genotype, Problem, Runtime
from nasframe.testing import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_darts.selecting import FinishedSearch, PerturbationSelection, rows
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)

SELECT = {"by": "perturbation", "tune_steps": 1}


class TestSelectionAfterOneStep(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=1, warmup_steps=0, select=SELECT)


class TestSelectionAfterOneStepOfDrNAS(StrategyContract):
    strategy = Darts
    options = Darts.Options(steps=1, warmup_steps=0, select=SELECT, weigh="dirichlet")


WORTH = torch.tensor([[0.1, 0.9, 0.5], [0.8, 0.2, 0.3]])
"""Of TinySpace's operations on its two edges."""
ALPHA = torch.tensor([[1.0, 0.0, -1.0], [-1.0, 2.0, 0.0]])


class Search:
    """A supernet whose score is the worth of its mixing weights, and what it was asked."""

    def __init__(self, tune_steps=0):
        self.supernet = TinySpace().relax(TinyEvaluator().task, lambda logits: logits.softmax(-1))
        self.supernet.alpha.data.copy_(ALPHA)
        self.selection = PerturbationSelection(rows(TinySpace().graph()), tune_steps)
        self.seen = []

    def weights(self):
        return self.supernet.alpha.detach().softmax(-1)

    def score(self):
        self.seen.append(self.weights())
        return (self.weights() * WORTH).sum().item()

    def tune(self):
        self.seen.append(self.weights())
        return {"loss": 0.0}

    def go(self, *numbers):
        return [self.selection.step(number, FinishedSearch(self.supernet, self.score, self.tune)) for number in numbers]


def test_each_edge_gets_the_operation_whose_removal_hurts_most_and_the_others_follow_from_it():
    search = Search(tune_steps=1)
    assert [search.selection.kind(number) for number in range(search.selection.steps)] == (
        ["selection"] * 3 + ["tuning"] + ["selection"] * 3
    )
    found = search.go(*range(7))
    # Without operation k of the first edge, softmax over the other two; the second edge is whole.
    for k in range(3):
        expected = ALPHA.clone()
        expected[0, k] = -torch.inf
        torch.testing.assert_close(search.seen[k], expected.softmax(-1))
        assert found[k]["score_without"] == pytest.approx((expected.softmax(-1) * WORTH).sum().item())
    # The second operation is worth most; it is alone from then on, also while weights are tuned.
    for weights in search.seen[3:]:
        assert weights[0].tolist() == [0, 1, 0]
    assert search.seen[3][1].tolist() == pytest.approx(ALPHA[1].softmax(-1).tolist())
    # On the second edge the first one is, whatever its logit.
    assert search.supernet.derive() == genotype("tanh", "identity")


def genotype(*answers):
    return Genotype("tiny-chain", tuple((f"layer{place}", answer) for place, answer in enumerate(answers)))


def test_the_chosen_operation_changes_places_with_the_strongest_so_that_edges_keep_their_strength():
    search = Search()
    search.go(0, 1, 2)
    assert search.supernet.alpha.tolist() == [[0.0, 1.0, -1.0], [-1.0, 2.0, 0.0]]
    assert search.supernet.derive() == genotype("tanh", "tanh"), "the second edge is not decided yet"


def test_a_selection_goes_on_in_the_midst_of_an_edge():
    whole, first, second = Search(), Search(), Search()
    whole.go(*range(6))
    first.go(0, 1, 2, 3, 4)
    second.selection.load_state_dict(first.selection.state_dict())
    second.supernet.load_state_dict(first.supernet.state_dict())
    second.go(5)
    assert torch.equal(second.supernet.alpha, whole.supernet.alpha)


def test_a_search_with_a_selection_resumes_bit_equal():
    def made(seed):
        torch.manual_seed(seed)
        options = Darts.Options(steps=3, warmup_steps=1, validate_epochs=0, arch_lr=0.3, select=SELECT)
        return Darts(Problem(TinySpace(), TinyEvaluator(), Runtime()), options)

    def go(strategy, *indices):
        for index in indices:
            torch.manual_seed(100 + index)
            yield dict(strategy.step(index, np.random.default_rng(index)))

    whole, first, second = made(0), made(0), made(9)
    assert whole.steps == 3 + 3 + 1 + 3
    metrics = list(go(whole, *range(10)))
    for stopped in (4, 6, 7):
        list(go(first, *range(stopped)))
        second.load_state_dict(first.state_dict())
        assert list(go(second, *range(stopped, 10))) == metrics[stopped:]
        assert second.best() == whole.best()
        first = made(0)
    assert [kind for kind in map(whole.kind, range(10))] == (
        ["warm-up", "bilevel", "bilevel", *["selection"] * 3, "tuning", *["selection"] * 3]
    )
    assert list(metrics[6]) == ["loss"] and list(metrics[9]) == ["score_without"]


def test_an_operation_that_gives_nothing_is_not_among_the_candidates_and_moves_are_not_chosen():
    space = AutoDeepLab(AutoDeepLab.Options(layers=2, levels=2, blocks=2))
    found = rows(space.graph())
    zero = space.options.operations.index("zero")
    assert len(found) == 2 + 3 and {row.array for row in found} == {"operation"}
    assert all(zero not in row.candidates and len(row.candidates) == 7 for row in found)


def test_a_supernet_whose_logits_are_not_known_is_refused_before_the_first_step():
    space = AutoDeepLab(
        AutoDeepLab.Options(layers=2, levels=2, blocks=1, filters=4, implementation="plain", partial_channels=2)
    )
    with pytest.raises(CapabilityError, match="perturbation sets each array"):
        Darts(Problem(space, TinyEvaluator(), Runtime()), Darts.Options(steps=1, select=SELECT))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stop": {"when": "skips"}}, "leave stop out"),
        ({"weigh": "gumbel-hard"}, "measured by the strongest operation alone"),
    ],
)
def test_what_does_not_go_with_it_is_refused(options, told):
    with pytest.raises(ValidationError, match=told):
        Darts.Options(select=SELECT, **options)

"""The skip connection of DARTS- beside the mixtures: where it is added, how it fades, and what does not see it."""

import networkx as nx
import numpy as np
import pytest
import torch

from nasframe import ExperimentError, Problem, Runtime, Task
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.seeding import seed_all
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_cells.darts.space import Darts as Cells
from nasframe_darts.auxiliary_skip import AuxiliarySkip
from nasframe_darts.strategy import Darts

torch.set_num_threads(1)


def autodeeplab(**options):
    chosen = {"layers": 2, "levels": 2, "blocks": 1, "filters": 2, "implementation": "plain", **options}
    return AutoDeepLab(AutoDeepLab.Options(**chosen))


def search(first, **options):
    chosen = {"steps": 6, "warmup_steps": 2, "validate_epochs": 0, "regularise": {"auxiliary_skip": first}, **options}
    problem = Problem(TinySpace(), TinyEvaluator(runtime=Runtime()))
    seed_all(0, "search", "build")
    return Darts(problem, Darts.Options(**chosen))


def run(strategy):
    return [strategy.step(index, seed_all(0, "search", index)) for index in range(strategy.steps)]


def test_beta_is_added_to_the_skips_of_every_mixture_and_to_nothing_else():
    space = autodeeplab()
    skip = AuxiliarySkip(0.5, space.graph())
    supernet = space.relax(TinyEvaluator(runtime=Runtime()).task, skip_softmax := lambda logits: logits.softmax(-1))
    skip.find(supernet)
    place = list(space.options.operations).index("skip")
    softmax = skip_softmax(supernet.alpha.detach())
    added = skip.added(supernet.alpha, softmax) - softmax
    assert added[..., place].numpy() == pytest.approx(0.5)
    assert float(added.sum()) == pytest.approx(0.5 * added[..., place].numel(), rel=1e-5)
    others = [one for one in supernet.arch_parameters() if one is not supernet.alpha]
    assert others and all(torch.equal(skip.added(one, one), one) for one in others)


def test_tables_of_one_shape_are_told_apart_by_the_weights_that_are_made_of_them():
    space = Cells(Cells.Options(cells=3, filters=2, blocks=1))
    skip = AuxiliarySkip(0.5, space.graph())
    supernet = space.relax(Task(1, 3, (8, 8), dense=False), lambda logits: logits.softmax(-1))
    skip.find(supernet)
    for table in (supernet.normal, supernet.reduction):
        added = skip.added(table, torch.zeros_like(table))
        assert torch.equal(added.nonzero(), torch.tensor([[0, 3], [1, 3]]))
        assert added.sum() == 1.0


def test_the_mixture_is_the_one_with_a_skip_connection_beside_it():
    space = TinySpace()
    evaluator = TinyEvaluator(runtime=Runtime())
    skip = AuxiliarySkip(0.7, space.graph())
    seed_all(0, "search", "build")
    supernet = space.relax(evaluator.task, lambda logits: skip.added(logits, logits.softmax(-1)))
    skip.find(supernet)
    batch = next(iter(evaluator.batches("weights")))
    found = supernet(batch.inputs)
    skip.begin(1.0)
    plain = supernet(batch.inputs)
    assert not torch.allclose(found, plain)
    skip.begin(0.0)
    assert torch.equal(supernet(batch.inputs), found)


def test_it_fades_linearly_and_is_gone_after_the_last_update():
    told = [metrics["auxiliary_skip"] for metrics in run(search(0.8))]
    assert told[:3] == [0.8, 0.8, 0.8], "the warm-up, and the first update of the architecture"
    assert np.diff(told[2:]) == pytest.approx(np.diff(told[2:])[0]) and told[-1] == pytest.approx(0.0)


def test_what_is_derived_and_drawn_does_not_see_it():
    strategy = search(5.0)
    weights = strategy.snapshot()
    assert all(rows.sum(-1) == pytest.approx(1.0) for rows in weights.values())
    assert all(np.ptp(rows, axis=-1).max() < 0.1 for rows in weights.values())


def test_without_it_a_search_is_what_it_was():
    one, other = (run(search(0.0, **options)) for options in ({}, {"regularise": {}}))
    assert one == other and "auxiliary_skip" not in one[0]


def test_resumed_it_goes_on_equal():
    whole, first, second = search(0.8), search(0.8), search(0.8)
    expected = run(whole)
    for index in range(4):
        first.step(index, seed_all(0, "search", index))
    second.load_state_dict(first.state_dict())
    assert [second.step(index, seed_all(0, "search", index)) for index in range(4, 6)] == expected[4:]


def test_a_space_that_names_no_skips_is_refused():
    space = TinySpace()
    graph = nx.DiGraph(space.graph())
    graph.graph["skips"] = ()
    supernet = space.relax(TinyEvaluator(runtime=Runtime()).task, lambda logits: logits.softmax(-1))
    with pytest.raises(ExperimentError, match="names none"):
        AuxiliarySkip(1.0, graph).find(supernet)


def test_weights_that_are_no_parameters_own_are_refused():
    space = TinySpace()
    supernet = space.relax(TinyEvaluator(runtime=Runtime()).task, lambda logits: logits.softmax(-1))
    supernet.arch_parameters = lambda: []
    with pytest.raises(ExperimentError, match="0 of the supernet's architecture parameters"):
        AuxiliarySkip(1.0, space.graph()).find(supernet)

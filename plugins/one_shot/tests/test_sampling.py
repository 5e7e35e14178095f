"""Which paths an update trains, and what it makes of their gradients."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from nasframe import Problem, Runtime
from nasframe.cost import Cost
from nasframe.genotype import enumerate_all, trace, validate
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.extremes import extremes
from nasframe_one_shot.options import OneShotOptions
from nasframe_one_shot.random_search import OneShotRandom
from nasframe_one_shot.sampling import FairPaths, Sandwich, make_sampling
from nasframe_one_shot.shared_weights import SharedWeights

torch.set_num_threads(1)
SPACE = TinySpace()


class Nested:
    """Decisions with two to four options, one of which is only asked in half of the space."""

    name = "nested"

    def decide(self, choose):
        deep = choose("deep", ("no", "yes"))
        if deep == "yes":
            choose("inner", ("a", "b", "c"))
        choose("size", (1, 2) if deep == "no" else (3, 4))
        choose("colour", ("r", "g", "b", "k"))


def rounds(sampling, count, seed=0):
    return [sampling.draw(np.random.default_rng([seed, index])) for index in range(count)]


def answers(paths, name):
    return Counter(path.answers[name] for path in paths if name in path.answers)


def test_strict_sampling_has_every_option_of_each_decision_once_in_every_update():
    for paths in rounds(FairPaths(TinySpace(TinySpace.Options(layers=4))), 20):
        assert len(paths) == 3
        assert all(set(answers(paths, f"layer{layer}").values()) == {1} for layer in range(4))
        assert all(len(answers(paths, f"layer{layer}")) == 3 for layer in range(4))


def test_strict_sampling_combines_the_options_of_different_decisions_at_random():
    paths = [path for update in rounds(FairPaths(SPACE), 200) for path in update]
    pairs = Counter((path["layer0"], path["layer1"]) for path in paths)
    assert len(pairs) == 9 and min(pairs.values()) > 40


@pytest.mark.parametrize("count", [1, 2, 5, 8, 31])
def test_options_of_decisions_that_are_not_alike_occur_as_often_as_each_other_give_or_take_one(count):
    updates = rounds(FairPaths(Nested()), count)
    paths = [path for update in updates for path in update]
    assert all(len(update) == 4 for update in updates)
    sizes = answers(paths, "size")
    for counts in (
        [answers(paths, "deep")[option] for option in ("no", "yes")],
        [answers(paths, "inner")[option] for option in ("a", "b", "c")],
        [sizes[1], sizes[2]],
        [sizes[3], sizes[4]],
        [answers(paths, "colour")[option] for option in ("r", "g", "b", "k")],
    ):
        assert max(counts) - min(counts) <= 1


def test_strict_sampling_goes_on_with_what_its_decks_have_left(tmp_path):
    whole = rounds(FairPaths(Nested()), 6)
    first, second = FairPaths(Nested()), FairPaths(Nested())
    for index in range(3):
        first.draw(np.random.default_rng([0, index]))
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [second.draw(np.random.default_rng([0, index])) for index in range(3, 6)] == whole[3:]


class Weighty:
    """Costs of decisions that add up; a wide layer has a decision that a narrow one has not."""

    name = "weighty"

    def decide(self, choose):
        for layer in range(3):
            if choose(f"width{layer}", (8, 1, 4)) > 1:
                choose(f"kernel{layer}", (3, 1, 5))

    def size(self, genotype):
        return (sum(genotype[f"width{i}"] * genotype.answers.get(f"kernel{i}", 2) ** 2 for i in range(3)),)


def test_the_largest_and_the_smallest_genotype_are_found_without_looking_at_all():
    space, asked = Weighty(), []

    def size(genotype):
        asked.append(genotype)
        return space.size(genotype)

    smallest, largest = extremes(space, size, np.random.default_rng(0))
    every = [space.size(genotype) for genotype in enumerate_all(space)]
    assert (space.size(smallest), space.size(largest)) == (min(every), max(every))
    assert len(set(asked)) == len(asked) < len(every) / 3
    validate(space, smallest)
    validate(space, largest)


def test_a_sandwich_has_the_largest_the_smallest_and_random_paths_in_every_update(monkeypatch):
    macs = {"identity": 1, "tanh": 5, "softplus": 3}

    def count(space, genotype, task):
        return Cost(0, sum(macs[answer] for answer in genotype.answers.values()), task.size, task.num_classes)

    monkeypatch.setattr("nasframe.cost.count", count)
    sandwich = Sandwich(Problem(SPACE, TinyEvaluator()), random_paths=3)
    updates = rounds(sandwich, 30)
    assert sandwich.paths == 5 and {len(paths) for paths in updates} == {5}
    assert {tuple(paths[0].answers.values()) for paths in updates} == {("tanh", "tanh")}
    assert {tuple(paths[1].answers.values()) for paths in updates} == {("identity", "identity")}
    assert len({path for paths in updates for path in paths[2:]}) == 9


def test_uniform_sampling_is_the_default_and_draws_one_path():
    sampling = make_sampling(Problem(SPACE, TinyEvaluator()), OneShotOptions())
    assert [len(paths) for paths in rounds(sampling, 3)] == [1, 1, 1]


def test_an_update_follows_the_sum_of_its_paths_gradients():
    paths = [trace(SPACE, lambda name, options, index=index: options[index]) for index in range(3)]
    evaluator = TinyEvaluator()

    def supernet():
        torch.manual_seed(0)
        return SPACE.switchable(evaluator.task).double()

    expected = supernet()
    batch = next(evaluator.batches("train"))
    doubled = type(batch)(batch.inputs.double(), batch.targets, batch.names)
    losses = []
    for path in paths:
        expected.switch(path)
        losses.append(evaluator.loss(expected, doubled))
        losses[-1].backward()
    moved = [parameter - 0.25 * parameter.grad for parameter in expected.parameters()]

    class InDoubles:
        epoch_steps, loss = evaluator.epoch_steps, evaluator.loss

        def batches(self, split, start=0):
            for one in evaluator.batches(split, start):
                yield type(one)(one.inputs.double(), one.targets, one.names)

    found = supernet()
    options = OneShotOptions(train_steps=4, lr=0.25, momentum=0.0, weight_decay=0.0, clip=None)
    metrics = SharedWeights(found, InDoubles(), options, Runtime()).train(0, paths, np.random.default_rng(0))
    for wanted, parameter in zip(moved, found.parameters(), strict=True):
        torch.testing.assert_close(parameter, wanted, rtol=1e-12, atol=1e-14)
    assert metrics["loss"] == pytest.approx(float(torch.stack(losses).detach().mean()))


@pytest.mark.parametrize(("sampling", "passes"), [("uniform", 1), ("strict", 3), ("sandwich", 6)])
def test_what_plan_times_is_an_update_with_all_its_passes(sampling, passes, monkeypatch):
    evaluator, asked = TinyEvaluator(), []
    loss = evaluator.loss
    monkeypatch.setattr(evaluator, "loss", lambda model, batch: asked.append(batch.names) or loss(model, batch))
    options = OneShotRandom.Options(sampling=sampling, random_paths=4, train_steps=5, samples=1, recalibrate=1)
    strategy = OneShotRandom(Problem(SPACE, evaluator), options)
    assert [strategy.kind(index) for index in range(6)] == ["supernet training"] * 5 + ["candidate"]
    for index in range(5):
        strategy.step(index, np.random.default_rng(index))
        assert len(asked) == passes * (index + 1) and len(set(asked[-passes:])) == 1
    assert all(one != other for one, other in pairwise(asked[::passes]))
    told = () if passes == 1 else (f"An update of the supernet trains {passes} paths",)
    assert tuple(remark.partition(":")[0] for remark in strategy.remarks()) == told

"""The best candidates of a search, and that no network is measured twice."""

import numpy as np
import torch

from nasframe import Canonical, Problem, SearchSpace, Switchable
from nasframe.genotype import sample, trace
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.evolution import OneShotEvolution
from nasframe_one_shot.random_search import OneShotRandom

torch.set_num_threads(1)


class Mirrored(SearchSpace, Switchable, Canonical):
    """The tiny chain, of which this space says that it is the same network when it is read from the other end."""

    name = "mirrored"
    Options = TinySpace.Options
    inner = TinySpace()

    def decide(self, choose):
        self.inner.decide(choose)

    def build(self, genotype, task):
        raise NotImplementedError

    def graph(self, genotype=None):
        raise NotImplementedError

    def switchable(self, task):
        supernet = self.inner.switchable(task)
        supernet.space = self
        return supernet

    def canonical(self, genotype):
        answers = sorted(genotype.answers.values())
        return trace(self, lambda name, options: answers[int(name[-1])])


def searched(strategy, space, **options):
    evaluator, measured = TinyEvaluator(), []
    measure = evaluator.measure
    evaluator.measure = lambda model: measured.append(model) or measure(model)
    search = strategy(Problem(space, evaluator), strategy.Options(train_steps=2, recalibrate=1, **options))
    for index in range(search.steps):
        search.step(index, np.random.default_rng(index))
    return search, len(measured)


def test_finalists_are_distinct_and_the_best_is_first():
    search, _ = searched(OneShotRandom, TinySpace(TinySpace.Options(layers=4)), samples=12)
    found = search.finalists(5)
    scores = {str(entry[0]): entry[1] for entry in search.state_dict()["history"]}
    assert len(set(found)) == 5 and found[0] == search.best()
    assert [scores[str(one.to_dict())] for one in found] == sorted(scores.values(), reverse=True)[:5]


def test_there_are_no_more_finalists_than_networks_that_were_measured():
    search, measured = searched(OneShotRandom, Mirrored(), samples=9)
    found = search.finalists(100)
    assert measured == len(found) == 6
    assert len({Mirrored().canonical(one) for one in found}) == 6


def test_a_network_that_comes_again_gets_the_score_that_it_had():
    search, measured = searched(
        OneShotEvolution, TinySpace(), generations=4, population=5, parents=2, crossovers=2, mutation=0.5
    )
    history = search.state_dict()["history"]
    assert len(history) == 20 and measured == 9
    assert len({(str(genotype), score) for genotype, score, _ in history}) == 9


def test_a_network_is_ranked_once_so_parents_are_distinct():
    space = TinySpace(TinySpace.Options(layers=24))
    strategy = OneShotEvolution(
        Problem(space, TinyEvaluator()),
        OneShotEvolution.Options(train_steps=1, population=6, parents=2, crossovers=0, mutation=0.0),
    )
    best, second, *others = (sample(space, np.random.default_rng(seed)) for seed in range(5))
    scored = [(best, 0.9), (best, 0.9), (second, 0.8), *((other, 0.1) for other in others)]
    assert strategy.ranked(scored) == [best, second, *others]


def test_a_search_that_ended_in_its_training_has_its_last_path_as_finalist():
    strategy = OneShotRandom(Problem(TinySpace(), TinyEvaluator()), OneShotRandom.Options(train_steps=5, samples=1))
    strategy.step(0, np.random.default_rng(0))
    assert strategy.finalists(3) == [strategy.best()]

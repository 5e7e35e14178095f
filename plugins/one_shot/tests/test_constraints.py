"""The experiment's constraints bind the search on the supernet, not the supernet's training."""

import types

import numpy as np
import pytest

import nasframe.run.execution
from nasframe import Component, Problem, RunError, hookimpl
from nasframe.errors import CapabilityError
from nasframe.experiment.checking import load
from nasframe.files.yaml_text import dump
from nasframe.plugin.registry import Plugin, Registry
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_one_shot.evolution import OneShotEvolution
from nasframe_one_shot.random_search import OneShotRandom


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        (OneShotRandom, {"train_steps": 20, "samples": 4}),
        (OneShotEvolution, {"train_steps": 20, "generations": 2, "population": 2, "parents": 1, "crossovers": 1}),
    ],
)
def test_no_candidate_that_is_refused_is_measured(strategy, options):
    refused = []

    def accepts(genotype):
        fits = genotype["layer0"] == "tanh"
        refused.extend([] if fits else [genotype])
        return fits

    searching = strategy(
        Problem(TinySpace(), TinyEvaluator(), accepts=accepts), strategy.Options(recalibrate=1, **options)
    )
    for index in range(20):
        searching.step(index, np.random.default_rng(index))
    assert refused == []
    for index in range(20, 24):
        searching.step(index, np.random.default_rng(index))
    assert refused
    measured = [entry[0]["decisions"] for entry in searching.state_dict()["history"]]
    assert [dict(decisions)["layer0"] for decisions in measured] == ["tanh"] * 4


@pytest.fixture
def experiment(tmp_path):
    tiny, own = types.ModuleType("tiny"), types.ModuleType("own")
    tiny.nasframe_components = hookimpl(
        lambda: [
            Component("space", TinySpace.name, "nasframe.testing.tiny:TinySpace", "a chain"),
            Component("evaluator", TinyEvaluator.name, "nasframe.testing.tiny:TinyEvaluator", "a task"),
        ]
    )
    path = "nasframe_one_shot.random_search:OneShotRandom"
    own.nasframe_components = hookimpl(lambda: [Component("strategy", OneShotRandom.name, path, "random")])
    registry = Registry([Plugin("tiny", "tiny", "1", lambda: tiny), Plugin("own", "own", "1", lambda: own)])

    def load_with(**more):
        file = tmp_path / "exp.yaml"
        strategy = {"type": OneShotRandom.name, "train_steps": 2, "samples": 2, "recalibrate": 1}
        parts = {"space": TinySpace.name, "evaluator": TinyEvaluator.name, "strategy": strategy, "retrain": None}
        file.write_text(dump({**parts, "run": {"device": "cpu", "threads": 1}, **more}))
        return load(file, (), registry)

    return load_with


def test_an_experiment_that_has_them_is_written_out_and_read_back(experiment):
    found = experiment(constraints={"params": 100})
    resolved = found.resolved()
    assert resolved["constraints"] == {"params": 100.0, "macs": None, "tries": 1000}
    assert "objectives" not in resolved and "cache" not in resolved
    assert experiment(**resolved).terms == found.terms


@pytest.mark.parametrize(
    "more", [{"objectives": ["score", "macs"]}, {"cache": {"reuse": False}}, {"run": {"workers": 2}}]
)
def test_what_needs_candidates_that_are_evaluated_one_by_one_is_refused(experiment, more):
    with pytest.raises(CapabilityError, match=r"is for strategies .* strategy 'one-shot-random' does not"):
        experiment(**more)


def test_a_run_whose_constraints_nothing_meets_ends_and_tells_the_cheapest(experiment, tmp_path):
    found = experiment(constraints={"params": 1, "tries": 5})
    with pytest.raises(
        RunError, match=r"5 genotypes in a row are beyond the constraints \(params at most 1, the cheap"
    ):
        nasframe.run.run(found, tmp_path / "run", quiet=True)

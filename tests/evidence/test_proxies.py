"""What is nearly free to know of a genotype, beside its trainings."""

import json
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy import stats

import nasframe
from nasframe import CapabilityError, Component, PluginError, Relaxable, RunError
from nasframe.cli import main
from nasframe.evidence.proxies import ProxyValues, chosen_proxies, measure_proxies
from nasframe.evidence.signal import summarise
from nasframe.evidence.statistics import equivalent_draws
from nasframe.evidence.trials import Row, Trials, measure
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.plugin.proxy import Proxy, StandIn
from nasframe.plugin.registry import Plugin, Registry

EXPERIMENT = """
name: known
seed: 3
space: {type: autodeeplab, layers: 2, levels: 2, blocks: 1, filters: 2, network: {drop_path_keep: 1.0}}
evaluator:
  type: streets
  scenes: {train: 4, val: 2, cities: 2, height: 32, width: 64}
  crop: 33
  batch: 2
  training: {steps: 2}
  workers: 0
strategy: {type: random, samples: 2}
retrain: {}
run: {device: cpu, threads: 1}
"""
ASKED, SEEN = [], []


class Lot(Proxy):
    """A random number from the generator that the core has seeded."""

    name = "lot"

    def value(self, genotype):
        ASKED.append((self.problem.runtime.seed, genotype))
        return float(torch.rand(()))


class Costly(Lot):
    name = "costly"
    trains = True


class Broken(Lot):
    name = "broken"

    def value(self, genotype):
        super().value(genotype)
        raise RunError("no such thing here")


class Undefined(Lot):
    name = "undefined"

    def value(self, genotype):
        return float("nan")


class Elsewhere(Lot):
    name = "elsewhere"
    needs = (type("Impossible", (nasframe.SpaceCapability,), {}),)


class Chooser(Lot):
    """Gives what random search chooses by, under options that follow from those of the strategy."""

    name = "chooser"
    trains = True

    class Options(nasframe.Options):
        rate: float = 0.5

    @classmethod
    def standing_in(cls, strategy, options):
        return StandIn(cls.Options(rate=options.budget), 40 * options.samples) if strategy.name == "random" else None

    def value(self, genotype):
        runtime = self.problem.evaluator.runtime
        SEEN.append((self.options.rate, runtime.phase, runtime.seed, self.problem.evaluator.options.batch))
        return super().value(genotype)


def registry_of(monkeypatch, *classes):
    parts = types.ModuleType("proxy_parts")
    vars(parts).update({cls.__name__: cls for cls in classes})
    monkeypatch.setitem(sys.modules, "proxy_parts", parts)
    components = [Component("proxy", cls.name, f"proxy_parts:{cls.__name__}", "x") for cls in classes]
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    installed = [
        plugin for plugin in Registry.discover().active if plugin.name in ("autodeeplab", "cityscapes", "baselines")
    ]
    return Registry([*installed, Plugin("p", "nasframe-p", "1", lambda: module)])


@pytest.fixture
def registry(monkeypatch):
    ASKED.clear()
    SEEN.clear()
    return registry_of(monkeypatch, Lot, Costly, Broken, Undefined, Elsewhere)


def untrained(experiment, seeds=2, genotypes=5):
    """Rows as trainings give them, with scores that rise with the number of the genotype."""
    space = experiment.space.cls(experiment.space.options)
    drawn = [sample(space, np.random.default_rng(number)).to_dict() for number in range(genotypes)]
    return [
        Row(number, drawn[number], 5, 1000, 400, seed, 1.0, {"score": number + 0.1 * (-1) ** (number * seed)}, 1.0)
        for seed in range(seeds)
        for number in range(genotypes)
    ]


@pytest.fixture
def experiment(tmp_path, registry, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "known.yaml"
    path.write_text(EXPERIMENT)
    return load(path, (), registry)


def rows(experiment, folder, genotypes=3):
    return measure(experiment, Trials(genotypes, 2, (1.0,)), folder, lambda line: None)


def test_those_are_asked_that_fit_and_train_nothing_unless_others_are_named(experiment, registry):
    assert set(chosen_proxies(experiment, registry, "free")) == {"lot", "broken", "undefined"}
    assert set(chosen_proxies(experiment, registry, "all")) == {"lot", "broken", "undefined", "costly"}
    assert chosen_proxies(experiment, registry, "none") == {}
    assert set(chosen_proxies(experiment, registry, "costly, lot")) == {"lot", "costly"}
    with pytest.raises(CapabilityError, match="'elsewhere' needs Impossible, which neither space 'autodeeplab' nor"):
        chosen_proxies(experiment, registry, "elsewhere")
    with pytest.raises(PluginError, match="lots"):
        chosen_proxies(experiment, registry, "lots")


def test_values_follow_from_seed_and_genotype_and_are_kept(experiment, registry, tmp_path):
    asked, trained = chosen_proxies(experiment, registry, "lot"), rows(experiment, tmp_path)
    found = measure_proxies(experiment, asked, trained, tmp_path, lambda line: None)
    assert len(ASKED) == 6 and {seed for seed, _ in ASKED} == {3, 4}
    lines = (tmp_path / "proxies.jsonl").read_text().splitlines()
    (tmp_path / "proxies.jsonl").write_text("\n".join(lines[:4]) + "\n" + lines[4][:9])
    assert measure_proxies(experiment, asked, trained, tmp_path, lambda line: None) == found
    assert len(ASKED) == 6 + 2
    told = [json.loads(line) for line in (tmp_path / "proxies.jsonl").read_text().splitlines()]
    for number, mean in found.values["lot"].items():
        assert mean == np.mean([line["value"] for line in told if line["number"] == number])


def test_one_that_fails_is_told_and_harms_no_other(experiment, registry, tmp_path):
    heard, asked = [], chosen_proxies(experiment, registry, "free")
    found = measure_proxies(experiment, asked, rows(experiment, tmp_path), tmp_path, heard.append)
    assert set(found.values) == {"lot"}
    assert found.failures == (
        "broken, for genotype 1: no such thing here",
        "undefined, for genotype 1: its value is nan",
    )
    assert heard == [f"proxy {failure}" for failure in found.failures]
    assert sum(seed == 3 for seed, _ in ASKED) == 3 + 1, "the broken one is not asked again"


def test_they_are_ranked_by_the_mean_full_score(experiment, registry, tmp_path):
    trained = rows(experiment, tmp_path, genotypes=4)
    values = {0: 0.25, 1: 4.0, 2: -1.0, 3: 2.0}
    found = summarise(trained, ProxyValues({"lot": values}, ("broken, for genotype 1: x",)))
    means = [np.mean(found.scores[number]) for number in range(4)]
    expected = stats.spearmanr([values[number] for number in range(4)], means).statistic
    assert found.ranks["lot"]["spearman"].value == pytest.approx(expected)
    assert "A proxy gave nothing, and is left out: broken, for genotype 1: x" in list(found.advice())


def test_the_command_adds_proxies_to_trainings_that_are_there(experiment, registry, tmp_path):
    options = ["signal", str(tmp_path / "known.yaml"), "--genotypes", "3", "--budgets", "1", "--format", "json"]
    options += ["--into", str(tmp_path / "into")]
    first = CliRunner().invoke(main, [*options, "--proxies", "none"], obj=registry)
    before = (tmp_path / "into" / "trainings.jsonl").read_text()
    second = CliRunner().invoke(main, [*options, "--proxies", "lot"], obj=registry)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert (tmp_path / "into" / "trainings.jsonl").read_text() == before
    assert "lot" in json.loads(second.stdout)["ranks"] and "lot" not in json.loads(first.stdout)["ranks"]


def test_one_that_stands_in_for_the_search_has_its_options_and_sees_what_the_search_sees(tmp_path, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "cache"))
    ASKED.clear(), SEEN.clear()
    registry = registry_of(monkeypatch, Lot, Chooser)
    path = tmp_path / "known.yaml"
    path.write_text(EXPERIMENT.replace("retrain: {}", "retrain: {evaluator: {batch: 1}}"))

    def found(*overrides):
        experiment = load(path, overrides, registry)
        asked = chosen_proxies(experiment, registry, "chooser")
        return measure_proxies(experiment, asked, untrained(experiment), tmp_path, heard.append)

    heard = []
    first = found("strategy.budget=0.25")
    assert set(SEEN) == {(0.25, "search", 3, 2), (0.25, "search", 4, 2)} and first.searches == {"chooser": 80}
    assert heard[0] == "proxy chooser, as this experiment's search has it, seed 0"
    assert found("strategy.budget=0.25") == first and len(SEEN) == 2 * 5
    found("strategy.budget=0.75")
    assert {rate for rate, *_ in SEEN[10:]} == {0.75}, "values under other options are other values"
    other = found("strategy.type=local")
    assert set(SEEN[20:]) == {(0.5, "retrain", 3, 1), (0.5, "retrain", 4, 1)} and other.searches == {}
    assert found("strategy.budget=0.25") == first and len(SEEN) == 30


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 1, 2, 3, 4], "so what it puts first of 1,000 is worth as much as the best of 1,000 random draws"),
        ([4, 3, 2, 1, 0], "so what it puts first is worth no more than one random draw"),
        ([2, 2, 2, 2, 2], "it gives all genotypes the same value, so that it cannot choose"),
    ],
)
def test_what_the_experiments_search_can_choose_by_its_proxy_is_said(experiment, values, said):
    told = ProxyValues({"chooser": dict(enumerate(map(float, values)))}, (), {"chooser": 1000})
    (sentence,) = (line for line in summarise(untrained(experiment), told).advice() if "chooser" in line)
    assert sentence.startswith("This experiment's search chooses among 1,000 candidates by chooser: ")
    assert said in sentence


def test_a_search_has_one_seed_so_its_proxy_ranks_seed_by_seed(experiment):
    by_seed = {0: (0.0, 0.0), 1: (9.0, 1.0), 2: (2.0, 2.0), 3: (3.0, 3.0), 4: (4.0, -9.0)}
    means = {number: sum(pair) / 2 for number, pair in by_seed.items()}
    found = summarise(untrained(experiment), ProxyValues({"chooser": means}, (), {"chooser": 10}, {"chooser": by_seed}))
    apart = [stats.spearmanr([pair[seed] for pair in by_seed.values()], range(5)).statistic for seed in (0, 1)]
    assert found.ranks["chooser"]["spearman"].value == pytest.approx(np.mean(apart))
    assert found.ranks["chooser"]["spearman"].value != pytest.approx(
        stats.spearmanr(list(means.values()), range(5)).statistic
    )


def test_what_ranks_well_is_said_with_what_that_is_worth_among_a_hundred(experiment):
    told = ProxyValues({"lot": {number: float(number) for number in range(5)}})
    (sentence,) = (line for line in summarise(untrained(experiment), told).advice() if line.startswith("lot "))
    assert sentence.startswith("lot may rank candidates: rank correlation 1.00")
    assert "what it puts first of 100 is worth as much as the best of 100 random draws (100 to 100)" in sentence


def test_a_ranking_is_worth_as_many_random_candidates_as_give_as_good_a_best_one():
    rng = np.random.default_rng(0)
    product_moment, candidates = 0.6, 50
    scores = rng.standard_normal((20000, candidates))
    seen = product_moment * scores + (1 - product_moment**2) ** 0.5 * rng.standard_normal(scores.shape)
    chosen = np.take_along_axis(scores, seen.argmax(1)[:, None], 1).mean()
    drawn = equivalent_draws(6 / np.pi * np.arcsin(product_moment / 2), candidates)
    around = [rng.standard_normal((20000, count)).max(1).mean() for count in (int(drawn), int(drawn) + 1)]
    assert 5 < drawn < 12 and around[0] - 0.03 < chosen < around[1] + 0.03
    assert equivalent_draws(1.0, candidates) == pytest.approx(candidates, rel=2e-3)
    assert equivalent_draws(0.0, candidates) == equivalent_draws(-0.8, candidates) == 1


def test_the_proxy_in_the_documentation_works(experiment, monkeypatch, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "writing-a-plugin.md").read_text()
    (text,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "(Proxy)" in block)
    module = types.ModuleType("documented")
    exec(text, vars(module))
    registry = registry_of(monkeypatch, module.Depth)
    asked, trained = chosen_proxies(experiment, registry, "free"), rows(experiment, tmp_path)
    found = measure_proxies(experiment, asked, trained, tmp_path, lambda line: None)
    assert not found.failures and all(value > 3 for value in found.values["depth"].values())


def test_every_installed_proxy_has_a_value_for_a_small_network(experiment, tmp_path):
    registry = Registry.discover()
    asked = chosen_proxies(experiment, registry, "all")
    assert {"grad-norm", "snip", "synflow", "naswot", "jacob-cov", "training-loss"} < set(asked)
    assert issubclass(experiment.space.cls, Relaxable) and {"supernet", "shared-weights"} < set(asked)
    quick = {name: cls for name, cls in asked.items() if name not in ("supernet", "shared-weights")}
    found = measure_proxies(experiment, quick, rows(experiment, tmp_path), tmp_path, lambda line: None)
    assert set(found.values) == set(quick) and not found.failures

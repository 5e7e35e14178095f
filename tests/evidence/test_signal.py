"""Whether there is anything to find: what is trained, what is made of it, and going on after a stop."""

import json
import os
import re
import types
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from torch import nn

import nasframe
from nasframe import Component, Evaluation, Evaluator, RunError, RunFolderError, Task
from nasframe.cli import main
from nasframe.evidence.signal import summarise
from nasframe.evidence.trials import Row, Trials, draw, measure, read
from nasframe.experiment.checking import load
from nasframe.plugin.registry import Plugin, Registry

EXPERIMENT = """
name: sought
seed: 3
space: {type: widths}
evaluator: {type: lots}
strategy: {type: draws}
retrain: null
"""
ASKED = []


class Widths(nasframe.SearchSpace):
    """Two layers of different widths."""

    name = "widths"

    def decide(self, choose):
        for layer in ("first", "second"):
            choose(layer, tuple(range(1, 9)))

    def build(self, genotype, task):
        first, second = genotype["first"], genotype["second"]
        layers = nn.Conv2d(task.in_channels, first, 1), nn.Conv2d(first, second, 1)
        return nn.Sequential(*layers, nn.Conv2d(second, task.num_classes, 1))

    def graph(self, genotype=None):
        raise NotImplementedError


class Lots(Evaluator):
    """Scores by lot: a part that is the genotype's, and one that is the seed's."""

    name = "lots"

    class Options(nasframe.Options):
        genotypes: float = 1.0
        """How far genotypes differ."""
        seeds: float = 0.1
        """How far seeds do."""

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        ASKED.append((candidate.genotype, self.runtime.seed, budget))
        text = json.dumps(candidate.genotype.to_dict())
        mine, lot = (np.random.default_rng(zlib.crc32(key.encode())) for key in (text, f"{self.runtime.seed} {text}"))
        score = self.options.genotypes * mine.normal() + self.options.seeds * lot.normal()
        return Evaluation(budget * score, {"noise": float(lot.normal()), "same": 1.0})


class Draws(nasframe.AskTell):
    name = "draws"

    def __init__(self, problem, options):
        super().__init__(problem, options, steps=10)

    def ask(self, rng):
        raise NotImplementedError


@pytest.fixture
def registry(monkeypatch):
    parts = types.ModuleType("signal_parts")
    vars(parts).update(S=Widths, E=Lots, D=Draws)
    monkeypatch.setitem(__import__("sys").modules, "signal_parts", parts)
    components = (
        Component("space", "widths", "signal_parts:S", "x"),
        Component("evaluator", "lots", "signal_parts:E", "x"),
        Component("strategy", "draws", "signal_parts:D", "x"),
    )
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    ASKED.clear()
    return Registry([Plugin("p", "nasframe-p", "1", lambda: module)])


@pytest.fixture
def experiment(tmp_path, registry):
    def make(*overrides):
        path = tmp_path / "sought.yaml"
        path.write_text(EXPERIMENT)
        return load(path, overrides, registry)

    return make


def silent(line):
    pass


def test_each_genotype_is_trained_with_each_seed_at_each_budget(experiment, tmp_path):
    rows = measure(experiment(), Trials(genotypes=4, seeds=3, budgets=(0.5, 1.0)), tmp_path, silent)
    assert len(rows) == len(ASKED) == len(set(ASKED)) == 24
    assert {seed for _, seed, _ in ASKED} == {3, 4, 5} and {budget for *_, budget in ASKED} == {0.5, 1.0}
    assert rows == read(tmp_path)


def test_stopped_anywhere_it_goes_on_and_ends_with_equal_rows(experiment, tmp_path):
    trials = Trials(genotypes=3, seeds=2, budgets=(1.0,))
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    whole = measure(experiment(), trials, tmp_path / "whole", silent)
    measure(experiment(), trials, tmp_path / "cut", silent)
    path = tmp_path / "cut" / "trainings.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:30])
    asked = len(ASKED)
    again = measure(experiment(), trials, tmp_path / "cut", silent)
    assert len(ASKED) == asked + 4
    assert [(row.number, row.seed, row.metrics) for row in again] == [
        (row.number, row.seed, row.metrics) for row in whole
    ]


def test_a_folder_of_another_experiment_or_other_trials_is_refused(experiment, tmp_path):
    measure(experiment(), Trials(3, 2, (1.0,)), tmp_path, silent)
    with pytest.raises(RunFolderError, match="holds trainings of other trials"):
        measure(experiment(), Trials(4, 2, (1.0,)), tmp_path, silent)
    with pytest.raises(RunFolderError, match=r"holds trainings of other experiment; .* --into"):
        measure(experiment("evaluator.seeds=0.2"), Trials(3, 2, (1.0,)), tmp_path, silent)


def test_the_analysis_is_that_of_scipy(experiment, tmp_path):
    rows = measure(experiment(), Trials(8, 3, (0.5, 1.0)), tmp_path, silent)
    found = summarise(rows)
    scores = np.array([[r.metrics["score"] for r in rows if r.number == n and r.budget == 1] for n in range(8)])
    f, p = stats.f_oneway(*scores)
    assert (found.variances["score"].f, found.variances["score"].p) == (pytest.approx(f), pytest.approx(p))
    assert found.variances["score"].within == pytest.approx(np.sqrt(scores.var(1, ddof=1).mean()))
    macs = [next(r.macs for r in rows if r.number == n) for n in range(8)]
    rank = stats.spearmanr(macs, scores.mean(1)).statistic
    assert found.ranks["multiply-adds"]["spearman"].value == pytest.approx(rank)
    assert "same" not in found.variances, "what never varies says nothing"


def test_where_genotypes_differ_it_says_so_and_where_they_do_not_too(experiment, tmp_path):
    def advice(folder, *overrides):
        folder.mkdir()
        return [*summarise(measure(experiment(*overrides), Trials(10, 3, (1.0,)), folder, silent)).advice()]

    clear = advice(tmp_path / "clear")
    assert clear[0].startswith("Genotypes differ: ") and any("may rank candidates" in sentence for sentence in clear)
    none = advice(tmp_path / "none", "evaluator.genotypes=0")
    assert none[0].startswith("Nothing to be found here") and not any("may rank" in sentence for sentence in none)


@pytest.mark.parametrize(
    ("noise", "sentence"),
    [
        ({0.25: 9.0, 0.5: 0.0, 1.0: 0.0}, "The smallest budget seen to rank is 0.5: .*strategy.smallest=0.5 "),
        (
            {0.25: 9.0, 0.5: 9.0, 1.0: 0.0},
            "No budget below a full one is seen to rank: .*strategy.budget=1,.*strategy.smallest=1 ",
        ),
        ({0.25: 9.0, 0.5: 9.0, 1.0: 9.0}, None),
    ],
)
def test_the_smallest_budget_that_ranks_is_named_as_an_option(noise, sentence):
    rng = np.random.default_rng(1)
    rows = [
        Row(number, {"decisions": {}}, 1, 1, 1, seed, budget, {"score": number + sd * rng.normal() + 0.1 * seed}, 1.0)
        for seed in (0, 1)
        for budget, sd in noise.items()
        for number in range(12)
    ]
    rows[0].metrics["score"] += 0.01
    told = [one for one in summarise(rows).advice() if "strategy." in one]
    assert len(told) == (sentence is not None)
    assert all(re.match(sentence, one) for one in told)


def test_little_searched_arithmetic_is_said(experiment, tmp_path):
    rows = measure(experiment(), Trials(4, 2, (1.0,)), tmp_path, silent)
    assert summarise(rows).searched == pytest.approx(1), "all layers of this space are as wide as decisions say"
    assert not any("Only" in line for line in summarise(rows).advice())
    little = summarise([replace(row, searched=row.macs // 10) for row in rows])
    assert little.searched == pytest.approx(0.1, abs=0.01)
    assert any(line.startswith("Only 10% of the multiply-adds are in layers that differ") for line in little.advice())


def test_a_decision_that_tells_is_spoken_of(experiment, tmp_path):
    rows = measure(experiment(), Trials(24, 2, (1.0,)), tmp_path, silent)
    rows = [replace(row, genotype={"decisions": {"cell/a": "xy"[row.number % 2], "b": row.number % 3}}) for row in rows]
    tells = [replace(row, metrics={"score": row.number % 2 + 0.1 * row.metrics["score"]}) for row in rows]
    assert any(line.startswith("cell/a explains ") and "p 0.000" in line for line in summarise(tells).advice())
    assert not any(" explains " in line for line in summarise(rows).advice())


def test_pairs_that_are_needed_follow_from_the_spread_of_seeds(experiment, tmp_path):
    found = summarise(measure(experiment(), Trials(6, 3, (1.0,)), tmp_path, silent))
    within = found.variances["score"].within
    pairs = int(np.ceil((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * 2 * within**2 / 0.01**2))
    assert f"To see a difference of 0.01 between two networks, train {pairs:,} pairs of them" in [*found.advice()]


def test_matched_genotypes_cost_alike_and_constraints_hold(experiment, registry):
    problem = nasframe.Problem(Widths(), Lots())
    free = [cost.macs for _, cost in draw(problem, Trials(12, 2, (1.0,)), seed=0)]
    alike = [cost.macs for _, cost in draw(problem, Trials(3, 2, (1.0,), matched=0.1), seed=0)]
    assert max(alike) - min(alike) <= 0.2 * max(alike) < max(free) - min(free)
    bounded = [cost.macs for _, cost in draw(problem, Trials(3, 2, (1.0,)), 0, {"macs": float(np.median(free))})]
    assert max(bounded) <= np.median(free)
    with pytest.raises(RunError, match="within the constraints 0 different genotypes could be found"):
        draw(problem, Trials(3, 2, (1.0,)), 0, {"macs": 1.0})


def test_the_command_shows_tables_or_json(experiment, registry, tmp_path, monkeypatch):
    experiment()
    monkeypatch.chdir(tmp_path)
    command = ["signal", "sought.yaml", "--genotypes", "4", "--budgets", "0.5,1"]
    shown = CliRunner().invoke(main, command, obj=registry)
    assert shown.exit_code == 0, shown.output
    assert "4 genotypes, 2 seeds" in shown.stdout and "intraclass correlation" in shown.stdout
    asked = len(ASKED)
    again = CliRunner().invoke(main, [*command, "--format", "json"], obj=registry)
    assert len(ASKED) == asked, "all was trained before"
    assert "Wrote runs/sought-signal/signal.html" in shown.stdout and "Wrote runs/sought-signal" in again.stderr
    assert (tmp_path / "runs" / "sought-signal" / "signal.html").is_file()
    said = json.loads(again.stdout)
    assert {*said["scores"]} == {"0", "1", "2", "3"} and said["searched"] > 0.9 and said["advice"]
    assert said["decisions"] == [] == said["counts"], "too few genotypes to tell"
    assert json.loads(again.stdout)["variances"]["score"]["mean"] == pytest.approx(
        np.mean([row.metrics["score"] for row in read(tmp_path / "runs" / "sought-signal") if row.budget == 1])
    )
    wrong = CliRunner().invoke(main, ["signal", "sought.yaml", "--budgets", "1,0.5"], obj=registry)
    assert wrong.exit_code == 2 and "expected rising shares" in wrong.stderr


@pytest.mark.skipif("NASFRAME_MACRO" not in os.environ, reason="NAS-Bench-Macro's table is not there")
def test_on_a_table_of_real_trainings_it_says_what_the_table_says(tmp_path):
    (tmp_path / "macro.yaml").write_text(
        "seed: 5\nspace: {type: macro}\nevaluator: {type: table, path: '${NASFRAME_MACRO}'}\n"
        "strategy: {type: random, samples: 1}\nretrain: null\n"
    )
    rows = measure(load(tmp_path / "macro.yaml"), Trials(40, 3, (1.0,)), tmp_path, silent)
    table = json.loads(next(Path(os.environ["NASFRAME_MACRO"]).glob("*.json")).read_text())
    names = {"identity": "0", "mb3_k3": "1", "mb6_k5": "2"}
    scores = np.empty((40, 3))
    for row in rows:
        key = "".join(names[answer] for answer in row.genotype["decisions"].values())
        drawn = zlib.crc32(f"{5 + row.seed} {key}".encode()) % 3  # as the evaluator draws one of the three trainings
        scores[row.number, row.seed] = table[key]["test_acc"][drawn] / 100
    found = summarise(rows).variances["score"]
    assert (found.f, found.p) == tuple(map(pytest.approx, stats.f_oneway(*scores)))
    spread = scores.mean(1).var(ddof=1) - scores.var(1, ddof=1).mean() / 3
    assert found.between == pytest.approx(np.sqrt(spread)) and found.icc > 0.9
    answers = np.array([list(row.genotype["decisions"].values()) for row in rows if row.seed == 0])
    explained = {one.name: one for one in summarise(rows).decisions}
    assert set(explained) == {f"layer{layer}" for layer in range(1, 9)}
    for layer, column in enumerate(answers.T, start=1):
        groups = [scores.mean(1)[column == answer] for answer in names]
        f = stats.f_oneway(*groups).statistic
        assert explained[f"layer{layer}"].share == pytest.approx(max(0, 2 * (f - 1) / (2 * (f - 1) + 40)))
        among = sum(len(group) * (group.mean() - scores.mean()) ** 2 for group in groups)
        assert explained[f"layer{layer}"].eta == pytest.approx(among / (40 * scores.mean(1).var()))
    identities = (answers == "identity").sum(1)
    counted = {one.name: one for one in summarise(rows).counts}
    rank = stats.spearmanr(identities, scores.mean(1))
    assert counted["identity"].spearman.value == pytest.approx(rank.statistic)
    assert counted["identity"].corrected < 0.05 and any(
        "number of identity" in line for line in summarise(rows).advice()
    )


def test_where_the_score_does_not_tell_a_metric_that_does_is_named():
    rng = np.random.default_rng(0)
    genotypes, seeds = rng.normal(size=8), rng.normal(size=(8, 2))
    rows = [
        Row(number, {"space": "x", "decisions": {"a": number % 3}}, 1, 2, 1, seed, 1.0, metrics, 1.0)
        for number in range(8)
        for seed in (0, 1)
        for metrics in [{"score": seeds[number, seed], "clear": genotypes[number] + 0.1 * seeds[number, seed]}]
    ]
    (said,) = (sentence for sentence in summarise(rows).advice() if "can be told apart" in sentence)
    assert said.startswith("Genotypes can be told apart by clear (intraclass correlation 0.9")

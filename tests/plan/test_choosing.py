"""Which strategy stands in for one that chooses, and that the run records it as if the user had written it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nasframe import PluginError, Problem, RunError
from nasframe.cli import main
from nasframe.experiment.checking import load
from nasframe.plan.choosing import choose
from nasframe.plugin.registry import Registry
from nasframe.runfolder.layout import RunLayout

EXPERIMENT = """
name: chosen
space: {type: autodeeplab, layers: 2, levels: 2, blocks: 1, filters: 2}
evaluator: {type: streets}
strategy: {type: auto, hours: HOURS}
retrain: null
run: {device: cpu, threads: 1}
"""


@pytest.fixture
def experiment(tmp_path):
    def made(hours=1.0, more=""):
        path = tmp_path / "chosen.yaml"
        path.write_text(EXPERIMENT.replace("HOURS", str(hours)) + more)
        return load(path)

    return made


def taking(seconds, asked=None):
    """A measurement in which a step of any search takes so long."""

    def measure(experiment, phase, for_seconds):
        assert phase == "search"
        if asked is not None:
            asked.append(experiment.strategy.component.name)
        return {"counts": {"step": 1}, "seconds": {"step": seconds}, "after": 0.0}

    return measure


def chosen(experiment, seconds, asked=None):
    said = []
    return choose(experiment, Registry.discover(), said.append, taking(seconds, asked)), said


def test_a_strategy_that_chooses_nothing_stays(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text(EXPERIMENT.replace("{type: auto, hours: HOURS}", "random"))
    experiment = load(path)
    assert choose(experiment, Registry.discover(), print, taking(1.0)) is experiment


@pytest.mark.parametrize(
    ("seconds", "samples", "budget"),
    [
        (36.0, 100, 1.0),
        (360.0, 40, 0.25),
        (1000.0, 14, 0.25),
    ],
)
def test_a_model_chooses_candidates_where_there_is_time_for_enough(experiment, seconds, samples, budget):
    found, (said,) = chosen(experiment(), seconds)
    options = found.strategy.options
    assert (found.strategy.component.name, options.samples, options.budget) == ("thompson", samples, budget)
    assert f"{samples} candidates, each with {budget:.0%} of an evaluation, by 'thompson'" in said


def test_with_many_candidates_the_best_ones_neighbours_are_searched(experiment):
    found, _ = chosen(experiment(), 3600 / 200)
    assert (found.strategy.component.name, found.strategy.options.samples) == ("local", 200)


def test_more_workers_evaluate_more_candidates(experiment):
    one, _ = chosen(experiment(), 1000.0)
    four, _ = chosen(load(experiment().source, ["run.workers=4"]), 1000.0)
    assert (one.strategy.options.samples, four.strategy.options.samples) == (14, 40)


def test_too_little_time_for_candidates_goes_into_one_network_that_holds_all(experiment):
    asked = []
    found, (said,) = chosen(experiment(), 1800.0, asked)
    assert asked == ["random", "darts"]
    options = found.strategy.options
    assert (found.strategy.component.name, options.epochs, options.arch_lr) == ("darts", 14, "auto")
    assert (found.finalists.count, found.finalists.budgets) == (2, (0.25,))
    assert "too few for a model" in said and "the 2 best of it are compared" in said


def test_finalists_that_are_asked_for_stay_as_they_are(experiment):
    found, _ = chosen(experiment(more="finalists: {count: 5, budgets: [0.5]}\n"), 1800.0)
    assert (found.strategy.options.epochs, found.finalists.count, found.finalists.budgets) == (20, 5, (0.5,))


def test_what_the_gradient_cannot_search_is_searched_by_candidates_however_few(experiment):
    found, _ = chosen(experiment(more="objectives: [score, macs]\n"), 3600.0)
    assert (found.strategy.component.name, found.strategy.options.samples) == ("thompson", 4)


def test_what_was_written_keeps_its_place_and_what_was_chosen_says_by_whom(experiment):
    before = experiment()
    found, _ = chosen(before, 36.0)
    assert found.origins["space.layers"] == before.origins["space.layers"]
    assert found.origins["strategy.samples"] == "chosen by strategy 'auto'"
    assert found.source == before.source


def test_a_key_that_the_choice_does_not_know_is_not_dropped(experiment, monkeypatch):
    from nasframe import Nominee
    from nasframe_baselines.auto import Auto

    monkeypatch.setattr(Auto, "choose", classmethod(lambda cls, options, given: Nominee({"type": "darts"}, "so")))
    with pytest.raises(PluginError, match="'darts' does not know the key 'objectives'"):
        chosen(experiment(more="objectives: [score, macs]\n"), 1.0)


def test_it_is_never_made_itself(experiment):
    found = experiment().strategy
    with pytest.raises(RunError, match="'auto' stands for another one"):
        found.cls(Problem(None, None), found.options)


def test_check_says_when_it_is_chosen_and_a_run_goes_on_with_what_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {a + b: {"test_acc": [90.0, 91.0], "flops": 1.0, "params": 1.0} for a in "012" for b in "012"}
    Path("table.json").write_text(json.dumps(rows))
    Path("auto.yaml").write_text(
        "space: {type: macro, stages: [1, 1], filters: 2, head: 4}\nevaluator: {type: table, path: table.json}\n"
        "strategy: {type: auto, hours: 1.0e-6}\nretrain: {}\nrun: {device: cpu, threads: 1, pictures: 0}\n"
    )
    checked = CliRunner().invoke(main, ["check", "auto.yaml"])
    assert checked.exit_code == 0 and "is chosen when the run begins" in checked.output
    done = CliRunner().invoke(main, ["run", "auto.yaml", "--into", "into"])
    assert done.exit_code == 0, done.output
    assert "Strategy auto: 4 ms are" in done.output
    recorded = load(RunLayout(Path("into")).experiment)
    assert recorded.strategy.component.name == "thompson"

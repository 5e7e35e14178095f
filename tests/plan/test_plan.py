"""What a run will need, measured by a few steps; and what to change when there is less."""

import json
import math
import types

import pytest
from click.testing import CliRunner

import nasframe
from nasframe import Component, DataError, Evaluator
from nasframe.cli import plan
from nasframe.cli.root import main
from nasframe.experiment.checking import load
from nasframe.plan import forecast
from nasframe.plan.forecasting import Forecast, PhaseForecast, in_own_process, phases_of
from nasframe.plan.probe import main as probe_main
from nasframe.plan.probe import probe
from nasframe.plan.remedies import Room, find_remedies, lighter, shorter
from nasframe.plugin.registry import Plugin, Registry
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.sgd import Training

EXPERIMENT = """
name: planned
space: {type: tiny-chain}
evaluator: {type: tiny-pixels, training: {steps: 12, validate_epochs: 1}}
strategy: {type: trains}
retrain: {evaluator: {training: {steps: 7}}}
run: {device: cpu}
"""
PARTS = types.ModuleType("plan_parts")


class Trains(nasframe.Strategy, nasframe.Uneven):
    """Trains one network; the first steps are of another kind."""

    name = "trains"

    def __init__(self, problem, options):
        self.space = problem.space
        network = self.space.build(self.best(), problem.evaluator.task)
        self.training = Training(network, problem.evaluator, problem.evaluator.options.training, problem.runtime)
        self.steps = self.training.steps
        self.done = []

    def kind(self, index):
        return "early" if index < 5 else "late"

    def step(self, index, rng):
        self.done.append(index)
        DONE.append(index)
        return self.training.step(index, rng)

    def best(self):
        return nasframe.Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "identity")))

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Draws(nasframe.AskTell):
    """One genotype after the other."""

    name = "draws"

    def __init__(self, problem, options):
        super().__init__(problem, options, steps=10)

    def ask(self, rng):
        raise AssertionError("a whole training takes too long to be measured")


class Missing(Evaluator):
    name = "missing"

    def prepare(self):
        raise DataError("no data here")

    def evaluate(self, candidate, budget=1.0):
        raise NotImplementedError


DONE: list[int] = []


@pytest.fixture
def registry(monkeypatch):
    DONE.clear()
    monkeypatch.setitem(__import__("sys").modules, "plan_parts", PARTS)
    vars(PARTS).update(T=Trains, D=Draws, M=Missing, S=TinySpace, E=TinyEvaluator)
    components = (
        Component("space", "tiny-chain", "plan_parts:S", "x"),
        Component("evaluator", "tiny-pixels", "plan_parts:E", "x"),
        Component("evaluator", "missing", "plan_parts:M", "x"),
        Component("strategy", "trains", "plan_parts:T", "x"),
        Component("strategy", "draws", "plan_parts:D", "x"),
    )
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    return Registry([Plugin("p", "nasframe-p", "1", lambda: module)])


@pytest.fixture
def experiment(tmp_path, registry):
    def make(text=EXPERIMENT, *overrides):
        path = tmp_path / "planned.yaml"
        path.write_text(text)
        return load(path, overrides, registry)

    return make


def measured(memory=10, seconds=2.0, count=3, **more):
    return {
        "counts": {"step": count},
        "seconds": {"step": seconds},
        "processor": {"step": 1.5 * seconds},
        "before": 1.0,
        "after": 4.0,
        "processor_after": 3.0,
        "memory": memory,
        **more,
    }


class TestProbe:
    def test_steps_of_each_kind_are_done_and_counted(self, experiment):
        found = probe(experiment(), "search", seconds=0.0)
        assert found.counts == {"early": 5, "late": 7}
        assert set(found.seconds) == {"early", "late"} and min(found.seconds.values()) > 0
        assert set(found.processor) == {"early", "late"} and min(found.processor.values()) > 0
        assert {index for index in DONE if index < 5} and {index for index in DONE if index >= 5}
        assert len(DONE) < 12
        assert found.memory > 10**7

    def test_a_training_is_measured_with_its_validations_and_its_final_measurement(self, experiment):
        found = probe(experiment(), "retrain", seconds=0.0)
        assert found.steps == 7
        assert found.counts == {"training": 6, "training + validation": 1} or sum(found.counts.values()) == 7
        assert found.after > 0
        assert found.params > 0 and found.spread[0] <= found.macs <= found.spread[1]

    def test_a_step_that_trains_a_candidate_is_its_training_multiplied_out(self, experiment):
        found = probe(experiment(EXPERIMENT.replace("trains", "draws")), "search", seconds=0.0)
        assert found.counts == {"candidate": 10}
        assert found.seconds["candidate"] > 0

    def test_candidates_of_several_budgets_are_measured_each_by_its_own(self, experiment, monkeypatch):
        monkeypatch.setattr(Draws, "planned", lambda _: [(4, 0.25), (1, 1.0)])
        found = probe(experiment(EXPERIMENT.replace("trains", "draws")), "search", seconds=0.0)
        assert found.counts == {"candidate of 0.25": 4, "candidate of 1": 1} and found.steps == 5
        assert set(found.seconds) == set(found.counts) and min(found.processor.values()) > 0

    def test_what_goes_wrong_is_handed_over_by_name(self, experiment, monkeypatch, tmp_path):
        made = experiment(
            EXPERIMENT.replace("tiny-pixels, training: {steps: 12, validate_epochs: 1}", "missing"), "retrain=null"
        )
        monkeypatch.setattr("nasframe.plan.probe.load", lambda file, registry: made)
        assert probe_main("x", "search", "0", "0") == {"error": "no data here", "kind": "DataError"}


class TestForecast:
    def test_times_add_up_and_the_hungriest_phase_counts(self, experiment):
        found = forecast(
            experiment(), measure=lambda made, phase, seconds: measured(memory={"search": 7, "retrain": 9}[phase])
        )
        assert [phase.seconds for phase in found.phases] == [10.0, 10.0]
        assert (found.seconds, found.memory, found.before, found.fits) == (21.0, 9, 1.0, True)

    def test_processor_time_adds_up_and_the_search_is_told_in_retrainings(self, experiment):
        counts = {"search": {"supernet": 5, "candidate": 2}, "retrain": {"step": 3}}
        each = {"supernet": 4.0, "candidate": 2.0, "step": 3.0}
        found = forecast(
            experiment(), measure=lambda made, phase, _: measured() | {"counts": counts[phase]} | {"processor": each}
        )
        assert found.phases[0].processor_by_kind == {"supernet": 20.0, "candidate": 4.0}
        assert [phase.processor for phase in found.phases] == [27.0, 12.0]
        assert found.trainings == 27.0 / 12.0
        assert math.isnan(forecast(experiment(EXPERIMENT, "retrain=null"), measure=lambda *_: measured()).trainings)

    def test_a_phase_that_fills_the_memory_does_not_fit(self, experiment):
        found = forecast(experiment(), measure=lambda *_: {"full": "no room"})
        assert (found.fits, found.phases[0].full) == (False, "no room")

    def test_an_experiment_has_the_phases_that_it_asks_for(self, experiment):
        assert phases_of(experiment()) == ("search", "retrain")
        assert phases_of(experiment(EXPERIMENT, "retrain=null")) == ("search",)

    def test_a_process_of_its_own_answers_or_says_what_is_wrong(self, experiment, monkeypatch):
        answers = {"probe": measured()}, {"error": "no data here", "kind": "DataError"}
        given = iter(json.dumps(answer) for answer in answers)

        def run(command, **options):
            return types.SimpleNamespace(returncode=0, stdout=f"some noise\n{next(given)}\n", stderr="")

        monkeypatch.setattr("nasframe.plan.forecasting.subprocess.run", run)
        assert in_own_process(experiment(), "search", 1.0) == measured()
        with pytest.raises(DataError, match="no data here"):
            in_own_process(experiment(), "search", 1.0)


def fewer_images(options, phase):
    half = {"images": options.images // 2}
    yield half | ({"training.accumulate": 2} if phase == "retrain" else {})
    yield {"places": (1, True)}


RESOLVED = {
    "strategy": {"type": "x", "epochs": 8.0},
    "retrain": {"evaluator": {"training": {"steps": 100}}},
}


class TestRemedies:
    def test_memory_is_saved_by_what_the_options_of_space_and_evaluator_say(self, experiment, monkeypatch):
        monkeypatch.setattr(TinySpace.Options, "lighter", lambda options, phase: [{"layers": 1}])
        monkeypatch.setattr(TinyEvaluator.Options, "lighter", fewer_images)
        made = experiment(EXPERIMENT, "evaluator.images=8", "retrain.evaluator.images=6")
        assert list(lighter(made, "search")) == [
            ("space.layers=1",),
            ("evaluator.images=4",),
            ("evaluator.places=[1, true]",),
        ]
        assert list(lighter(made, "retrain")) == [
            ("retrain.space.layers=1",),
            ("retrain.evaluator.images=3", "retrain.evaluator.training.accumulate=2"),
            ("retrain.evaluator.places=[1, true]",),
        ]

    def test_where_nothing_is_searched_overrides_speak_of_the_retraining(self, experiment, monkeypatch):
        monkeypatch.setattr(TinyEvaluator.Options, "lighter", fewer_images)
        answers = "{layer0: tanh, layer1: identity}"
        given = f"genotype: {{space: tiny-chain, decisions: {answers}}}"
        made = experiment(EXPERIMENT.replace("strategy: {type: trains}", given))
        assert next(lighter(made, "retrain")) == ("evaluator.images=2", "evaluator.training.accumulate=2")

    def test_options_that_say_nothing_save_no_memory(self, experiment):
        assert list(lighter(experiment(), "search")) == []

    def test_changes_are_piled_up_until_the_phase_fits(self, experiment):
        made = experiment()
        found = Forecast((PhaseForecast("search", measured(memory=100)), PhaseForecast("retrain", measured(memory=5))))
        sizes = iter([80, 60, 40])
        changes = iter([("a=1",), ("a=2", "b=1"), ("c=1",)])
        tried = []

        def reload(overrides):
            tried.append(overrides)
            return made

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nasframe.plan.remedies.lighter", lambda made, phase: iter([next(changes)]))
            (remedy,) = find_remedies(made, found, Room(memory=50), reload, lambda *_: measured(memory=next(sizes)))
        assert (remedy.phase, remedy.overrides, remedy.measured.memory) == ("search", ("a=2", "b=1", "c=1"), 40)
        assert tried[-1] == ("a=1", "a=2", "b=1", "c=1")

    def test_too_long_a_run_is_cut_in_all_its_phases(self):
        found = Forecast((PhaseForecast("search", measured()), PhaseForecast("retrain", measured())))
        assert shorter(RESOLVED, found, 11.0) == ["strategy.epochs=4", "retrain.evaluator.training.steps=50"]
        assert shorter(RESOLVED, found, 100.0) == []


class TestCommand:
    @pytest.fixture
    def invoke(self, experiment, registry, tmp_path, monkeypatch):
        experiment()
        monkeypatch.setattr(
            "nasframe.plan.forecasting.in_own_process",
            lambda *_, **__: measured(memory=3 * 10**9, params=5, macs=6, spread=[6, 6], genotype="one"),
        )
        return lambda *arguments: CliRunner().invoke(
            main, ["plan", str(tmp_path / "planned.yaml"), *arguments], obj=registry
        )

    def test_it_prints_time_and_memory(self, invoke):
        result = invoke()
        assert result.exit_code == 0, result.output
        assert "In all 21.0 s, of which 1.0 s before the first step; peak memory 3.00 GB" in result.output
        assert "search 12.0 s; retrain 12.0 s. In units of one retraining, the search costs 1.\n" in result.output

    def test_what_does_not_fit_gives_exit_code_1_and_what_to_change(self, invoke):
        result = invoke("--memory", "2GB", "--time", "11s")
        assert result.exit_code == 1
        assert "The search does not fit: needs 3.00 GB of 2.00 GB" in result.output
        assert "its space and its evaluator know no options by which it would need less" in result.output
        assert "in time with --set 'evaluator.training.steps" not in result.output
        assert "in time with --set 'retrain.evaluator.training.steps=3'" in result.output
        assert "It fits." in invoke("--memory", "4GiB", "--time", "1m").output

    def test_json_has_the_same_facts(self, invoke):
        facts = json.loads(invoke("--memory", "2GB", "--format", "json").output)
        assert (facts["seconds"], facts["memory"], facts["fits"]) == (21.0, 3 * 10**9, False)
        assert [phase["processor"] for phase in facts["phases"]] == [12.0, 12.0]

    @pytest.mark.parametrize(("option", "text"), [("--memory", "many"), ("--time", "soon"), ("--time", "3 weeks")])
    def test_amounts_that_are_none_are_refused(self, invoke, option, text):
        result = invoke(option, text)
        assert result.exit_code == 2
        assert repr(text) in result.output


def test_amounts_are_written_for_people():
    assert [plan.amount(size) for size in (5 * 10**6, 1.5 * 10**9)] == ["5 MB", "1.50 GB"]

import json
import os
import subprocess
import sys

import pytest

from nasframe import Candidate, DataError, Genotype, RunError, Runtime
from nasframe.testing.evaluators import EvaluatorContract
from nasframe_table.evaluator import Table

ANSWERS = {"identity": "0", "tanh": "1", "softplus": "2"}
GIVEN = os.environ.get("NASFRAME_MACRO")


class TestTable(EvaluatorContract):
    @pytest.fixture(autouse=True)
    def _path(self, table):
        self.path = table

    def make(self):
        return evaluator(self.path)

    def genotype(self):
        return chain("tanh", "tanh")


def evaluator(path, run_seed=0, **options):
    return Table(Table.Options(path=str(path), answers=ANSWERS, **options), Runtime(seed=run_seed))


def chain(*answers):
    return Genotype("tiny-chain", tuple((f"layer{i}", answer) for i, answer in enumerate(answers)))


def no_network():
    raise AssertionError("a table needs no network")


def evaluate(one, *answers, budget=1.0):
    return one.evaluate(Candidate(chain(*answers), no_network), budget)


def test_the_mean_of_the_trainings_is_a_fraction_and_needs_no_network(table):
    result = evaluate(evaluator(table, seed="mean"), "tanh", "softplus")
    assert result.score == result.metrics["accuracy"] == result.metrics["mean_accuracy"] == pytest.approx(0.51)


def test_one_training_can_be_chosen(table):
    scores = [evaluate(evaluator(table, seed=seed), "identity", "tanh").score for seed in (0, 1, 2)]
    assert scores == pytest.approx([0.20, 0.21, 0.22])


def test_a_drawn_training_follows_from_the_runs_seed_and_differs_between_runs(table):
    drawn = [evaluate(evaluator(table, run_seed=seed), "identity", "tanh") for seed in range(30)]
    assert drawn == [evaluate(evaluator(table, run_seed=seed), "identity", "tanh") for seed in range(30)]
    assert {round(result.score, 2) for result in drawn} == {0.20, 0.21, 0.22}
    assert {round(result.metrics["mean_accuracy"], 2) for result in drawn} == {0.21}


def test_in_one_run_genotypes_draw_their_trainings_independently(table):
    one = evaluator(table)
    results = [evaluate(one, a, b) for a in ANSWERS for b in ANSWERS]
    assert len({round(result.score - result.metrics["mean_accuracy"], 3) for result in results}) > 1


def test_the_simulated_cost_is_the_budgets_share_of_the_dearest_row(table):
    assert evaluate(evaluator(table), "tanh", "softplus", budget=0.5).metrics["cost"] == 0.5
    assert evaluate(evaluator(table), "tanh", "identity").metrics["cost"] == pytest.approx(4 / 6)
    assert evaluate(evaluator(table, cost=None), "tanh", "identity", budget=0.25).metrics["cost"] == 0.25


def test_metrics_are_read_from_the_fields_that_are_named(table):
    metrics = evaluate(evaluator(table, metrics={"weights": "params"}), "tanh", "softplus").metrics
    assert metrics["weights"] == 5 and "macs" not in metrics


def test_a_key_can_have_separators_and_answers_that_are_no_words(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({"[1, 2]-8-skip": {"test_acc": 7}}))
    options = Table.Options(path=str(tmp_path), separator="-", cost=None, metrics={})
    genotype = Genotype("any", (("pair", (1, 2)), ("stride", 8), ("op", "skip")))
    assert Table(options).evaluate(Candidate(genotype, no_network)).score == pytest.approx(0.07)


def test_a_genotype_that_the_table_lacks_is_an_error_that_names_both(table):
    with pytest.raises(RunError, match=r"known\.json has no row '0tanh2'.*'layer1': 'gelu'") as caught:
        one = Table(Table.Options(path=str(table), answers={**ANSWERS, "gelu": "tanh2"}))
        one.evaluate(Candidate(chain("identity", "gelu"), no_network))
    assert "its keys are like '00'" in str(caught.value)


def test_a_folder_without_exactly_one_table_is_refused(table):
    (table.parent / "other.json").write_text("{}")
    with pytest.raises(DataError, match=r"found known\.json, other\.json"):
        evaluator(table.parent)
    with pytest.raises(DataError, match="does not exist"):
        evaluator(table.parent / "nowhere")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "holds a list"),
        ("{}", "holds an empty object"),
        ("{", "cannot be read as JSON"),
        ('{"0": 3}', "row '0' is a int"),
        ('{"0": {"acc": 3}}', "has no field 'test_acc'; it has 'acc'"),
        ('{"0": {"test_acc": []}}', "is empty"),
        ('{"0": {"test_acc": ["high"], "params": 1, "flops": 1}}', "is 'high'; expected a finite number"),
        ('{"0": {"test_acc": [1], "params": 1}}', "has no field 'flops'"),
        (
            f'{{"0": {{"test_acc": [{"9" * 400}], "params": 1, "flops": 1}}}}',
            "a number of 400 digits, expected at most",
        ),
        ('{"0": {"test_acc": [1e999], "params": 1, "flops": 1}}', "found 1e999, which is too large for a number"),
        ('{"0": {"test_acc": [1]}, "0": {"test_acc": [2]}}', "the key '0' stands twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_file_and_row(tmp_path, text, reason):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(DataError, match=reason) as caught:
        evaluator(tmp_path)
    assert "bad.json" in str(caught.value)


def test_a_training_that_the_table_lacks_is_refused(table):
    with pytest.raises(DataError, match="choose 0 to 2, 'drawn' or 'mean'"):
        evaluator(table, seed=3)


@pytest.mark.skipif(GIVEN is None, reason="NASFRAME_MACRO names no table")
def test_nas_bench_macro_is_read_with_the_defaults():
    one = Table(Table.Options(path=GIVEN, seed="mean"))
    best = ("mb6_k5", "mb6_k5", "mb6_k5", "mb3_k3", "mb6_k5", "mb6_k5", "mb6_k5", "identity")
    result = one.evaluate(Candidate(chain(*best), no_network))
    assert (round(result.score, 4), result.metrics["params"]) == (0.9313, 1_985_514)
    assert one.record()["rows"] == 6561


def test_the_evaluator_imports_without_torch():
    program = "import sys, nasframe_table.evaluator; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
